use resilient_runtime::{PolicyError, circuit_breaker, retry, timeout};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[retry(cuont = 3, max_delay_msec = 10)]
async fn near() -> Result<(), Down> {
    Ok(())
}

#[retry(max_attempts = 3)]
async fn of_another_library() -> Result<(), Down> {
    Ok(())
}

#[circuit_breaker(colour = "red")]
async fn far() -> Result<(), Down> {
    Ok(())
}

#[timeout(secs)]
async fn bare() -> Result<(), Down> {
    Ok(())
}

fn main() {}
