//! Every call is counted once, however it ends, and none is lost.

mod common;
mod watched;

use std::panic::AssertUnwindSafe;
use std::thread;

use common::{Error, breaker, ms};
use futures::FutureExt as _;
use resilient_runtime::Count::*;
use resilient_runtime::{
    BreakerState, Count, SiteStats, Timing, bulkhead, circuit_breaker, fallback, rate_limit,
    registry, retry, testing, timeout,
};
use tokio::time::{advance, sleep};
use watched::watch;

type Outcome = Result<u32, Error>;

#[tokio::test(start_paused = true)]
async fn a_call_succeeds_or_fails_and_the_caller_may_be_at_fault() {
    #[timeout("1s", name = "ends")]
    async fn ask(outcome: Outcome) -> Outcome {
        sleep(ms(20)).await;
        outcome
    }

    let mut site = watch("ends");
    let _ = ask(Ok(1)).await;
    assert_eq!(site.times()[0], (Timing::Call, 1, ms(20)));
    assert_eq!(site.counts(), [(CallSucceeded, 1), (TimeoutKept, 1)]);
    let _ = ask(Err(Error::Transient)).await;
    assert_eq!(site.counts(), [(CallFailed, 1), (TimeoutKept, 1)]);
    let _ = ask(Err(Error::CallerFault)).await;
    assert_eq!(
        site.counts(),
        [(CallFailed, 1), (CallerAtFault, 1), (TimeoutKept, 1)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_was_in_flight_and_is_not_timed() {
    #[retry(name = "dropped")]
    async fn ask() -> Outcome {
        std::future::pending().await
    }

    let mut site = watch("dropped");
    drop(ask());
    let mut first = Box::pin(ask());
    let mut second = Box::pin(ask());
    assert_eq!(site.now().in_flight(), 0, "none was polled");
    assert!(first.as_mut().now_or_never().is_none());
    assert!(second.as_mut().now_or_never().is_none());
    assert_eq!(site.now().in_flight(), 2);
    drop(first);
    assert_eq!(site.now().in_flight(), 1);
    drop(second);
    assert_eq!(site.now().in_flight(), 0);
    assert_eq!(site.times(), []);
    assert_eq!(site.counts(), [(CallDropped, 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_end_of_its_own_wherever_it_is() {
    #[fallback(value = if body { Ok(1) } else { panic!("in the fallback") }, name = "panics")]
    #[bulkhead]
    async fn ask(body: bool) -> Outcome {
        if body {
            panic!("in the body")
        }
        Err(Error::Transient)
    }

    let mut site = watch("panics");
    for body in [true, false] {
        let call = AssertUnwindSafe(ask(body)).catch_unwind();
        assert!(call.await.is_err());
    }
    assert_eq!(site.now().in_flight(), 0);
    assert_eq!(site.times(), [(Timing::BulkheadHeld, 2, ms(0))]);
    let expected = [(CallPanicked, 2), (FallbackUsed, 1), (BulkheadAdmitted, 2)];
    assert_eq!(site.counts(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_fallback_answers_well_or_not_outermost_or_inside() {
    async fn other(outcome: Outcome, _error: Error) -> Outcome {
        outcome
    }
    #[fallback(with = other, name = "outermost")]
    async fn outermost(_other: Outcome) -> Outcome {
        Err(Error::Transient)
    }
    #[timeout("1s", name = "inside")]
    #[fallback(value = other)]
    async fn inside(other: Outcome) -> Outcome {
        Err(Error::Transient)
    }
    #[fallback(value = Ok(1), when_ok = |value| *value == 0, name = "not needed")]
    async fn not_needed(outcome: Outcome) -> Outcome {
        outcome
    }

    let mut site = watch("outermost");
    let _ = outermost(Ok(1)).await;
    let well = [(FallbackUsed, 1), (FallbackSucceeded, 1)];
    assert_eq!(site.counts(), [&[(CallSucceeded, 1)], &well[..]].concat());
    // The caller was at fault in what it answers, and that is not for it to say.
    let _ = outermost(Err(Error::CallerFault)).await;
    let badly = [(FallbackUsed, 1), (FallbackFailed, 1)];
    assert_eq!(site.counts(), [&[(CallFailed, 1)], &badly[..]].concat());

    let mut site = watch("inside");
    let _ = inside(Ok(1)).await;
    let kept = [(TimeoutKept, 1)];
    assert_eq!(
        site.counts(),
        [&[(CallSucceeded, 1)], &well[..], &kept].concat()
    );
    let _ = inside(Err(Error::Transient)).await;
    assert_eq!(
        site.counts(),
        [&[(CallFailed, 1)], &badly[..], &kept].concat()
    );

    let mut site = watch("not needed");
    let _ = not_needed(Ok(1)).await;
    assert_eq!(site.counts(), [(CallSucceeded, 1)]);
    let _ = not_needed(Ok(0)).await;
    assert_eq!(site.counts(), [&[(CallSucceeded, 1)], &well[..]].concat());
}

#[tokio::test(start_paused = true)]
async fn a_key_for_which_there_is_no_place_is_counted() {
    #[rate_limit(permits = 1, per = "1h", key = key, max_keys = 1, name = "keys")]
    async fn ask(key: u32) -> Outcome {
        Ok(key)
    }

    let mut site = watch("keys");
    let _ = ask(1).await;
    assert_eq!(site.counts(), [(CallSucceeded, 1), (RateLimitAdmitted, 1)]);
    let _ = ask(2).await;
    let expected = [
        (CallSucceeded, 1),
        (KeysExhausted, 1),
        (RateLimitAdmitted, 1),
    ];
    assert_eq!(site.counts(), expected);
}

fn calls(stats: &SiteStats) -> u64 {
    let ends = [CallSucceeded, CallFailed, CallDropped, CallPanicked];
    ends.iter().map(|end| stats.count(*end)).sum()
}

#[test]
fn over_a_breakers_changes_on_many_threads_no_call_is_lost() {
    #[timeout("1h", name = "many")]
    #[circuit_breaker(consecutive_failures = 3, open_for_ms = 1)]
    async fn ask(call: u32) -> Outcome {
        tokio::task::yield_now().await;
        match call % 7 {
            0..4 => Err(Error::Transient),
            4 => Err(Error::Overload(None)),
            _ => Ok(call),
        }
    }
    const THREADS: u32 = 4;
    const EACH: u32 = 5_000;

    let mut site = watch("many");
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let mut runtime = tokio::runtime::Builder::new_current_thread();
                runtime.enable_time().build().unwrap().block_on(async {
                    for call in 0..EACH {
                        if (call + thread) % 50 == 0 {
                            breaker("many").reset();
                        }
                        // One in some is dropped.
                        let mut call = Box::pin(ask(call));
                        if call.as_mut().now_or_never().is_none() && thread > 0 {
                            let _ = call.await;
                        }
                    }
                });
            });
        }
    });

    let all = u64::from(THREADS * EACH);
    let stats = site.now();
    let count = |counts: &[Count]| counts.iter().map(|one| stats.count(*one)).sum::<u64>();
    assert_eq!(calls(&stats), all);
    assert_eq!(stats.in_flight(), 0);
    let admitted = [BreakerSucceeded, BreakerFailed, BreakerNeutral];
    assert_eq!(count(&admitted) + count(&[BreakerRefused]), all);
    assert_eq!(
        stats.latencies(Timing::Call).count() + count(&[CallDropped]),
        all
    );
    assert_eq!(count(&[TimeoutKept, CallDropped]), all);
    assert!(
        count(&[BreakerOpened]) > 0 && count(&[BreakerRefused]) > 0,
        "it was open"
    );
    // It opens as often as it is closed again, but for the last time.
    let open = u64::from(breaker("many").state() != BreakerState::Closed);
    assert_eq!(count(&[BreakerOpened]), count(&[BreakerClosed]) + open);
    assert!(!site.counts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_test_in_a_world_of_its_own_has_books_of_its_own() {
    #[timeout("1s", name = "world")]
    async fn ask() -> Outcome {
        Ok(1)
    }

    let mut site = watch("world");
    let _ = ask().await;
    testing::isolated(async {
        let stats = || registry().site("world").unwrap().stats();
        assert_eq!(stats().count(CallSucceeded), 0);
        let _ = ask().await;
        let _ = ask().await;
        assert_eq!(stats().count(CallSucceeded), 2);
        let mut dropped = Box::pin(ask());
        let _ = dropped.as_mut().now_or_never();
    })
    .await;
    assert_eq!(site.counts(), [(CallSucceeded, 1), (TimeoutKept, 1)]);
}

#[tokio::test(start_paused = true)]
async fn counts_survive_what_is_reset_changed_or_switched() {
    #[circuit_breaker(name = "survives", consecutive_failures = 1)]
    async fn ask(outcome: Outcome) -> Outcome {
        outcome
    }

    let site = watch("survives");
    let _ = ask(Err(Error::Transient)).await;
    breaker("survives").reset();
    let layer = common::layer("survives", resilient_runtime::LayerKind::CircuitBreaker);
    layer.set("window", 10_u32.into()).unwrap();
    layer.set_enabled(false);
    let _ = ask(Err(Error::Transient)).await;
    layer.set_enabled(true);
    advance(ms(3_600_000)).await;
    let _ = ask(Ok(1)).await;
    let stats = site.now();
    assert_eq!(calls(&stats), 3);
    let counted = [
        BreakerFailed,
        BreakerSucceeded,
        BreakerOpened,
        BreakerClosed,
    ];
    assert_eq!(counted.map(|count| stats.count(count)), [1, 1, 1, 1]);
}
