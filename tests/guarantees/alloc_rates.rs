//! A rate limit allocates nothing for a call that it admits, nor for one that it refuses.

mod allocating;

use allocating::{Refused, assert_allocates_nothing};
use futures::FutureExt as _;
use resilient_runtime::{RateLimiter, rate_limit};

#[rate_limit(per_second = 1_000_000_000, max_wait = "1s")]
async fn limited(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

#[rate_limit(per_second = 1_000_000_000, key = number, cost = 2)]
async fn keyed(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

static SPENT: RateLimiter = RateLimiter::new(1, std::time::Duration::from_secs(86_400));

#[rate_limit(state = SPENT)]
async fn refused(number: u8) -> Result<u8, Refused> {
    Ok(number)
}

#[test]
fn a_permit_allocates_nothing() {
    assert_allocates_nothing("own", || {
        assert_eq!(limited(1).now_or_never(), Some(Ok(1)));
    });
    assert_allocates_nothing("keyed", || {
        assert_eq!(keyed(1).now_or_never(), Some(Ok(1)));
    });
}

#[test]
fn a_refusal_allocates_nothing() {
    assert_allocates_nothing("refused", || {
        let _ = SPENT.try_acquire();
        assert!(refused(1).now_or_never().unwrap().is_err());
    });
}
