#![deny(warnings)]

//! The names of the attributes are free for arguments.

use std::io;
use std::time::Duration;

use resilient_runtime::{
    CircuitBreaker, RateLimiter, adaptive_concurrency, bulkhead, circuit_breaker, fallback, fault, rate_limit, resilient,
    retry, timeout,
};

type Answer = io::Result<u64>;

#[fallback(value = Ok(fallback))]
#[retry(count = retry)]
#[timeout(after = timeout)]
#[circuit_breaker(state = circuit_breaker)]
#[rate_limit(state = rate_limit)]
#[bulkhead(key = bulkhead)]
#[adaptive_concurrency(side = "client", key = adaptive_concurrency)]
#[fault(error_rate = fault)]
async fn all(
    fallback: u64,
    retry: u32,
    timeout: Duration,
    circuit_breaker: &CircuitBreaker,
    rate_limit: &RateLimiter,
    bulkhead: &str,
    adaptive_concurrency: u8,
    fault: f64,
) -> Answer {
    let _: (u32, Duration, &str) = (retry, timeout, bulkhead);
    let _: (&CircuitBreaker, &RateLimiter, u8, f64) = (circuit_breaker, rate_limit, adaptive_concurrency, fault);
    Ok(fallback)
}

struct Client;

impl Client {
    #[retry]
    #[resilient_runtime::timeout(after = timeout)]
    #[resilient(bulkhead)]
    async fn method(&self, timeout: Duration, resilient: u64) -> Answer {
        let _: Duration = timeout;
        Ok(resilient)
    }
}

#[resilient(retry(count = retry), timeout(after = timeout))]
impl Client {
    async fn handed(&self, retry: u32, timeout: Duration) -> Answer {
        let _: (u32, Duration) = (retry, timeout);
        Ok(1)
    }

    #[timeout(after = timeout)]
    async fn own(&self, timeout: Duration) -> Answer {
        let _: Duration = timeout;
        Ok(1)
    }

    #[resilient(skip)]
    async fn skipped(&self, resilient: u64) -> Answer {
        Ok(resilient)
    }
}

fn main() {
    let second = Duration::from_secs(1);
    drop(all(1, 1, second, &CircuitBreaker::new(), &RateLimiter::per_second(1), "", 1, 0.1));
    drop(Client.method(second, 1));
    drop(Client.handed(1, second));
    drop(Client.own(second));
    drop(Client.skipped(1));
}
