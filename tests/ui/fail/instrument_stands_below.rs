use resilient_runtime::{CircuitBreaker, PolicyError, circuit_breaker, fallback, retry};

#[tracing::instrument]
#[retry]
async fn owned(key: String) -> Result<(), ()> {
    drop(key);
    Ok(())
}

#[tracing::instrument]
#[retry]
async fn exclusive(seen: &mut u32) -> Result<(), ()> {
    *seen += 1;
    Ok(())
}

struct Client {
    breaker: CircuitBreaker,
}

impl Client {
    #[tracing::instrument(skip_all)]
    #[circuit_breaker(state = self.breaker)]
    async fn get(&mut self) -> Result<(), PolicyError> {
        Ok(())
    }
}

#[tracing::instrument]
#[fallback(value = Ok(drop(key)))]
async fn answered(key: String) -> Result<(), ()> {
    drop(key);
    Err(())
}

fn main() {}
