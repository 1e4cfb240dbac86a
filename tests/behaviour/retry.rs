//! `#[retry]`: how often, and upon what.

mod common;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::{Calls, Error, ms};
use resilient_runtime::{
    OnTimeout, PolicyErrorKind, RetryAttempt, previous_attempts, retry, timeout,
};
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn three_attempts_in_all_by_default() {
    #[retry]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    let calls = Calls::new();
    assert_eq!(ask(&calls).await, Err(Error::Transient));
    assert_eq!(calls.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn count_includes_the_first_attempt() {
    #[retry(count = 1)]
    async fn once(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }
    #[retry(count = 5, delay_ms = 1)]
    async fn five(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    let calls = Calls::new();
    let _ = once(&calls).await;
    assert_eq!((calls.count(), calls.elapsed()), (1, 0));
    let _ = five(&calls).await;
    assert_eq!(calls.count(), 1 + 5);
}

#[tokio::test(start_paused = true)]
async fn the_first_success_ends_it_and_is_returned() {
    #[retry(count = 5, delay_ms = 10)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        match calls.note() {
            3 => Ok(3),
            _ => Err(Error::Transient),
        }
    }

    let calls = Calls::new();
    assert_eq!(ask(&calls).await, Ok(3));
    assert_eq!(calls.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_comes_back_is_the_last_attempts_outcome() {
    #[retry(count = 3, delay_ms = 1)]
    async fn ask(calls: &Calls) -> Result<(), String> {
        Err(format!("attempt {}", calls.note()))
    }

    assert_eq!(ask(&Calls::new()).await, Err("attempt 3".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn when_replaces_the_rule_both_ways() {
    #[retry(count = 4, delay_ms = 1, when = |error| *error == Error::ServerFault)]
    async fn ask(calls: &Calls, error: &Error) -> Result<(), Error> {
        calls.note();
        Err(error.clone())
    }

    for (error, attempts) in [
        (Error::ServerFault, 4),
        (Error::Transient, 1),
        (Error::Overload(None), 1),
        (Error::CallerFault, 1),
    ] {
        let calls = Calls::new();
        assert_eq!(ask(&calls, &error).await, Err(error));
        assert_eq!(calls.count(), attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn when_may_be_a_path_and_may_use_arguments() {
    fn is_transient(error: &Error) -> bool {
        *error == Error::Transient
    }
    #[retry(count = 2, delay_ms = 1, when = is_transient)]
    async fn by_path(calls: &Calls, error: &Error) -> Result<(), Error> {
        calls.note();
        Err(error.clone())
    }
    #[retry(count = 2, delay_ms = 1, when = |error: &Error| error == wanted)]
    async fn by_argument(calls: &Calls, wanted: &Error) -> Result<(), Error> {
        calls.note();
        Err(Error::CallerFault)
    }

    for (error, attempts) in [(Error::Transient, 2), (Error::Overload(None), 1)] {
        let calls = Calls::new();
        let _ = by_path(&calls, &error).await;
        assert_eq!(calls.count(), attempts);
    }
    for (wanted, attempts) in [(Error::CallerFault, 2), (Error::Transient, 1)] {
        let calls = Calls::new();
        let _ = by_argument(&calls, &wanted).await;
        assert_eq!(calls.count(), attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn when_ok_retries_a_value_and_returns_it_when_attempts_are_used_up() {
    #[retry(count = 3, delay_ms = 10, when_ok = |value| *value < good)]
    async fn ask(calls: &Calls, good: usize) -> Result<usize, Error> {
        Ok(calls.note())
    }

    let calls = Calls::new();
    assert_eq!(ask(&calls, 2).await, Ok(2));
    assert_eq!(calls.count(), 2);
    assert_eq!(ask(&Calls::new(), 100).await, Ok(3));
}

#[tokio::test(start_paused = true)]
async fn a_timed_out_attempt_is_retried_unless_on_timeout_says_abort() {
    #[retry(count = 3, delay_ms = 1)]
    #[timeout(ms = 10)]
    async fn by_default(calls: &Calls) -> Result<(), Error> {
        calls.note();
        std::future::pending().await
    }
    #[retry(count = 3, delay_ms = 1, on_timeout = "abort")]
    #[timeout(ms = 10)]
    async fn abort(calls: &Calls) -> Result<(), Error> {
        calls.note();
        std::future::pending().await
    }
    #[retry(count = 3, delay_ms = 1, on_timeout = what)]
    #[timeout(ms = 10)]
    async fn per_call(calls: &Calls, what: OnTimeout) -> Result<(), Error> {
        calls.note();
        std::future::pending().await
    }

    let calls = Calls::new();
    assert!(by_default(&calls).await.unwrap_err().is_timed_out());
    assert_eq!(calls.count(), 3);
    let calls = Calls::new();
    assert!(abort(&calls).await.unwrap_err().is_timed_out());
    assert_eq!((calls.count(), calls.elapsed()), (1, 10));
    for (what, attempts) in [(OnTimeout::Abort, 1), (OnTimeout::Retry, 3)] {
        let calls = Calls::new();
        let _ = per_call(&calls, what).await;
        assert_eq!(calls.count(), attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn on_timeout_abort_leaves_other_errors_retried() {
    #[retry(count = 3, delay_ms = 1, on_timeout = "abort")]
    #[timeout(ms = 10)]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    let calls = Calls::new();
    let _ = ask(&calls).await;
    assert_eq!(calls.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn on_retry_is_told_of_each_pause_before_it_begins() {
    type Told = Mutex<Vec<(u32, Duration, Option<Error>, Duration)>>;

    fn tell(told: &Told, began: Instant, attempt: &RetryAttempt<'_, Error>) {
        let entry = (
            attempt.attempt(),
            attempt.delay(),
            attempt.error().cloned(),
            began.elapsed(),
        );
        told.lock().unwrap().push(entry);
    }
    #[retry(
        count = 3, backoff = "linear", delay_ms = 10, jitter = "none",
        on_retry = |attempt| tell(told, began, attempt)
    )]
    async fn ask(told: &Told, began: Instant, calls: &Calls) -> Result<(), Error> {
        match calls.note() {
            1 => Err(Error::Transient),
            _ => Err(Error::Overload(None)),
        }
    }

    let told = Told::default();
    let _ = ask(&told, Instant::now(), &Calls::new()).await;
    // The last attempt is followed by no pause.
    let expected = [
        (1, ms(10), Some(Error::Transient), ms(0)),
        (2, ms(20), Some(Error::Overload(None)), ms(10)),
    ];
    assert_eq!(*told.into_inner().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn on_retry_sees_a_policy_error_as_one_and_a_value_as_neither() {
    type Told = Mutex<Vec<(bool, Option<PolicyErrorKind>)>>;

    #[retry(
        count = 3, delay_ms = 1, when_ok = |_| true,
        on_retry = |attempt: &RetryAttempt<'_, Error>| {
            let policy = attempt.policy_error().map(|error| error.kind());
            told.lock().unwrap().push((attempt.error().is_some(), policy));
        }
    )]
    #[timeout(ms = 10)]
    async fn ask(told: &Told, calls: &Calls) -> Result<(), Error> {
        match calls.note() {
            1 => std::future::pending().await,
            _ => Ok(()),
        }
    }

    let told = Told::default();
    assert_eq!(ask(&told, &Calls::new()).await, Ok(()));
    let timed_out = PolicyErrorKind::TimedOut { after: ms(10) };
    assert_eq!(
        *told.into_inner().unwrap(),
        [(false, Some(timed_out)), (false, None)]
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_budget_every_call_has_all_its_attempts() {
    #[retry(count = 3, delay_ms = 1, budget = "none")]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    let calls = Calls::new();
    for _ in 0..200 {
        let _ = ask(&calls).await;
    }
    assert_eq!(calls.count(), 600);
}

#[tokio::test(start_paused = true)]
async fn the_code_inside_knows_how_many_attempts_came_before() {
    async fn inner(seen: &Mutex<Vec<u32>>) -> Result<(), Error> {
        seen.lock().unwrap().push(previous_attempts());
        Err(Error::Transient)
    }
    #[retry(count = 3, delay_ms = 1)]
    #[timeout("1s")]
    async fn ask(seen: &Mutex<Vec<u32>>) -> Result<(), Error> {
        sleep(ms(1)).await;
        inner(seen).await
    }

    let seen = Mutex::default();
    let _ = ask(&seen).await;
    assert_eq!(seen.into_inner().unwrap(), [0, 1, 2]);
    assert_eq!(previous_attempts(), 0);
}

#[tokio::test(start_paused = true)]
async fn attempts_do_not_overlap() {
    #[retry(count = 3, backoff = "constant", delay_ms = 10, jitter = "none")]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        sleep(ms(50)).await;
        Err(Error::Transient)
    }

    let calls = Calls::new();
    let _ = ask(&calls).await;
    assert_eq!(calls.at(), [0, 60, 120]);
}

#[tokio::test(start_paused = true)]
async fn rules_may_be_paths_of_functions() {
    static TOLD: AtomicU32 = AtomicU32::new(0);

    fn tell(attempt: &RetryAttempt<'_, Error>) {
        TOLD.fetch_add(attempt.attempt(), Ordering::Relaxed);
    }
    fn is_small(value: &usize) -> bool {
        *value < 3
    }
    #[retry(count = 5, delay_ms = 1, when_ok = is_small, on_retry = tell)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }

    assert_eq!(ask(&Calls::new()).await, Ok(3));
    assert_eq!(TOLD.load(Ordering::Relaxed), 1 + 2);
}
