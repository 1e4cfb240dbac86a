use resilient_runtime::{adaptive_concurrency, bulkhead, circuit_breaker, fault, rate_limit};

#[bulkhead(max_queue = "x", max_wait = "1s")]
async fn queue() -> std::io::Result<()> {
    Ok(())
}

#[bulkhead(max_concurrent = 0, cost = 11)]
async fn places() -> std::io::Result<()> {
    Ok(())
}

#[bulkhead(max_concurent = 20, cost = 11)]
async fn misspelled_places() -> std::io::Result<()> {
    Ok(())
}

#[adaptive_concurrency(side = "server", max = 0, min = 5000)]
async fn limits() -> std::io::Result<()> {
    Ok(())
}

#[adaptive_concurrency(sides = "server", max = 5)]
async fn side() -> std::io::Result<()> {
    Ok(())
}

#[rate_limit(per_second = 1, ky = 4, max_keys = 3)]
async fn key() -> std::io::Result<()> {
    Ok(())
}

#[rate_limit(per_second = 0.5)]
async fn fraction() -> std::io::Result<()> {
    Ok(())
}

#[rate_limit(per_second = 2, burst = "5", cost = 3)]
async fn burst() -> std::io::Result<()> {
    Ok(())
}

#[fault(latncy = "1s", latency_rate = 0.5)]
async fn latency() -> std::io::Result<()> {
    Ok(())
}

#[circuit_breaker(slow_cal = "1s", slow_call_rate = 0.5)]
async fn slow_call() -> std::io::Result<()> {
    Ok(())
}

fn main() {}
