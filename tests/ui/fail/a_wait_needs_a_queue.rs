use resilient_runtime::{PolicyError, adaptive_concurrency, bulkhead};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[bulkhead(max_concurrent = 5, max_wait = "1s")]
async fn no_queue() -> Result<(), Down> {
    Ok(())
}

#[adaptive_concurrency(side = "server", max_queue = 0, max_wait_ms = 50)]
async fn a_queue_of_none() -> Result<(), Down> {
    Ok(())
}

#[bulkhead(max_queue = 10, max_wait = "0s")]
async fn no_wait() -> Result<(), Down> {
    Ok(())
}

fn main() {}
