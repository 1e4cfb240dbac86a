//! `#[retry]`: what ends it before its attempts are used up, and how it waits for
//! an open breaker.

mod common;

use std::time::Duration;

use common::{Calls, Error, breaker, fail, ms};
use resilient_runtime::{
    BreakerState, Classify, ErrorClass, OnOpen, PolicyError, Retry, circuit_breaker, retry, timeout,
};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn no_attempt_starts_later_than_max_elapsed_after_the_first() {
    #[retry(
        count = 100,
        backoff = "constant",
        delay_ms = 100,
        jitter = "none",
        max_elapsed_ms = 350
    )]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    let calls = Calls::new();
    assert_eq!(ask(&calls).await, Err(Error::Transient));
    assert_eq!(calls.at(), [0, 100, 200, 300]);
    // The pause that would end too late is not begun.
    assert_eq!(calls.elapsed(), 300);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_may_start_at_max_elapsed_itself() {
    #[retry(
        count = 100,
        backoff = "constant",
        delay_ms = 100,
        jitter = "none",
        max_elapsed = "300ms"
    )]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    let calls = Calls::new();
    let _ = ask(&calls).await;
    assert_eq!(calls.at(), [0, 100, 200, 300]);
}

#[tokio::test(start_paused = true)]
async fn max_elapsed_counts_the_time_of_the_attempts_and_cuts_none_off() {
    #[retry(count = 100, backoff = "constant", delay_ms = 100, jitter = "none", max_elapsed = limit)]
    async fn ask(calls: &Calls, limit: Duration) -> Result<(), Error> {
        calls.note();
        sleep(ms(250)).await;
        Err(Error::Transient)
    }

    let calls = Calls::new();
    let _ = ask(&calls, ms(400)).await;
    assert_eq!(calls.at(), [0, 350]);
    assert_eq!(calls.elapsed(), 600);
}

#[tokio::test(start_paused = true)]
async fn max_elapsed_counts_from_the_first_attempt_of_a_retry_by_hand() {
    let calls = Calls::new();
    let policy = Retry::new(3).constant().delay(ms(100)).max_elapsed(ms(150));
    let call = policy
        .jitter(resilient_runtime::Jitter::None)
        .run(|| async {
            calls.note();
            Err::<(), _>("down")
        });
    sleep(ms(1000)).await;
    let _ = call.await;
    assert_eq!(calls.at(), [1000, 1100]);
}

#[tokio::test(start_paused = true)]
async fn no_pause_is_begun_that_the_deadline_would_cut_off() {
    #[timeout(ms = 250)]
    #[retry(count = 100, backoff = "constant", delay_ms = 100, jitter = "none")]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    let calls = Calls::new();
    // The last error, and not a timeout.
    assert_eq!(ask(&calls).await, Err(Error::Transient));
    assert_eq!(calls.at(), [0, 100, 200]);
    assert_eq!(calls.elapsed(), 200);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_an_outer_function_counts_too() {
    #[retry(count = 100, backoff = "constant", delay_ms = 100, jitter = "none")]
    async fn inner(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }
    #[timeout(ms = 250)]
    async fn outer(calls: &Calls) -> Result<(), Error> {
        inner(calls).await
    }

    let calls = Calls::new();
    assert_eq!(outer(&calls).await, Err(Error::Transient));
    assert_eq!(calls.elapsed(), 200);
    // And it is gone with the outer function.
    let calls = Calls::new();
    let _ = tokio::time::timeout(ms(1950), inner(&calls)).await;
    assert_eq!(calls.count(), 20);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_ends_the_attempts_by_default() {
    #[retry(count = 5, delay_ms = 1)]
    #[circuit_breaker(consecutive_failures = 2, open_for_ms = 1000)]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    let calls = Calls::new();
    assert!(ask(&calls).await.unwrap_err().is_open());
    assert_eq!(calls.count(), 2);
    assert!(ask(&calls).await.unwrap_err().is_open());
    assert_eq!(calls.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn on_open_wait_sleeps_until_the_breaker_takes_a_probe() {
    // The open time is longer than `max_delay`, which does not bound it.
    #[retry(
        count = 4,
        delay_ms = 1,
        max_delay_ms = 10,
        jitter = "none",
        on_open = "wait"
    )]
    #[circuit_breaker(name = "waited for", consecutive_failures = 2, open_for_ms = 1000)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        match calls.note() {
            number @ 3.. => Ok(number),
            _ => Err(Error::Transient),
        }
    }

    let calls = Calls::new();
    // Two failures, one refusal (which uses up an attempt), and the probe.
    assert_eq!(ask(&calls).await, Ok(3));
    assert_eq!(calls.at(), [0, 1, 1001]);
    assert_eq!(breaker("waited for").state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_is_waited_out_uses_up_an_attempt() {
    #[retry(count = 2, delay_ms = 1, on_open = OnOpen::Wait)]
    #[circuit_breaker(
        name = "used up",
        consecutive_failures = 1,
        open_for = "10s",
        open_factor = 1.0
    )]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    fail(breaker("used up"), 1);
    let calls = Calls::new();
    // The first is refused, the second is the probe: there is no third.
    assert_eq!(ask(&calls).await, Err(Error::Transient));
    assert_eq!(calls.at(), [10_000]);
}

