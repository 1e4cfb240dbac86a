use std::future::{pending, ready};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Wake;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::{advance, sleep};

use super::*;
use crate::adaptive_concurrency::{AdaptiveConcurrencySettings, LimitUpdate, LimitWindow};
use crate::bulkhead::{Bulkhead, BulkheadSettings};
use crate::error::Decided;
use crate::timeout::Timeout;
use crate::verdict::{Judged, Verdict};

/// Says by its limit what it was told so far: a hundred for each sample, ten for each drop.
struct Tell(u32);

impl LimitAlgorithm for Tell {
    const NEW: Self = Tell(0);

    fn update(&mut self, window: &LimitWindow) -> LimitUpdate {
        self.0 += 100 * window.samples + 10 * window.dropped;
        LimitUpdate::new(self.0.into())
    }
}

type Told = AdaptiveConcurrency<Tell>;
type Answer = Result<(), Failure<&'static str>>;

const SECOND: Duration = Duration::from_secs(1);

async fn sample(limit: &Told) {
    let answer: Answer = limit.call(ready(Ok::<_, Judged<&str>>(()))).await;
    assert!(answer.is_ok());
}

/// What the rule hears of what `make` does, after the sample that begins the window and before the one that finds it over.
async fn heard_of(make: impl AsyncFnOnce(&Told)) -> (u32, u32) {
    let limit = Told::with(AdaptiveConcurrencySettings::new().initial(500));
    sample(&limit).await;
    make(&limit).await;
    assert_eq!(limit.in_flight(), 0, "the place is given back");
    advance(2 * SECOND).await;
    sample(&limit).await;
    let said = limit.limit();
    (said / 100 - 1, said % 100 / 10)
}

const SAMPLE: (u32, u32) = (1, 0);
const DROP: (u32, u32) = (0, 1);
const IGNORED: (u32, u32) = (0, 0);

