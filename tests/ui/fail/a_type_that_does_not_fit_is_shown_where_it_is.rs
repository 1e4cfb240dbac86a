use resilient_runtime::{RateLimiter, bulkhead, fault, rate_limit};

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

fn main() {}
