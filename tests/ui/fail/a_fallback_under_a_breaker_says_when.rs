use resilient_runtime::{PolicyError, circuit_breaker, fallback, timeout};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[circuit_breaker]
#[fallback(value = Ok(()))]
#[timeout]
async fn never_opens() -> Result<(), Down> {
    Ok(())
}

#[circuit_breaker]
#[timeout]
#[fallback(value = Ok(()))]
async fn opens_when_slow() -> Result<(), Down> {
    Ok(())
}

#[circuit_breaker(slow_call = "1s")]
#[fallback(value = Ok(()))]
async fn opens_when_slow_too() -> Result<(), Down> {
    Ok(())
}

fn main() {}