#[tokio::test(start_paused = true)]
async fn on_open_wait_sleeps_at_least_the_backoff() {
    #[retry(
        count = 2,
        backoff = "constant",
        delay_ms = 500,
        jitter = "none",
        on_open = "wait"
    )]
    #[circuit_breaker(name = "short", consecutive_failures = 1, open_for_ms = 20)]
    async fn short(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Ok(())
    }
    // Half-open with its probe out: when a place is free is not known.
    #[retry(
        count = 2,
        backoff = "constant",
        delay_ms = 70,
        jitter = "none",
        on_open = "wait"
    )]
    #[circuit_breaker(name = "probed", consecutive_failures = 1, open_for_ms = 20)]
    async fn probed(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Ok(())
    }

    fail(breaker("short"), 1);
    let calls = Calls::new();
    assert_eq!(short(&calls).await, Ok(()));
    assert_eq!(calls.at(), [500]);

    fail(breaker("probed"), 1);
    sleep(ms(20)).await;
    let probe = breaker("probed").try_acquire().unwrap();
    let calls = Calls::new();
    let (outcome, ()) = tokio::join!(probed(&calls), async {
        sleep(ms(10)).await;
        drop(probe);
    });
    assert_eq!(outcome, Ok(()));
    assert_eq!(calls.at(), [70]);
}

#[tokio::test(start_paused = true)]
async fn on_open_wait_does_not_wait_for_a_breaker_that_is_held_open() {
    #[retry(count = 5, delay_ms = 1, on_open = "wait")]
    #[circuit_breaker(name = "held open")]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Ok(())
    }

    breaker("held open").force_open();
    let calls = Calls::new();
    assert!(ask(&calls).await.unwrap_err().is_open());
    assert_eq!((calls.count(), calls.elapsed()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn on_open_wait_begins_no_wait_that_the_deadline_would_cut_off() {
    #[timeout(ms = 900)]
    #[retry(count = 5, delay_ms = 1, on_open = "wait")]
    #[circuit_breaker(name = "too late", consecutive_failures = 1, open_for_ms = 1000)]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Ok(())
    }

    fail(breaker("too late"), 1);
    let calls = Calls::new();
    assert!(ask(&calls).await.unwrap_err().is_open());
    assert_eq!(calls.elapsed(), 0);
}

#[tokio::test(start_paused = true)]
async fn on_open_wait_waits_for_the_breaker_of_an_inner_function_too() {
    #[circuit_breaker(name = "inner, waited for", consecutive_failures = 1, open_for = "3s")]
    async fn inner() -> Result<(), Error> {
        Ok(())
    }
    #[retry(count = 2, delay_ms = 1, max_delay_ms = 1, on_open = "wait")]
    async fn outer(calls: &Calls) -> Result<(), Error> {
        calls.note();
        inner().await
    }

    fail(breaker("inner, waited for"), 1);
    let calls = Calls::new();
    assert_eq!(outer(&calls).await, Ok(()));
    assert_eq!(calls.at(), [0, 3000]);
}

#[tokio::test(start_paused = true)]
async fn a_rate_limited_inner_call_is_not_repeated_before_its_time() {
    #[derive(Debug)]
    struct TimeoutCall(PolicyError);
    impl Classify for TimeoutCall {
        fn class(&self) -> ErrorClass {
            ErrorClass::CallerFault
        }
        fn policy_error(&self) -> Option<&PolicyError> {
            Some(&self.0)
        }
    }
    #[retry(count = 2, delay_ms = 1, max_delay = "1s", jitter = "none")]
    async fn ask(calls: &Calls, wait: Duration) -> Result<(), TimeoutCall> {
        calls.note();
        let kind = resilient_runtime::PolicyErrorKind::RateLimited { retry_after: wait };
        Err(TimeoutCall(PolicyError::new(kind, "inner")))
    }

    for (wait, at) in [(ms(400), &[0, 400][..]), (ms(1001), &[0])] {
        let calls = Calls::new();
        let _ = ask(&calls, wait).await;
        assert_eq!(calls.at(), at);
    }
}
