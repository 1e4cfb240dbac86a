use resilient_runtime::{PolicyError, circuit_breaker};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[circuit_breaker(open_for = "10s", open_max = "5s")]
async fn capped() -> Result<(), Down> {
    Ok(())
}

#[circuit_breaker(slow_call_rate = 0.5)]
async fn never_slow() -> Result<(), Down> {
    Ok(())
}

fn main() {}
