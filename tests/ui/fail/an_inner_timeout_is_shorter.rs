use resilient_runtime::{PolicyError, resilient, retry, timeout};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[timeout("1s")]
#[retry]
#[timeout(ms = 1000)]
async fn as_long() -> Result<(), Down> {
    Ok(())
}

#[timeout(ms = 500)]
#[timeout]
async fn by_default() -> Result<(), Down> {
    Ok(())
}

#[resilient(timeout("10s"), timeout("5s"), timeout("7s"))]
async fn of_three() -> Result<(), Down> {
    Ok(())
}

fn main() {}
