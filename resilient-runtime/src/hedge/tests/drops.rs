//! What is measured, and what becomes of those that lose.

use std::future::pending;
use std::io::ErrorKind::NotFound;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::rc::Rc;

use futures::FutureExt;
use tokio::time::{advance, timeout};

use super::*;
use crate::timeout::Timeout;

/// All samples are of this length at first.
const USUAL: Duration = Duration::from_millis(10);

/// One that has measured a few usual calls: fewer than one in twenty would change what it says.
fn measured() -> Hedger {
    let hedger = Hedger::with(Hedge::new().min_samples(10));
    for _ in 0..10 {
        hedger.record(USUAL);
    }
    hedger
}

/// Whether it knows of a call that took longer than the usual ones.
fn knows_of_a_longer_one(hedger: &Hedger) -> bool {
    hedger.delay().unwrap() > 11 * MS
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_first_attempt_that_succeeds_is_measured() {
    let hedger = measured();
    let script = Script::new(&[(11, Ok("first")), (100, Ok("hedge"))]);
    for _ in 0..11 {
        let script = Script::new(script.attempts);
        assert_eq!(script.run(&hedger).await, Ok("first"));
    }
    hedger.set("after", "p50".into()).unwrap();
    let median = hedger.delay().unwrap();
    assert!((11 * MS..12 * MS).contains(&median), "{median:?}");
}

#[tokio::test(start_paused = true)]
async fn errors_are_not_measured() {
    let hedger = measured();
    for _ in 0..3 {
        let script = Script::new(&[(100, Err(NotFound)), (200, Err(NotFound))]);
        assert_eq!(script.run(&hedger).await, Err(NotFound));
    }
    assert!(!knows_of_a_longer_one(&hedger));
    // Nor is the hedge that succeeds where the first attempt failed.
    let script = Script::new(&[(20, Err(NotFound)), (50, Ok("hedge"))]);
    assert_eq!(script.run(&hedger).await, Ok("hedge"));
    assert!(!knows_of_a_longer_one(&hedger));
}

#[tokio::test(start_paused = true)]
async fn a_first_attempt_that_a_limit_inside_ends_took_its_age_at_least() {
    let limit = Timeout::new(100 * MS);
    for (hedge, wins) in [(500, false), (50, true)] {
        let hedger = measured();
        let times = [1_000, hedge];
        let made = Cell::new(0);
        let call = hedger.run(|| {
            let ms = times[made.replace(made.get() + 1)];
            limit.call(async move {
                sleep(Duration::from_millis(ms)).await;
                io::Result::Ok(())
            })
        });
        assert_eq!(call.await.is_ok(), wins);
        assert!(knows_of_a_longer_one(&hedger), "{hedge}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_attempt_that_a_hedge_has_overtaken_took_its_age_at_least() {
    let hedger = measured();
    let script = Script::new(&[(1_000, Ok("first")), (50, Ok("hedge"))]);
    assert_eq!(script.run(&hedger).await, Ok("hedge"));
    let delay = hedger.delay().unwrap();
    assert!((60 * MS..67 * MS).contains(&delay), "{delay:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_took_its_age_at_least_once_that_is_beyond_the_percentile() {
    for (age, counts) in [(9, false), (100, true)] {
        let hedger = measured();
        let script = Script::new(&[(1_000, Ok("first")), (1_000, Ok("hedge"))]);
        assert!(timeout(age * MS, script.run(&hedger)).await.is_err());
        assert_eq!(knows_of_a_longer_one(&hedger), counts, "at {age} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_after_its_end_is_measured_once() {
    let hedger = Hedger::with(Hedge::new().min_samples(2));
    let mut call = Box::pin(hedger.run(|| async {
        sleep(MS).await;
        io::Result::Ok(())
    }));
    call.as_mut().await.unwrap();
    advance(100 * MS).await;
    drop(call);
    assert_eq!(hedger.delay(), None);
    hedger.record(MS);
    assert!(hedger.delay().is_some_and(|delay| delay < 2 * MS));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_never_polled_was_not_made() {
    let hedger = Hedger::with(after(5));
    let spent = (0..5).filter(|_| hedger.try_hedge()).count();
    assert_eq!(spent, 5);
    for _ in 0..100 {
        drop(hedger.run(|| -> std::future::Ready<io::Result<()>> { unreachable!() }));
    }
    assert!(!hedger.try_hedge());
}

#[tokio::test(start_paused = true)]
async fn a_panic_goes_on_and_says_nothing() {
    // In the first attempt, in the hedge, and in what makes the hedge.
    for panics in [0, 1, 2] {
        let hedger = measured();
        let made = Cell::new(0);
        let alive = Rc::new(());
        let call = hedger.run(|| {
            let attempt = made.replace(made.get() + 1);
            if attempt == 1 && panics == 2 {
                resume_unwind(Box::new("boom"));
            }
            let alive = Rc::clone(&alive);
            async move {
                sleep(20 * MS).await;
                if attempt == panics {
                    resume_unwind(Box::new("boom"));
                }
                drop(alive);
                pending::<io::Result<()>>().await
            }
        });
        let caught = AssertUnwindSafe(call).catch_unwind().await;
        assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "boom");
        assert!(!knows_of_a_longer_one(&hedger));
        assert_eq!(Rc::strong_count(&alive), 1);
    }
}

/// One that makes a note when it is dropped.
fn noted(drops: &Rc<Cell<u32>>) -> impl Drop + use<> {
    struct Note(Rc<Cell<u32>>);
    impl Drop for Note {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    Note(Rc::clone(drops))
}

#[tokio::test(start_paused = true)]
async fn those_that_lose_are_dropped_before_the_outcome_is_returned() {
    for winner in 0..=2 {
        let hedger = Hedger::with(after(5).max(2));
        let drops = Rc::new(Cell::new(0));
        let made = Cell::new(0);
        let mut call = Box::pin(hedger.run(|| {
            let (attempt, note) = (made.replace(made.get() + 1), noted(&drops));
            async move {
                sleep(20 * MS).await;
                if attempt != winner {
                    pending::<()>().await;
                }
                drop(note);
                io::Result::Ok(attempt)
            }
        }));
        assert_eq!(call.as_mut().await.unwrap(), winner);
        assert_eq!(drops.get(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_has_failed_is_dropped_while_the_others_run() {
    let hedger = Hedger::with(after(5));
    let drops = Rc::new(Cell::new(0));
    let made = Cell::new(0);
    let mut call = std::pin::pin!(hedger.run(|| {
        let (attempt, note) = (made.replace(made.get() + 1), noted(&drops));
        let mut steps = Box::pin(async move {
            sleep([10, 20][attempt] * MS).await;
            drop(note);
            io::Result::<()>::Err(NotFound.into())
        });
        // What is dropped with it is not what is dropped at its end.
        let note = noted(&drops);
        std::future::poll_fn(move |cx| {
            let _ = &note;
            steps.as_mut().poll(cx)
        })
    }));
    assert!(timeout(15 * MS, call.as_mut()).await.is_err());
    assert_eq!(drops.get(), 2);
    assert!(call.await.is_err());
    assert_eq!(drops.get(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_drops_all_its_attempts() {
    let hedger = Hedger::with(after(5).max(2));
    let drops = Rc::new(Cell::new(0));
    for (ms, attempts) in [(1, 1), (6, 2), (11, 3)] {
        drops.set(0);
        let call = hedger.run(|| {
            let note = noted(&drops);
            async move {
                pending::<()>().await;
                drop(note);
                io::Result::Ok(())
            }
        });
        assert!(timeout(ms * MS, call).await.is_err());
        assert_eq!(drops.get(), attempts);
    }
}
