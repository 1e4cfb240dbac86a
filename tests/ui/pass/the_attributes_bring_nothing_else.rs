#![deny(warnings)]

use resilient_runtime::{circuit_breaker, fallback, resilient, retry, timeout};
use tokio::time::timeout;

mod fallback {
    pub fn answer() -> Result<u32, std::io::Error> {
        Ok(1)
    }
}

mod circuit_breaker {}
mod resilient {}

fn retry() {}

#[fallback(value = fallback::answer())]
#[resilient(retry(count = 2), timeout("1s"))]
#[circuit_breaker]
async fn all() -> Result<u32, std::io::Error> {
    Ok(0)
}

#[retry]
#[timeout("1s")]
async fn two() -> Result<u32, std::io::Error> {
    Ok(0)
}

fn main() {
    retry();
    let _ = (all(), two());
    let _ = |future: std::future::Ready<()>| timeout(std::time::Duration::ZERO, future);
}
