use resilient_runtime::{PolicyError, hedge, resilient, timeout};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[timeout("1s")]
#[hedge("1s")]
async fn of_all() -> Result<(), Down> {
    Ok(())
}

#[resilient(hedge(after_ms = 500), circuit_breaker, timeout(ms = 200))]
async fn of_an_attempt() -> Result<(), Down> {
    Ok(())
}

fn main() {}
