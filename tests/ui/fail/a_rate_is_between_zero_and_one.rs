use resilient_runtime::{PolicyError, circuit_breaker, retry};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[circuit_breaker(failure_rate = 60)]
async fn percent() -> Result<(), Down> {
    Ok(())
}

#[circuit_breaker(slow_call = "1s", slow_call_rate = -0.1)]
async fn negative() -> Result<(), Down> {
    Ok(())
}

#[retry(jitter = 1.5)]
async fn jitter() -> Result<(), Down> {
    Ok(())
}

#[retry(factor = 0.5)]
async fn shrinking() -> Result<(), Down> {
    Ok(())
}

fn main() {}
