//! A call that has waited for its turn does not begin when its time is over, however late that is noticed.

mod common;

use std::future::pending;
use std::time::Duration;

use common::{Calls, Error, ms};
use futures::FutureExt;
use resilient_runtime::{
    AdaptiveConcurrency, AdaptiveConcurrencySettings, Bulkhead, BulkheadSettings, PolicyErrorKind,
    RateLimiter, RateLimiterSettings, Timeout, adaptive_concurrency, bulkhead, rate_limit, spawn,
    timeout, with_deadline,
};
use tokio::time::{Instant, advance, sleep};

/// A test that would hang fails.
async fn in_an_hour<T>(call: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(ms(3_600_000), call).await;
    ended.expect("it ends")
}

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
    assert!(in_an_hour(call).await.is_err());
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

/// What becomes of a call that waits, and after how long, where nobody drops it at its deadline: in 100 ms, told
/// by `with_deadline`; the same in a task; and in a task of a call that a timeout has cut off.
async fn left_alone<F>(ask: impl Fn() -> F) -> [(Option<PolicyErrorKind>, Duration); 3]
where
    F: Future<Output = Result<usize, Error>> + Send + 'static,
{
    async fn seen(
        call: impl Future<Output = Result<usize, Error>>,
    ) -> (Option<PolicyErrorKind>, Duration) {
        let began = Instant::now();
        let refused = in_an_hour(call).await.expect_err("it is refused");
        (refused.kind(), began.elapsed())
    }

    let in_time = || Instant::now() + ms(100);
    let told = seen(with_deadline(in_time(), ask())).await;
    let in_task = with_deadline(in_time(), async { spawn(ask()).await.unwrap() });
    let in_task = seen(in_task).await;
    let outlives = async {
        let mut task = None;
        let call = Timeout::new(ms(100)).call(async {
            task = Some(spawn(ask()));
            pending::<Result<(), Error>>().await
        });
        assert!(call.await.is_err());
        task.unwrap().await.unwrap()
    };
    [told, in_task, seen(outlives).await]
}

#[tokio::test(start_paused = true)]
async fn a_queue_of_a_bulkhead_is_left_at_a_deadline_that_cuts_nothing_off() {
    static PLACES: Bulkhead =
        Bulkhead::with(BulkheadSettings::new().max_concurrent(1).max_queue(1));

    #[bulkhead(state = PLACES)]
    async fn ask() -> Result<usize, Error> {
        Ok(1)
    }

    let place = PLACES.try_acquire().unwrap();
    let refused = (Some(PolicyErrorKind::BulkheadFull), ms(100));
    assert_eq!(left_alone(ask).await, [refused; 3]);
    assert_eq!((PLACES.in_use(), PLACES.waiting()), (1, 0));
    drop(place);
    assert_eq!(ask().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_queue_under_an_adaptive_limit_is_left_at_a_deadline_that_cuts_nothing_off() {
    static LIMIT: AdaptiveConcurrency = AdaptiveConcurrency::with(
        AdaptiveConcurrencySettings::new()
            .initial(1)
            .max(1)
            .max_queue(1),
    );

    #[adaptive_concurrency(state = LIMIT)]
    async fn ask() -> Result<usize, Error> {
        Ok(1)
    }

    let permit = LIMIT.try_acquire().unwrap();
    let refused = (Some(PolicyErrorKind::ConcurrencyLimited), ms(100));
    assert_eq!(left_alone(ask).await, [refused; 3]);
    drop(permit);
    assert_eq!(LIMIT.in_flight(), 0);
    assert_eq!(ask().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_place_that_was_given_too_late_where_nothing_cuts_off_goes_to_the_next() {
    static PLACES: Bulkhead =
        Bulkhead::with(BulkheadSettings::new().max_concurrent(1).max_queue(1));

    #[bulkhead(state = PLACES)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }

    let calls = Calls::new();
    let place = PLACES.try_acquire().unwrap();
    let call = with_deadline(Instant::now() + ms(100), ask(&calls));
    is_late(call, || drop(place), &calls).await;
    assert_eq!((PLACES.in_use(), PLACES.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_the_timer_brings_too_late_where_nothing_cuts_off_is_not_used_up() {
    static RATE: RateLimiter = RateLimiter::with(
        RateLimiterSettings::new(1, Duration::from_micros(99_200))
            .burst(1)
            .max_wait(ms(1000)),
    );

    #[rate_limit(state = RATE)]
    async fn ask() -> Result<usize, Error> {
        Ok(1)
    }

    // Due at 99.2 ms, and at 99.6 it is too late: there is no tick of the timer in between.
    let just_late = || Instant::now() + Duration::from_micros(99_600);
    let refused = Some(PolicyErrorKind::RateLimited {
        retry_after: Duration::ZERO,
    });
    for in_task in [false, true] {
        RATE.try_acquire().unwrap();
        let began = Instant::now();
        let call = with_deadline(just_late(), async {
            match in_task {
                false => ask().await,
                true => spawn(ask()).await.unwrap(),
            }
        });
        assert_eq!(in_an_hour(call).await.unwrap_err().kind(), refused);
        assert_eq!(began.elapsed(), ms(100));
        assert_eq!((RATE.available(), RATE.snapshot().waiting), (1, 0));
        sleep(ms(100)).await;
    }
}
