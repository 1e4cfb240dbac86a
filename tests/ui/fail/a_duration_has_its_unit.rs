use resilient_runtime::{PolicyError, circuit_breaker, retry, timeout};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[retry(delay = 250)]
async fn number() -> Result<(), Down> {
    Ok(())
}

#[retry(delay = "250")]
async fn text() -> Result<(), Down> {
    Ok(())
}

#[retry(max_delay_ms = "1s")]
async fn twice() -> Result<(), Down> {
    Ok(())
}

#[timeout(500)]
async fn positional() -> Result<(), Down> {
    Ok(())
}

#[timeout(ms = "500ms")]
async fn milliseconds() -> Result<(), Down> {
    Ok(())
}

#[timeout("1.5s")]
async fn fraction() -> Result<(), Down> {
    Ok(())
}

#[circuit_breaker(open_for = "5sec")]
async fn unit() -> Result<(), Down> {
    Ok(())
}

#[circuit_breaker(window = 2.0)]
async fn window() -> Result<(), Down> {
    Ok(())
}

fn main() {}
