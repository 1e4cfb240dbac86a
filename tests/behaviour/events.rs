//! Every decision is an event, in order, with the name of its site.

mod common;

use std::sync::{Arc, Mutex};

use common::{Calls, Error, breaker, fail, ms};
use resilient_runtime::{
    BreakerState, Cause, ErrorClass, Event, EventKind, PolicyErrorKind, StopReason,
    circuit_breaker, fallback, observe, retry, testing, timeout,
};
use tokio::time::sleep;

/// What was decided, and nothing of where.
fn kinds(events: &[Event]) -> Vec<EventKind> {
    events.iter().map(|event| event.kind().clone()).collect()
}

const TRANSIENT: Option<Cause> = Some(Cause::Error(ErrorClass::Transient));

#[tokio::test(start_paused = true)]
async fn a_call_that_succeeds_at_once_decides_nothing() {
    #[fallback(value = Ok(99))]
    #[retry]
    #[timeout]
    #[circuit_breaker]
    async fn ask() -> Result<u32, Error> {
        sleep(ms(1)).await;
        Ok(1)
    }

    let (outcome, events) = testing::events(ask()).await;
    assert_eq!((outcome, events), (Ok(1), Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_each_pause_and_the_success_that_ends_them() {
    #[retry(
        name = "in the end",
        count = 5,
        backoff = "linear",
        delay_ms = 10,
        jitter = "none"
    )]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        match calls.note() {
            1 => Err(Error::Transient),
            2 => Err(Error::Overload(None)),
            call => Ok(call),
        }
    }

    let calls = Calls::new();
    let (_, events) = testing::events(ask(&calls)).await;
    let overload = Some(Cause::Error(ErrorClass::Overload));
    assert_eq!(
        kinds(&events),
        [
            EventKind::AttemptFailed {
                attempt: 1,
                cause: TRANSIENT
            },
            EventKind::RetryScheduled {
                attempt: 2,
                delay: ms(10)
            },
            EventKind::AttemptFailed {
                attempt: 2,
                cause: overload
            },
            EventKind::RetryScheduled {
                attempt: 3,
                delay: ms(20)
            },
            EventKind::RetrySucceeded { attempt: 3 },
        ]
    );
    assert!(events.iter().all(|event| event.site() == "in the end"));
}

