//! Nothing is allocated on the success path, nor for a refusal.

mod allocating;

use std::io;
use std::time::Duration;

use allocating::{Refused, assert_allocates_nothing};
use futures::FutureExt as _;
use resilient_runtime::{
    CircuitBreaker, Hedger, PolicyErrorKind, Retry, RetryBudget, Timeout, circuit_breaker,
    fallback, hedge, retry, timeout,
};

#[fallback(value = Ok(0), when = |_| true)]
#[timeout("2s")]
#[retry(count = 3)]
#[timeout(ms = 500)]
#[circuit_breaker]
async fn stack(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

#[retry(count = 3)]
#[timeout(ms = 500)]
#[circuit_breaker(window = 100)]
async fn counted(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

static BUDGET: RetryBudget = RetryBudget::new();

#[timeout("2s")]
#[retry(budget = BUDGET)]
#[hedge("p95", max = 2)]
#[timeout(ms = 500)]
async fn hedged(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

#[hedge(after_ms = 20)]
#[retry(key = number)]
#[circuit_breaker]
async fn keyed(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

static OPEN: CircuitBreaker = CircuitBreaker::new();

#[retry(count = 3)]
#[circuit_breaker(state = OPEN)]
async fn refused(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

#[test]
fn a_success_allocates_nothing() {
    assert_allocates_nothing("five layers", || {
        assert_eq!(stack(7).now_or_never().unwrap().unwrap(), 7);
    });
    assert_allocates_nothing("a window of calls", || {
        assert_eq!(counted(7).now_or_never().unwrap().unwrap(), 7);
    });
    assert_allocates_nothing("a hedge that is not needed, and a shared budget", || {
        assert_eq!(hedged(7).now_or_never().unwrap().unwrap(), 7);
    });
    assert_allocates_nothing("a fixed hedge, and a budget of a key", || {
        assert_eq!(keyed(7).now_or_never().unwrap().unwrap(), 7);
    });
}

#[test]
fn a_success_by_hand_allocates_nothing() {
    static BREAKER: CircuitBreaker = CircuitBreaker::new();
    static HEDGER: Hedger = Hedger::new();
    assert_allocates_nothing("by hand", || {
        let call = || BREAKER.call(async { Ok::<_, io::Error>(7) });
        let call = Retry::new(3).run(|| Timeout::new(Duration::from_secs(1)).call(call()));
        assert_eq!(call.now_or_never().unwrap().unwrap(), 7);
        let call = HEDGER.run(|| async { Ok::<_, io::Error>(7) });
        assert_eq!(call.now_or_never().unwrap().unwrap(), 7);
    });
}

#[test]
fn a_refusal_allocates_nothing() {
    OPEN.force_open();
    assert_allocates_nothing("an open breaker", || {
        let refusal = refused(7).now_or_never().unwrap();
        let kind = PolicyErrorKind::CircuitOpen {
            retry_after: Duration::MAX,
        };
        assert_eq!(refusal, Err(Refused(kind)));
    });
}
