use resilient_runtime::{PolicyError, circuit_breaker};

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

#[async_trait::async_trait]
trait Get {
    async fn get(&self) -> Result<(), Down>;
}

#[async_trait::async_trait]
impl Get for Client {
    #[circuit_breaker(failure_rate = self.rate)]
    async fn get(&self) -> Result<(), Down> {
        Ok(())
    }
}

fn main() {}
