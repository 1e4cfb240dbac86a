use resilient_runtime::{PolicyError, Retry, circuit_breaker, retry, timeout};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

struct Client {
    rate: f64,
}

impl Client {
    const RATE: f64 = 0.5;

    #[circuit_breaker(failure_rate = self.rate)]
    async fn of_self(&self) -> Result<(), Down> {
        Ok(())
    }

    #[circuit_breaker(failure_rate = Self::RATE)]
    async fn of_the_type() -> Result<(), Down> {
        Ok(())
    }
}

#[circuit_breaker(min_calls = calls, window = CALLS)]
async fn of_an_argument<const CALLS: u32>(calls: u32) -> Result<(), Down> {
    let _ = calls;
    Ok(())
}

#[retry(policy = policy)]
#[timeout(name = policy)]
async fn policy(policy: Retry) -> Result<(), Down> {
    let _ = policy;
    Ok(())
}

fn main() {}
