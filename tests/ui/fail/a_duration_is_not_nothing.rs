use resilient_runtime::{PolicyError, circuit_breaker, timeout};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[timeout(ms = 0)]
async fn timeout() -> Result<(), Down> {
    Ok(())
}

#[circuit_breaker(window = "0s", open_for_ms = 0)]
async fn breaker() -> Result<(), Down> {
    Ok(())
}

fn main() {}
