use resilient_runtime::{CircuitBreaker, PolicyError, circuit_breaker};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

static SHARED: CircuitBreaker = CircuitBreaker::new();

#[circuit_breaker(state = SHARED, failure_rate = 0.5, name = "fine", on_change = log, when = |_| true)]
async fn shared() -> Result<(), Down> {
    Ok(())
}

fn main() {}
