use resilient_runtime::{PolicyError, circuit_breaker, resilient};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[circuit_breaker(scope = "impl")]
async fn of_a_function() -> Result<(), Down> {
    Ok(())
}

struct Client;

impl Client {
    #[resilient(circuit_breaker(scope = "method"))]
    async fn of_a_method(&self) -> Result<(), Down> {
        Ok(())
    }
}

fn main() {}
