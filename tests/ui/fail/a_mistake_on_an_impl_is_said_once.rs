use resilient_runtime::{PolicyError, circuit_breaker, resilient};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

struct Client<T>(T);

#[resilient(circuit_breaker(failure_rate = 60, policy = Self::POLICY), timeout("5s"), timeout("6s"))]
impl<T> Client<T> {
    async fn get(&self) -> Result<(), Down> {
        Ok(())
    }

    #[circuit_breaker]
    async fn put(&self) -> Result<(), Down> {
        Ok(())
    }

    #[resilient(skip)]
    async fn ping(&self) {}
}

fn main() {}
