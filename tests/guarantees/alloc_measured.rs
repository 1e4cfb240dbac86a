//! Nothing is allocated on the success path, nor for a refusal, where calls are measured. In a process of its own, for
//! that is for good.

mod allocating;

use allocating::{Refused, assert_allocates_nothing};
use futures::FutureExt as _;
use resilient_runtime::{
    CircuitBreaker, Count, adaptive_concurrency, bulkhead, circuit_breaker, fallback, rate_limit,
    registry, retry, timeout,
};

#[fallback(value = Ok(0), when = |_| true)]
#[timeout("2s")]
#[retry(count = 3)]
#[timeout(ms = 500)]
#[circuit_breaker(slow_call = "1s")]
#[rate_limit(per_second = 1_000_000_000)]
#[bulkhead]
#[adaptive_concurrency(side = "server", name = "stack")]
async fn stack(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

static OPEN: CircuitBreaker = CircuitBreaker::new();

#[fallback(value = Ok(0))]
#[retry(count = 3)]
#[circuit_breaker(state = OPEN, name = "refused")]
async fn refused(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

fn counted(site: &str, count: Count) -> u64 {
    registry().site(site).unwrap().stats().count(count)
}

#[test]
fn to_count_and_to_time_a_call_allocates_nothing() {
    registry().measure();
    assert_allocates_nothing("eight layers", || {
        assert_eq!(stack(7).now_or_never(), Some(Ok(7)));
    });
    assert_eq!(counted("stack", Count::CallSucceeded), 1001);

    OPEN.force_open();
    assert_allocates_nothing("a refusal, and a fallback's answer", || {
        assert_eq!(refused(7).now_or_never(), Some(Ok(0)));
    });
    assert_eq!(counted("refused", Count::FallbackSucceeded), 1001);
}