async fn heard_of_outcome(outcome: Result<(), Verdict>) -> (u32, u32) {
    let outcome = outcome.map_err(|verdict| Judged::new("an error", verdict));
    heard_of(async |limit| {
        let _: Answer = limit.call(ready(outcome)).await;
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn every_answer_is_a_sample_but_overload_is_a_drop() {
    assert_eq!(heard_of_outcome(Ok(())).await, SAMPLE);
    let rows = [
        (ErrorClass::Transient, SAMPLE),
        (ErrorClass::ServerFault, SAMPLE),
        (ErrorClass::CallerFault, SAMPLE),
        (ErrorClass::Overload, DROP),
    ];
    for (class, heard) in rows {
        let verdict = Verdict::of_class(class, None);
        assert_eq!(heard_of_outcome(Err(verdict)).await, heard, "{class:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_ours_is_a_drop_and_other_refusals_are_nothing() {
    let rows = [
        (PolicyErrorKind::TimedOut { after: SECOND }, DROP),
        (
            PolicyErrorKind::CircuitOpen {
                retry_after: SECOND,
            },
            IGNORED,
        ),
        (
            PolicyErrorKind::RateLimited {
                retry_after: SECOND,
            },
            IGNORED,
        ),
        (PolicyErrorKind::BulkheadFull, IGNORED),
        (PolicyErrorKind::ConcurrencyLimited, IGNORED),
        (PolicyErrorKind::FaultInjected, IGNORED),
    ];
    for (kind, heard) in rows {
        let verdict = Verdict::of_policy(kind);
        assert_eq!(heard_of_outcome(Err(verdict)).await, heard, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_says_nothing_of_the_service_is_nothing() {
    let unsent = Verdict::of_decided(Decided {
        kind: PolicyErrorKind::TimedOut { after: SECOND },
        says_nothing: true,
    });
    assert_eq!(heard_of_outcome(Err(unsent)).await, IGNORED);
}

#[tokio::test(start_paused = true)]
async fn a_panic_and_a_caller_who_goes_say_nothing() {
    let heard = heard_of(async |limit| {
        let call = limit.call::<_, (), Judged<&str>>(async { panic!("in the body") });
        assert!(AssertUnwindSafe(call).catch_unwind().await.is_err());
    })
    .await;
    assert_eq!(heard, IGNORED);

    let heard = heard_of(async |limit| {
        let call = limit.call(pending::<Result<(), Judged<&str>>>());
        assert!(tokio::time::timeout(SECOND, call).await.is_err());
    })
    .await;
    assert_eq!(heard, IGNORED);
}

/// A call that begins `before` its limit of two seconds would have it end, and hangs.
async fn heard_of_cut_off(before: Duration) -> (u32, u32) {
    heard_of(async |limit| {
        let late = async {
            sleep(before).await;
            limit.call(pending::<Result<(), Judged<&str>>>()).await
        };
        let outcome: Answer = Timeout::new(2 * SECOND).call(late).await;
        assert!(matches!(outcome, Err(Failure::Policy(_))));
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_call_that_a_timeout_of_ours_drops_is_a_drop_if_it_ran_for_half_of_it() {
    assert_eq!(heard_of_cut_off(Duration::ZERO).await, DROP);
    assert_eq!(heard_of_cut_off(SECOND).await, DROP);
    let just_less = SECOND + Duration::from_millis(1);
    assert_eq!(heard_of_cut_off(just_less).await, IGNORED);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_a_timeout_drops_while_it_only_waited_in_a_layer_of_ours_says_nothing() {
    let inner = Bulkhead::with(BulkheadSettings::new().max_concurrent(1).max_queue(1));
    let _place = inner.try_acquire().unwrap();
    let heard = heard_of(async |limit| {
        let waits = inner.call(ready(Ok::<_, Judged<&str>>(())));
        let outcome = Timeout::new(2 * SECOND).call(limit.call(waits)).await;
        assert!(matches!(outcome, Err(Failure::Policy(_))));
    })
    .await;
    assert_eq!(heard, IGNORED);
}

const ONE: AdaptiveConcurrencySettings = AdaptiveConcurrencySettings::new().initial(1).max(1);

fn hangs(
    limit: &Told,
) -> AdaptiveCall<'_, impl Future<Output = Result<(), Judged<&'static str>>>, Tell> {
    limit.call(pending())
}

#[tokio::test(start_paused = true)]
async fn a_call_above_the_limit_is_refused_and_never_begins() {
    let limit = Told::with(ONE).named("limited");
    let mut first = Box::pin(hangs(&limit));
    assert!(first.as_mut().now_or_never().is_none());
    let call = limit.call::<_, (), Judged<&str>>(async { panic!("it began") });
    let Err(Failure::Policy(refusal)) = call.await else {
        panic!("not refused")
    };
    assert_eq!(refusal.kind(), PolicyErrorKind::ConcurrencyLimited);
    assert_eq!(refusal.site(), "limited");
    drop(first);
    sample(&limit).await;
}

#[tokio::test(start_paused = true)]
async fn who_may_wait_is_let_in_when_a_place_is_free() {
    let limit = Told::with(ONE.max_queue(1));
    let mut first = Box::pin(hangs(&limit));
    assert!(first.as_mut().now_or_never().is_none());
    let mut second = Box::pin(limit.call(ready(Ok::<_, Judged<&str>>(7))));
    assert!(second.as_mut().now_or_never().is_none());
    let third = limit.call(ready(Ok::<_, Judged<&str>>(8))).await;
    assert!(
        matches!(third, Err(Failure::Policy(_))),
        "the queue is full"
    );
    drop(first);
    assert_eq!(second.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_refused() {
    let limit = Told::with(ONE.max_queue(1).max_wait(SECOND));
    let mut first = Box::pin(hangs(&limit));
    assert!(first.as_mut().now_or_never().is_none());
    let began = tokio::time::Instant::now();
    let second = limit.call(ready(Ok::<_, Judged<&str>>(7))).await;
    assert!(matches!(second, Err(Failure::Policy(_))));
    assert_eq!(began.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn the_time_in_the_queue_is_not_part_of_the_sample() {
    struct Latency;

    impl LimitAlgorithm for Latency {
        const NEW: Self = Latency;

        fn update(&mut self, window: &LimitWindow) -> LimitUpdate {
            LimitUpdate::new(window.latency.as_secs_f64())
        }
    }

    let limit = AdaptiveConcurrency::<Latency>::with(ONE.max(1000).max_queue(1));
    let call = || {
        limit.call(async {
            sleep(5 * SECOND).await;
            Ok::<_, Judged<&str>>(())
        })
    };
    let (first, second) = tokio::join!(call(), call());
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(limit.limit(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_raised_by_hand_lets_in_who_waits() {
    let limit = Told::with(ONE.max_queue(1));
    let mut first = Box::pin(hangs(&limit));
    assert!(first.as_mut().now_or_never().is_none());
    let mut second = Box::pin(limit.call(ready(Ok::<_, Judged<&str>>(7))));
    assert!(second.as_mut().now_or_never().is_none());
    limit.set("max", 2.into()).unwrap();
    limit.set("min", 2.into()).unwrap();
    assert_eq!(second.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_queue_tells_the_rule_that_the_limit_was_reached() {
    struct Reached;
    impl LimitAlgorithm for Reached {
        const NEW: Self = Reached;
        fn update(&mut self, window: &LimitWindow) -> LimitUpdate {
            LimitUpdate::new(f64::from(100 + window.refused))
        }
    }
    let settings = AdaptiveConcurrencySettings::new().initial(1).max_queue(5);
    let limit = AdaptiveConcurrency::<Reached>::with(settings);
    let work = || {
        limit.call(async {
            sleep(SECOND / 20).await;
            Ok::<_, Judged<&str>>(())
        })
    };
    let (one, two, three) = tokio::join!(work(), work(), work());
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    advance(2 * SECOND).await;
    assert!(work().await.is_ok());
    assert_eq!(limit.limit(), 102);
}

/// One at a time, until it is reset.
struct Shrink;

impl LimitAlgorithm for Shrink {
    const NEW: Self = Shrink;

    fn update(&mut self, _window: &LimitWindow) -> LimitUpdate {
        LimitUpdate::new(1.0)
    }
}

#[tokio::test(start_paused = true)]
async fn a_reset_lets_in_who_waits() {
    let settings = AdaptiveConcurrencySettings::new().initial(2).max_queue(1);
    let limit = AdaptiveConcurrency::<Shrink>::with(settings);
    while limit.limit() > 1 {
        limit.try_acquire().unwrap().record(LimitOutcome::Sample);
        advance(SECOND).await;
    }
    let _first = limit.try_acquire().unwrap();
    let mut second = Box::pin(limit.call(ready(Ok::<_, Judged<&str>>(7))));
    assert!(second.as_mut().now_or_never().is_none());
    limit.reset();
    assert_eq!(second.now_or_never().unwrap().unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_woken_by_a_new_limit_may_come_back_to_it_at_once() {
    struct Grow;

    impl LimitAlgorithm for Grow {
        const NEW: Self = Grow;

        fn update(&mut self, _window: &LimitWindow) -> LimitUpdate {
            LimitUpdate::new(2.0)
        }
    }

    struct Reset(Arc<AdaptiveConcurrency<Grow>>);

    impl Wake for Reset {
        fn wake(self: Arc<Self>) {
            self.0.reset();
        }
    }

    let limit = Arc::new(AdaptiveConcurrency::<Grow>::with(
        ONE.max(1000).max_queue(1),
    ));
    limit.try_acquire().unwrap().record(LimitOutcome::Sample);
    let first = limit.try_acquire().unwrap();
    let mut second = Box::pin(limit.call(ready(Ok::<_, Judged<&str>>(7))));
    let waker = Arc::new(Reset(Arc::clone(&limit))).into();
    assert!(
        second
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    advance(2 * SECOND).await;
    // Ends the window, so that there is room for two.
    first.record(LimitOutcome::Sample);
    assert_eq!(second.now_or_never().unwrap().unwrap(), 7);
}
