use resilient_runtime::{PolicyError, circuit_breaker, retry, timeout};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[retry(name = "one", crate = ::resilient_runtime)]
#[timeout(name = "one", crate = resilient_runtime)]
#[circuit_breaker(name = "two")]
async fn get() -> Result<(), Down> {
    Ok(())
}

#[retry(name = "")]
async fn empty() -> Result<(), Down> {
    Ok(())
}

fn main() {}
