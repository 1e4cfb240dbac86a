//! A call that has waited for its turn does not begin when its time is over, however late that is noticed.

mod common;

use common::{Calls, Error, ms};
use futures::FutureExt;
use resilient_runtime::{
    AdaptiveConcurrency, AdaptiveConcurrencySettings, Bulkhead, BulkheadSettings, RateLimiter,
    RateLimiterSettings, adaptive_concurrency, bulkhead, rate_limit, timeout,
};
use tokio::time::advance;

/// Leaves `call`, which waits, unpolled until its time is over and its turn has come by `makes_room`.
async fn is_late(
    call: impl Future<Output = Result<usize, Error>>,
    makes_room: impl FnOnce(),
    calls: &Calls,
) {
    let mut call = Box::pin(call);
    assert!(call.as_mut().now_or_never().is_none());
    advance(ms(150)).await;
    makes_room();
    assert!(call.await.is_err());
    assert_eq!(calls.count(), 0, "it began");
}

#[tokio::test(start_paused = true)]
async fn a_place_in_a_bulkhead_that_comes_too_late_is_not_used() {
    static PLACES: Bulkhead =
        Bulkhead::with(BulkheadSettings::new().max_concurrent(1).max_queue(1));

    #[timeout(ms = 100)]
    #[bulkhead(state = PLACES)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }

    let calls = Calls::new();
    let place = PLACES.try_acquire().unwrap();
    is_late(ask(&calls), || drop(place), &calls).await;
    assert_eq!((PLACES.in_use(), PLACES.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_place_under_an_adaptive_limit_that_comes_too_late_is_not_used() {
    static LIMIT: AdaptiveConcurrency = AdaptiveConcurrency::with(
        AdaptiveConcurrencySettings::new()
            .initial(1)
            .max(1)
            .max_queue(1),
    );

    #[timeout(ms = 100)]
    #[adaptive_concurrency(state = LIMIT)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }

    let calls = Calls::new();
    let permit = LIMIT.try_acquire().unwrap();
    is_late(ask(&calls), || drop(permit), &calls).await;
    assert_eq!(LIMIT.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_comes_too_late_is_not_used_up() {
    static RATE: RateLimiter = RateLimiter::with(
        RateLimiterSettings::per_second(10)
            .burst(1)
            .max_wait(ms(1000)),
    );

    #[timeout(ms = 110)]
    #[rate_limit(state = RATE)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }

    let calls = Calls::new();
    RATE.try_acquire().unwrap();
    is_late(ask(&calls), || (), &calls).await;
    assert_eq!(RATE.available(), 1);
}
