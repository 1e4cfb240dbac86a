use resilient_runtime::{RateLimiter, adaptive_concurrency, bulkhead, fault, rate_limit, resilient};

static SHARED: RateLimiter = RateLimiter::per_second(5);

#[rate_limit(state = SHARED, cost = items)]
async fn of_another_type(items: &[u8]) -> std::io::Result<()> {
    let _ = items;
    Ok(())
}

#[bulkhead(state = SHARED)]
async fn of_another_layer() -> std::io::Result<()> {
    Ok(())
}

#[fault(error = 7)]
async fn of_another_error() -> std::io::Result<()> {
    Ok(())
}

struct NoKey;

#[rate_limit(per_second = 5, key = key)]
async fn of_no_key(key: NoKey) -> std::io::Result<()> {
    let _ = key;
    Ok(())
}

#[adaptive_concurrency(algorithm = NoKey, key = key)]
async fn of_no_algorithm(key: u8) -> std::io::Result<()> {
    let _ = key;
    Ok(())
}

struct Server;

#[resilient(adaptive_concurrency(algorithm = Vec<u8>))]
impl Server {
    async fn of_no_algorithm(&self) -> std::io::Result<()> {
        Ok(())
    }
}

fn main() {}
