use resilient_runtime::{PolicyError, bulkhead, rate_limit};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[rate_limit(per_second = 10, cost = 11)]
async fn above_the_rate() -> Result<(), Down> {
    Ok(())
}

#[rate_limit(per_second = 10, burst = 5, cost = 6)]
async fn above_the_burst() -> Result<(), Down> {
    Ok(())
}

#[bulkhead(max_concurrent = 2, cost = 3)]
async fn above_the_places() -> Result<(), Down> {
    Ok(())
}

fn main() {}
