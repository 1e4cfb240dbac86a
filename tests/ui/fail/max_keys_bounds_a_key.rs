use resilient_runtime::{PolicyError, circuit_breaker, rate_limit};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[circuit_breaker(max_keys = 10)]
async fn no_key() -> Result<(), Down> {
    Ok(())
}

#[circuit_breaker(key = host, max_keys = 0)]
async fn none(host: &str) -> Result<(), Down> {
    let _ = host;
    Ok(())
}

#[rate_limit(state = SHARED, key = host, max_keys = 10, max_wait = "1s", cost = 2)]
async fn shared(host: &str) -> Result<(), Down> {
    let _ = host;
    Ok(())
}

fn main() {}
