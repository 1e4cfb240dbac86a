//! What a call does.

use futures::FutureExt;
use std::future::{pending, ready};
use std::io::ErrorKind::{ConnectionReset, NotFound, TimedOut};

use tokio::time::Instant;

use super::*;
use crate::testing::events;
use crate::timeout::Timeout;
use crate::verdict::Failure;

/// There is no runtime here, and so no timer.
#[test]
fn a_call_that_is_ready_at_once_is_made_once_and_needs_no_timer() {
    for settings in [after(5), after(0), MEASURED] {
        let hedger = Hedger::with(settings);
        let script = Script::new(&[(0, Ok("a"))]);
        assert_eq!(script.run(&hedger).now_or_never(), Some(Ok("a")));
        assert_eq!(script.made.get(), 1);
        let script = Script::new(&[(0, Err(NotFound))]);
        assert_eq!(script.run(&hedger).now_or_never(), Some(Err(NotFound)));
    }
}

#[test]
fn a_call_that_cannot_be_hedged_arms_no_timer() {
    for settings in [Hedge::new(), after(5).budget(0.0)] {
        let hedger = Hedger::with(settings);
        let call = hedger.run(pending::<io::Result<()>>);
        assert!(call.now_or_never().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn beside_a_slow_attempt_another_is_made_and_the_first_success_counts() {
    let hedger = Hedger::with(after(5));
    let script = Script::new(&[(100, Ok("first")), (3, Ok("hedge"))]);
    let ((outcome, took), events) = events(timed(script.run(&hedger))).await;
    assert_eq!((outcome, took), (Ok("hedge"), 8 * MS));
    assert_eq!(kinds(&events), [started(1, 5), won(1)]);
    assert_eq!(events[0].site(), "hedge");
}

#[tokio::test(start_paused = true)]
async fn a_fast_attempt_is_not_hedged() {
    let hedger = Hedger::with(after(5));
    let script = Script::new(&[(4, Ok("first"))]);
    let ((outcome, took), events) = events(timed(script.run(&hedger))).await;
    assert_eq!((outcome, took), (Ok("first"), 4 * MS));
    assert_eq!(kinds(&events), []);
}

#[tokio::test(start_paused = true)]
async fn the_first_attempt_may_still_win() {
    let hedger = Hedger::with(after(5)).named("reads");
    let script = Script::new(&[(7, Ok("first")), (100, Ok("hedge"))]);
    let ((outcome, took), events) = events(timed(script.run(&hedger))).await;
    assert_eq!((outcome, took), (Ok("first"), 7 * MS));
    assert_eq!(kinds(&events), [started(1, 5)]);
    assert_eq!(events[0].site(), "reads");
}

#[tokio::test(start_paused = true)]
async fn an_error_before_there_is_a_hedge_comes_back_at_once() {
    let hedger = Hedger::with(after(5));
    let script = Script::new(&[(3, Err(NotFound))]);
    let (outcome, took) = timed(script.run(&hedger)).await;
    assert_eq!((outcome, took), (Err(NotFound), 3 * MS));
    assert_eq!(script.made.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_error_beside_an_attempt_that_runs_is_not_the_outcome() {
    let hedger = Hedger::with(after(5));
    let script = Script::new(&[(7, Err(NotFound)), (10, Ok("hedge"))]);
    let (outcome, took) = timed(script.run(&hedger)).await;
    assert_eq!((outcome, took), (Ok("hedge"), 15 * MS));
    let script = Script::new(&[(20, Ok("first")), (1, Err(NotFound))]);
    let (outcome, took) = timed(script.run(&hedger)).await;
    assert_eq!((outcome, took), (Ok("first"), 20 * MS));
    assert_eq!(script.made.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn when_all_have_failed_the_last_error_is_the_outcome() {
    let hedger = Hedger::with(after(5));
    let script = Script::new(&[(20, Err(NotFound)), (1, Err(ConnectionReset))]);
    let (outcome, took) = timed(script.run(&hedger)).await;
    assert_eq!((outcome, took), (Err(NotFound), 20 * MS));
    let script = Script::new(&[(7, Err(NotFound)), (10, Err(ConnectionReset))]);
    let (outcome, took) = timed(script.run(&hedger)).await;
    assert_eq!((outcome, took), (Err(ConnectionReset), 15 * MS));
}

#[tokio::test(start_paused = true)]
async fn each_hedge_comes_as_long_after_the_one_before_as_that_after_the_first() {
    let hedger = Hedger::with(after(5).max(3));
    let script = Script::new(&[
        (100, Ok("first")),
        (100, Ok("one")),
        (7, Err(TimedOut)),
        (100, Ok("three")),
    ]);
    let ((outcome, took), events) = events(timed(script.run(&hedger))).await;
    assert_eq!((outcome, took), (Ok("first"), 100 * MS));
    assert_eq!(
        kinds(&events),
        [started(1, 5), started(2, 5), started(3, 5)]
    );

    let script = Script::new(&[(100, Ok("first")), (100, Ok("one")), (1, Ok("two"))]);
    let ((outcome, took), events) = self::events(timed(script.run(&hedger))).await;
    assert_eq!((outcome, took), (Ok("two"), 11 * MS));
    assert_eq!(kinds(&events)[1..], [started(2, 5), won(2)]);
}

#[tokio::test(start_paused = true)]
async fn hedges_go_on_when_the_first_attempt_has_failed() {
    let hedger = Hedger::with(after(5).max(2));
    let script = Script::new(&[(7, Err(NotFound)), (100, Ok("one")), (1, Ok("two"))]);
    let (outcome, took) = timed(script.run(&hedger)).await;
    assert_eq!((outcome, took), (Ok("two"), 11 * MS));
}

#[tokio::test(start_paused = true)]
async fn a_hedge_that_is_ready_at_once_wins_at_once() {
    let hedger = Hedger::with(after(5));
    let script = Script::new(&[(100, Ok("first")), (0, Ok("hedge"))]);
    let (outcome, took) = timed(script.run(&hedger)).await;
    assert_eq!((outcome, took), (Ok("hedge"), 5 * MS));
    let script = Script::new(&[(100, Ok("first")), (0, Err(NotFound))]);
    let (outcome, took) = timed(script.run(&hedger)).await;
    assert_eq!((outcome, took), (Ok("first"), 100 * MS));
}

#[tokio::test(start_paused = true)]
async fn the_time_counts_from_the_first_poll() {
    let hedger = Hedger::with(after(5));
    let script = Script::new(&[(100, Ok("first")), (0, Ok("hedge"))]);
    let call = script.run(&hedger);
    sleep(50 * MS).await;
    let (_, took) = timed(call).await;
    assert_eq!(took, 5 * MS);
    // What the first poll takes is part of it.
    let made = Cell::new(0);
    let call = hedger.run(|| {
        let first = made.replace(made.get() + 1) == 0;
        async move {
            if first {
                tokio::time::advance(20 * MS).await;
                pending::<()>().await;
            }
            io::Result::Ok(())
        }
    });
    let (_, took) = timed(call).await;
    assert_eq!(took, 20 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_percentile_of_the_calls_before_is_waited_for() {
    let hedger = Hedger::with(Hedge::new().min_samples(20));
    assert_eq!(hedger.delay(), None);
    for _ in 0..20 {
        let script = Script::new(&[(10, Ok("first"))]);
        assert_eq!(script.run(&hedger).await, Ok("first"));
    }
    let delay = hedger.delay().unwrap();
    assert!((10 * MS..11 * MS).contains(&delay), "{delay:?}");
    let script = Script::new(&[(100, Ok("first")), (3, Ok("hedge"))]);
    let (outcome, took) = timed(script.run(&hedger)).await;
    assert_eq!(outcome, Ok("hedge"));
    // Timers are exact to a millisecond.
    assert!((13 * MS..=14 * MS).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_budget_does_not_have_is_withheld() {
    let hedger = Hedger::with(after(5));
    let hang = || {
        let script: &[_] = &[(50, Ok("first")), (10, Ok("hedge"))];
        script
    };
    // Those that were saved up; half a one is what these have earned.
    for _ in 0..5 {
        assert_eq!(Script::new(hang()).run(&hedger).await, Ok("hedge"));
    }
    let script = Script::new(hang());
    let ((outcome, took), events) = events(timed(script.run(&hedger))).await;
    assert_eq!((outcome, took), (Ok("first"), 50 * MS));
    assert_eq!(kinds(&events), [withheld(Withheld::Budget)]);
    assert_eq!(script.made.get(), 1);
    let mut hedged = 0;
    for _ in 0..99 {
        hedged += u32::from(Script::new(hang()).run(&hedger).await == Ok("hedge"));
    }
    assert_eq!(hedged, 10);
}

#[tokio::test(start_paused = true)]
async fn a_budget_of_nothing_makes_no_hedge() {
    let hedger = Hedger::with(after(5).budget(0.0));
    let script = Script::new(&[(50, Ok("first"))]);
    let ((outcome, took), events) = events(timed(script.run(&hedger))).await;
    assert_eq!((outcome, took), (Ok("first"), 50 * MS));
    assert_eq!(kinds(&events), []);
}

#[tokio::test(start_paused = true)]
async fn no_hedge_is_made_that_the_deadline_would_come_before() {
    let hedger = Hedger::with(after(5).max(3));
    let made = Cell::new(0);
    let mut hedges = Vec::new();
    for limit in [4, 5, 6, 10, 11] {
        made.set(0);
        let call = hedger.run(|| {
            made.set(made.get() + 1);
            pending::<io::Result<()>>()
        });
        let outcome = Timeout::new(limit * MS).call(call).await;
        assert!(matches!(outcome, Err(Failure::Policy(_))));
        hedges.push((limit, made.get() - 1));
    }
    assert_eq!(hedges, [(4, 0), (5, 0), (6, 1), (10, 1), (11, 2)]);
}

#[tokio::test(start_paused = true)]
async fn no_hedge_is_made_after_a_deadline_that_the_timer_was_too_late_for() {
    let hedger = Hedger::with(after(5));
    let script = Script::new(&[(100, Ok("first")), (0, Ok("hedge"))]);
    let mut call = std::pin::pin!(crate::with_deadline(
        Instant::now() + 10 * MS,
        script.run(&hedger)
    ));
    assert!(call.as_mut().now_or_never().is_none());
    tokio::time::advance(20 * MS).await;
    let ((outcome, _), events) = events(timed(call)).await;
    assert_eq!(outcome, Ok("first"));
    assert_eq!(kinds(&events), []);
}

#[tokio::test(start_paused = true)]
async fn a_time_without_end_is_never_over() {
    let hedger = Hedger::with(Hedge::new().after(HedgeAfter::Fixed(Duration::MAX)));
    let script = Script::new(&[(100_000, Ok("first"))]);
    assert_eq!(script.run(&hedger).await, Ok("first"));
}

#[tokio::test(start_paused = true)]
async fn settings_that_are_replaced_hold_from_the_next_call() {
    let hedger = Hedger::with(after(5));
    let attempts = [(50, Ok("first")), (1, Ok("hedge"))];
    let script = Script::new(&attempts);
    let mut call = std::pin::pin!(timed(script.run(&hedger)));
    assert!(call.as_mut().now_or_never().is_none());
    hedger.set("after", (20 * MS).into()).unwrap();
    assert_eq!(call.await, (Ok("hedge"), 6 * MS));
    let (outcome, took) = timed(Script::new(&attempts).run(&hedger)).await;
    assert_eq!((outcome, took), (Ok("hedge"), 21 * MS));
    hedger.unset("after").unwrap();
    let (outcome, took) = timed(Script::new(&attempts).run(&hedger)).await;
    assert_eq!((outcome, took), (Ok("hedge"), 6 * MS));
    assert_eq!(hedger.delay(), Some(5 * MS));
}

#[tokio::test(start_paused = true)]
async fn each_test_has_a_state_of_its_own() {
    static HEDGER: Hedger = Hedger::with(MEASURED);
    for _ in 0..2 {
        crate::testing::isolated(async {
            assert_eq!(HEDGER.delay(), None);
            HEDGER.run(|| ready(io::Result::Ok(()))).await.unwrap();
            assert!(HEDGER.delay().is_some());
        })
        .await;
    }
    assert_eq!(HEDGER.delay(), None);
}

#[test]
fn a_simulation_drives_it_in_a_time_of_its_own() {
    let hedger = Hedger::with(Hedge::new().min_samples(2));
    hedger.record(10 * MS);
    hedger.record_at_least(50 * MS);
    assert_eq!(hedger.delay(), None);
    hedger.record(20 * MS);
    assert!((20 * MS..22 * MS).contains(&hedger.delay().unwrap()));
    hedger.record_at_least(50 * MS);
    assert!((50 * MS..54 * MS).contains(&hedger.delay().unwrap()));
    let hedges = |tries| (0..tries).filter(|_| hedger.try_hedge()).count();
    assert_eq!(hedges(11), 5);
    for _ in 0..10 {
        hedger.begin_at(Instant::now());
    }
    assert_eq!(hedges(2), 1);
}

#[test]
fn it_is_shown_with_its_settings_and_the_delay_in_force() {
    let shown = format!("{:?}", Hedger::with(after(5)).named("reads"));
    assert!(
        shown.contains("\"reads\"") && shown.contains("delay: Some(5ms)"),
        "{shown}"
    );
    let hedger = Hedger::default();
    let call = hedger.run(|| ready(io::Result::Ok(())));
    assert_eq!(format!("{call:?}"), "HedgeCall { hedges: 0, .. }");
}
