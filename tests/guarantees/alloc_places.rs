//! Bulkheads allocate nothing on the success path, nor for a refusal; faults nothing while
//! they are off.

use std::io;

use allocation_counter::measure;
use futures::FutureExt as _;
use resilient_runtime::{
    Bulkhead, Fault, FaultInjector, PolicyError, PolicyErrorKind, bulkhead, carry,
};

#[derive(Debug, PartialEq)]
struct Refused(PolicyErrorKind);

impl From<PolicyError> for Refused {
    fn from(error: PolicyError) -> Self {
        Self(error.kind())
    }
}

#[bulkhead(max_queue = 10, max_wait = "1s")]
async fn limited(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

#[bulkhead(key = number, cost = 2)]
async fn keyed(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

static FULL: Bulkhead = Bulkhead::new(1);

#[bulkhead(state = FULL)]
async fn refused(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

#[track_caller]
fn assert_allocates_nothing(name: &str, mut call: impl FnMut()) {
    // What the first call sets up may be allocated.
    call();
    let allocated = measure(|| {
        for _ in 0..1000 {
            call();
        }
    });
    assert_eq!(allocated.count_total, 0, "{name}: {allocated:?}");
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
