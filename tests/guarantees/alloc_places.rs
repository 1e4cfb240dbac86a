//! Bulkheads and adaptive limits allocate nothing on the success path, nor for a refusal; faults nothing while
//! they are off.

mod allocating;

use std::io;

use allocating::{Refused, assert_allocates_nothing};
use futures::FutureExt as _;
use resilient_runtime::{
    AdaptiveConcurrency, AdaptiveConcurrencySettings, Bulkhead, Fault, FaultInjector,
    PolicyErrorKind, adaptive_concurrency, bulkhead, carry,
};

#[bulkhead(max_queue = 10, max_wait = "1s")]
async fn limited(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

#[bulkhead(key = number, cost = 2)]
async fn keyed(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

static FULL: Bulkhead = Bulkhead::new(1);

#[adaptive_concurrency(side = "server", max_queue = 10, max_wait = "1s")]
async fn adaptive(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

static REACHED: AdaptiveConcurrency =
    AdaptiveConcurrency::with(AdaptiveConcurrencySettings::new().initial(1).max(1));

#[adaptive_concurrency(state = REACHED)]
async fn above_the_limit(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

#[bulkhead(state = FULL)]
async fn refused(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

#[test]
fn a_place_allocates_nothing() {
    assert_allocates_nothing("own", || {
        assert_eq!(limited(1).now_or_never(), Some(Ok(1)));
    });
    assert_allocates_nothing("keyed", || {
        assert_eq!(keyed(1).now_or_never(), Some(Ok(1)));
    });
    assert_allocates_nothing("by hand", || {
        drop(FULL.try_acquire());
    });
}

#[test]
fn a_refusal_allocates_nothing() {
    let _place = FULL.try_acquire();
    assert_allocates_nothing("full", || {
        let full = Refused(PolicyErrorKind::BulkheadFull);
        assert_eq!(refused(1).now_or_never(), Some(Err(full)));
    });
}

#[test]
fn faults_that_are_off_allocate_nothing() {
    static STORE: FaultInjector = FaultInjector::new(Fault::new().error_rate(1.0));
    assert_allocates_nothing("off", || {
        let call = STORE.call(async { Ok::<_, io::Error>(1) });
        assert_eq!(call.now_or_never().unwrap().unwrap(), 1);
    });
}

#[test]
fn carrying_outside_of_a_bulkhead_allocates_nothing() {
    assert_allocates_nothing("carry", || drop(carry(1)));
}

#[test]
fn a_place_under_an_adaptive_limit_allocates_nothing() {
    assert_allocates_nothing("adaptive", || {
        assert_eq!(adaptive(1).now_or_never(), Some(Ok(1)));
    });
    let _place = REACHED.try_acquire();
    assert_allocates_nothing("above the limit", || {
        let limited = Refused(PolicyErrorKind::ConcurrencyLimited);
        assert_eq!(above_the_limit(1).now_or_never(), Some(Err(limited)));
    });
}
