use std::time::Duration;

use resilient_runtime::{adaptive_concurrency, bulkhead, rate_limit};

const NONE: u32 = 0;
const NEVER: Duration = Duration::ZERO;

#[rate_limit(permits = NONE, per = NEVER)]
async fn no_rate() -> std::io::Result<()> {
    Ok(())
}

#[bulkhead(max_concurrent = NONE, key = host, max_keys = NONE)]
async fn no_place(host: &str) -> std::io::Result<()> {
    let _ = host;
    Ok(())
}

#[adaptive_concurrency(side = "server", max = NONE)]
async fn no_limit<T>(_: T) -> std::io::Result<()> {
    Ok(())
}

struct Server;

#[resilient_runtime::resilient(rate_limit(per_second = NONE))]
impl Server {
    async fn get(&self) -> std::io::Result<()> {
        Ok(())
    }

    async fn put(&self) -> std::io::Result<()> {
        Ok(())
    }
}

fn main() {}