#[tokio::test(start_paused = true)]
async fn why_there_are_no_more_attempts() {
    #[timeout(ms = 10_000)]
    #[retry(
        count = 2, backoff = "constant", delay = ms(delay), jitter = "none",
        max_delay = "20s", max_elapsed = "5s", when_ok = |value| *value == 0
    )]
    async fn ask(delay: u64, outcome: &Result<u32, Error>) -> Result<u32, Error> {
        outcome.clone()
    }
    async fn why(delay: u64, outcome: Result<u32, Error>) -> (u32, StopReason) {
        let (_, events) = testing::events(ask(delay, &outcome)).await;
        match kinds(&events)[..] {
            [.., EventKind::RetryStopped { attempts, why }] => (attempts, why),
            ref other => panic!("{other:?}"),
        }
    }

    assert_eq!(
        why(1, Err(Error::Transient)).await,
        (2, StopReason::Exhausted)
    );
    assert_eq!(why(1, Ok(0)).await, (2, StopReason::Exhausted));
    assert_eq!(
        why(1, Err(Error::CallerFault)).await,
        (1, StopReason::NotRetried)
    );
    assert_eq!(
        why(5001, Err(Error::Transient)).await,
        (1, StopReason::Elapsed)
    );
    assert_eq!(
        why(10_000, Err(Error::Transient)).await,
        (1, StopReason::Deadline)
    );
    let never = Error::Overload(Some(ms(20_001)));
    assert_eq!(why(1, Err(never)).await, (1, StopReason::RetryAfterTooLong));
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_rejected_has_no_cause() {
    #[fallback(value = Ok(99), when_ok = |value| *value == 0)]
    #[retry(count = count, when_ok = |value| *value == 0)]
    async fn ask(count: u32) -> Result<u32, Error> {
        Ok(0)
    }

    let (outcome, events) = testing::events(ask(1)).await;
    assert_eq!(outcome, Ok(99));
    assert_eq!(
        kinds(&events),
        [
            EventKind::AttemptFailed {
                attempt: 1,
                cause: None
            },
            EventKind::RetryStopped {
                attempts: 1,
                why: StopReason::Exhausted
            },
            EventKind::FallbackUsed { cause: None },
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_whole_stack_tells_its_story_in_order() {
    #[fallback(value = Ok(99), name = "story")]
    #[retry(count = 3, backoff = "constant", delay_ms = 10, jitter = "none")]
    #[timeout(ms = 100)]
    #[circuit_breaker(consecutive_failures = 2, open_for = "1s")]
    async fn ask() -> Result<u32, Error> {
        std::future::pending().await
    }

    let (outcome, events) = testing::events(ask()).await;
    assert_eq!(outcome, Ok(99));
    assert!(events.iter().all(|event| event.site() == "story"));
    let timed_out = PolicyErrorKind::TimedOut { after: ms(100) };
    let open = PolicyErrorKind::CircuitOpen {
        retry_after: ms(990),
    };
    let kinds = kinds(&events);
    let EventKind::BreakerChanged(change) = &kinds[4] else {
        panic!("{kinds:?}")
    };
    assert_eq!(
        (change.from(), change.to()),
        (BreakerState::Closed, BreakerState::Open)
    );
    assert_eq!(change.open_for(), Some(ms(1000)));
    assert_eq!(
        kinds,
        [
            EventKind::TimedOut { after: ms(100) },
            EventKind::AttemptFailed {
                attempt: 1,
                cause: Some(Cause::Policy(timed_out))
            },
            EventKind::RetryScheduled {
                attempt: 2,
                delay: ms(10)
            },
            EventKind::TimedOut { after: ms(100) },
            EventKind::BreakerChanged(change.clone()),
            EventKind::AttemptFailed {
                attempt: 2,
                cause: Some(Cause::Policy(timed_out))
            },
            EventKind::RetryScheduled {
                attempt: 3,
                delay: ms(10)
            },
            EventKind::Refused(open),
            EventKind::AttemptFailed {
                attempt: 3,
                cause: Some(Cause::Policy(open))
            },
            EventKind::RetryStopped {
                attempts: 3,
                why: StopReason::NotRetried
            },
            EventKind::FallbackUsed {
                cause: Some(Cause::Policy(open))
            },
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_done_by_hand_is_told_under_the_name_of_the_site() {
    #[circuit_breaker(name = "handled")]
    #[allow(dead_code)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    let ((), events) = testing::events(async {
        breaker("handled").force_open();
        breaker("handled").reset();
        let _ = breaker("handled").try_acquire();
    })
    .await;
    assert_eq!(events.len(), 2);
    assert!(
        events.iter().all(|event| event.site() == "handled"),
        "{events:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn nested_sites_tell_their_own() {
    #[timeout(ms = 10, name = "inner limit")]
    async fn inner() -> Result<u32, Error> {
        std::future::pending().await
    }
    #[fallback(value = Ok(99), name = "outer answer")]
    async fn outer() -> Result<u32, Error> {
        inner().await
    }

    let (_, events) = testing::events(outer()).await;
    let sites: Vec<_> = events.iter().map(Event::site).collect();
    assert_eq!(sites, ["inner limit", "outer answer"]);
}

#[tokio::test(start_paused = true)]
async fn a_collector_sees_its_own_future_alone() {
    #[fallback(value = Ok(99), name = "collected")]
    async fn ask() -> Result<u32, Error> {
        tokio::task::yield_now().await;
        Err(Error::Transient)
    }

    let mine = testing::events(async {
        let _ = ask().await;
        // A task is somebody else's.
        let _ = tokio::spawn(ask()).await;
    });
    let ((_, events), _) = tokio::join!(mine, ask());
    assert_eq!(events.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_observer_sees_every_event_until_its_subscription_is_dropped() {
    #[fallback(value = Ok(99), name = "observed")]
    async fn ask() -> Result<u32, Error> {
        Err(Error::Transient)
    }
    let watch = || {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let subscription = observe({
            let seen = Arc::clone(&seen);
            // The other tests of this binary are seen, too.
            move |event| {
                if event.site() == "observed" {
                    seen.lock().unwrap().push(event.kind().clone());
                }
            }
        });
        (seen, subscription)
    };

    let (one, first) = watch();
    let (other, second) = watch();
    let _ = ask().await;
    drop(first);
    let _ = tokio::spawn(ask()).await;
    drop(second);
    let _ = ask().await;
    let used = EventKind::FallbackUsed { cause: TRANSIENT };
    assert_eq!(*other.lock().unwrap(), [used.clone(), used.clone()]);
    assert_eq!(*one.lock().unwrap(), [used]);
}

#[tokio::test(start_paused = true)]
async fn an_observer_may_subscribe_and_unsubscribe() {
    #[fallback(value = Ok(99), name = "observed from inside")]
    async fn ask() -> Result<u32, Error> {
        Err(Error::Transient)
    }

    let _subscription = observe(|event| {
        if event.site() == "observed from inside" {
            drop(observe(|_| {}));
        }
    });
    assert_eq!(ask().await, Ok(99));
}

#[tokio::test(start_paused = true)]
async fn a_probe_is_told_as_the_turn_to_half_open_and_to_closed() {
    #[circuit_breaker(name = "turning", consecutive_failures = 1, open_for_ms = 10)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    fail(breaker("turning"), 1);
    sleep(ms(10)).await;
    let (_, events) = testing::events(ask()).await;
    let turns: Vec<_> = kinds(&events)
        .into_iter()
        .map(|kind| match kind {
            EventKind::BreakerChanged(change) => change.to(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(turns, [BreakerState::HalfOpen, BreakerState::Closed]);
}
