//! The paths: one trivial function under each layer, as a user writes it.

use resilient_runtime::{
    PolicyError, adaptive_concurrency, bulkhead, circuit_breaker, fallback, fault, hedge,
    rate_limit, retry, timeout,
};

#[derive(Debug)]
pub(crate) struct Failed;

impl From<PolicyError> for Failed {
    fn from(_: PolicyError) -> Self {
        Failed
    }
}

/// One number in this many fails.
pub(crate) const FAILS: u64 = 16;

fn answer(number: u64) -> Result<u64, Failed> {
    if number.is_multiple_of(FAILS) {
        Err(Failed)
    } else {
        Ok(number)
    }
}

pub(crate) async fn bare(number: u64) -> Result<u64, Failed> {
    answer(number)
}

#[retry]
pub(crate) async fn retried(number: u64) -> Result<u64, Failed> {
    answer(number)
}

#[timeout]
pub(crate) async fn timed(number: u64) -> Result<u64, Failed> {
    answer(number)
}

#[circuit_breaker(window = 1000)]
pub(crate) async fn breaker_of_calls(number: u64) -> Result<u64, Failed> {
    answer(number)
}

#[circuit_breaker(window = "1h")]
pub(crate) async fn breaker_of_time(number: u64) -> Result<u64, Failed> {
    answer(number)
}

#[circuit_breaker(consecutive_failures = 5)]
pub(crate) async fn breaker_of_runs(number: u64) -> Result<u64, Failed> {
    answer(number)
}

#[circuit_breaker(consecutive_failures = 1, open_for = "1h")]
pub(crate) async fn open(number: u64) -> Result<u64, Failed> {
    answer(number)
}

#[rate_limit(per_second = 1_000_000_000)]
pub(crate) async fn limited(number: u64) -> Result<u64, Failed> {
    answer(number)
}

#[rate_limit(per_second = 1_000_000_000, key = number / 2 % 64)]
pub(crate) async fn limited_by_key(number: u64) -> Result<u64, Failed> {
    answer(number)
}

#[bulkhead]
pub(crate) async fn bulkheaded(number: u64) -> Result<u64, Failed> {
    answer(number)
}

#[adaptive_concurrency(side = "server")]
pub(crate) async fn adaptive(number: u64) -> Result<u64, Failed> {
    answer(number)
}

#[fault(error = Failed, latency = "1s")]
pub(crate) async fn faulty(number: u64) -> Result<u64, Failed> {
    answer(number)
}

#[fallback(value = Ok(0))]
pub(crate) async fn with_fallback(number: u64) -> Result<u64, Failed> {
    answer(number)
}

#[hedge(after = "1s")]
pub(crate) async fn hedged(number: u64) -> Result<u64, Failed> {
    answer(number)
}

#[retry]
#[timeout]
#[circuit_breaker]
#[bulkhead]
#[rate_limit(per_second = 1_000_000_000)]
pub(crate) async fn stacked(number: u64) -> Result<u64, Failed> {
    answer(number)
}
