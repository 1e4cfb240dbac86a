//! How the attempts of a call share its polls.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::task::Poll;

use futures::FutureExt;
use tokio::task::coop::consume_budget;
use tokio::task::yield_now;
use tokio::time::advance;

use super::*;
use crate::context;
use crate::testing::events;

#[tokio::test(start_paused = true)]
async fn being_woken_for_nothing_makes_no_hedge() {
    let hedger = Hedger::with(after(5));
    let made = Cell::new(0);
    let mut call = pin!(hedger.run(|| {
        made.set(made.get() + 1);
        pending::<io::Result<()>>()
    }));
    for _ in 0..4 {
        assert!(call.as_mut().now_or_never().is_none());
        advance(MS).await;
    }
    assert_eq!(made.get(), 1);
    advance(MS).await;
    for _ in 0..4 {
        assert!(call.as_mut().now_or_never().is_none());
        assert_eq!(made.get(), 2);
    }
}

/// Uses up the budget of its task in every poll.
async fn busy() -> io::Result<&'static str> {
    loop {
        consume_budget().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_attempt_does_not_keep_the_hedge_from_beginning() {
    let hedger = Hedger::with(after(5));
    let made = Cell::new(0);
    let call = hedger.run(|| {
        let attempt = made.replace(made.get() + 1);
        async move {
            if attempt == 0 {
                yield_now().await;
                advance(10 * MS).await;
                return busy().await;
            }
            Ok("hedge")
        }
    });
    assert_eq!(call.await.unwrap(), "hedge");
}

#[tokio::test(start_paused = true)]
async fn a_busy_attempt_does_not_starve_the_others() {
    let hedger = Hedger::with(after(5).max(2));
    let made = Cell::new(0);
    let call = hedger.run(|| {
        let attempt = made.replace(made.get() + 1);
        let made = &made;
        async move {
            // They are busy once all of them are there.
            poll_fn(|_| match made.get() {
                3 => Poll::Ready(()),
                _ => Poll::Pending,
            })
            .await;
            if attempt < 2 {
                return busy().await;
            }
            for _ in 0..20 {
                yield_now().await;
                consume_budget().await;
            }
            Ok("last")
        }
    });
    assert_eq!(call.await.unwrap(), "last");
}

#[tokio::test(start_paused = true)]
async fn the_call_waits_only_if_all_its_attempts_do() {
    let hedger = Hedger::with(after(5));
    for (first_waits, hedge_waits) in [(true, true), (true, false), (false, true), (false, false)] {
        let made = Cell::new(0);
        let mut call = pin!(hedger.run(|| {
            let waits = [first_waits, hedge_waits][made.replace(made.get() + 1)];
            poll_fn(move |_| {
                if waits {
                    context::note_wait();
                }
                Poll::<io::Result<()>>::Pending
            })
        }));
        let mut waited = || {
            let before = context::waits();
            assert!(call.as_mut().now_or_never().is_none());
            context::waits() != before
        };
        assert_eq!(waited(), first_waits);
        advance(5 * MS).await;
        // Also in the poll in which the hedge begins, which polls the first attempt twice.
        for _ in 0..3 {
            assert_eq!(waited(), first_waits && hedge_waits);
        }
        assert_eq!(made.get(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_in_which_one_has_failed_waits_if_the_rest_does() {
    let hedger = Hedger::with(after(5));
    let made = Cell::new(0);
    let mut call = pin!(hedger.run(|| {
        let first = made.replace(made.get() + 1) == 0;
        let made = &made;
        poll_fn(move |_| {
            if first && made.get() == 2 {
                return Poll::Ready(io::Result::<()>::Err(io::ErrorKind::NotFound.into()));
            }
            if !first {
                context::note_wait();
            }
            Poll::Pending
        })
    }));
    assert!(call.as_mut().now_or_never().is_none());
    advance(5 * MS).await;
    let before = context::waits();
    assert!(call.as_mut().now_or_never().is_none());
    assert_ne!(context::waits(), before);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "`HedgeCall` polled after it was ready")]
async fn polled_after_its_end_it_says_so() {
    let hedger = Hedger::with(after(5));
    let mut call = pin!(hedger.run(|| async { io::Result::Ok(()) }));
    assert!(call.as_mut().now_or_never().is_some());
    let _ = call.now_or_never();
}

#[tokio::test(start_paused = true)]
async fn of_two_that_are_ready_at_once_one_wins_and_the_other_is_dropped() {
    let hedger = Hedger::with(after(5));
    let script = Script::new(&[(10, Ok("first")), (5, Ok("hedge"))]);
    let ((outcome, took), events) = events(timed(script.run(&hedger))).await;
    assert_eq!(took, 10 * MS);
    let expected = match outcome.unwrap() {
        "first" => vec![started(1, 5)],
        _ => vec![started(1, 5), won(1)],
    };
    assert_eq!(kinds(&events), expected);
}

/// The room that a hedge takes beside the attempt itself, in bytes.
#[test]
fn the_attempt_is_in_the_call_once() {
    let hedger = Hedger::new();
    let attempt = || async {
        let held = [0_u8; 1024];
        yield_now().await;
        io::Result::Ok(held[0])
    };
    let added = size_of_val(&hedger.run(attempt)) - size_of_val(&attempt());
    assert!(added <= 288, "{added}");
}

#[test]
fn a_call_can_be_sent_if_its_attempts_can() {
    fn is_send(_: &impl Send) {}
    let hedger = Hedger::new();
    is_send(&hedger.run(|| async {
        yield_now().await;
        io::Result::Ok(())
    }));
}
