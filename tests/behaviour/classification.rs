//! What counts as a failure: every row of the table, to every layer that asks.

mod common;

use std::io;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use common::{Calls, Error, await_half_open, breaker, counted, ms};
use futures::FutureExt as _;
use resilient_runtime::{
    BreakerState, CallOutcome, CircuitBreaker, Classify, ErrorClass, Failure, PolicyError,
    PolicyErrorKind, circuit_breaker, fallback, retry, timeout,
};

/// What a breaker makes of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Counts {
    Success,
    Failure,
    Nothing,
}
use Counts::{Failure as Failed, Nothing, Success};

fn policy(kind: PolicyErrorKind) -> Error {
    Error::Policy(PolicyError::new(kind, "inner"))
}

/// The outcome; attempts of three; to a closed breaker; to a probe; whether a fallback is used.
type Row = (Result<u32, Error>, usize, Counts, Counts, bool);

fn rows() -> Vec<Row> {
    use PolicyErrorKind as Kind;
    vec![
        (Ok(1), 1, Success, Success, false),
        (Err(Error::Transient), 3, Failed, Failed, true),
        (Err(Error::ServerFault), 1, Failed, Failed, true),
        (Err(Error::CallerFault), 1, Success, Success, false),
        (Err(Error::Overload(None)), 3, Nothing, Failed, true),
        (
            Err(policy(Kind::TimedOut { after: ms(1) })),
            3,
            Failed,
            Failed,
            true,
        ),
        (
            Err(policy(Kind::CircuitOpen { retry_after: ms(1) })),
            1,
            Nothing,
            Nothing,
            true,
        ),
        (
            Err(policy(Kind::RateLimited { retry_after: ms(1) })),
            3,
            Nothing,
            Nothing,
            true,
        ),
        (Err(policy(Kind::BulkheadFull)), 3, Nothing, Nothing, true),
        (
            Err(policy(Kind::ConcurrencyLimited)),
            3,
            Nothing,
            Nothing,
            true,
        ),
        (Err(policy(Kind::FaultInjected)), 3, Failed, Failed, true),
    ]
}

/// What a closed breaker made of one call, from its window.
fn of_closed(breaker: &CircuitBreaker) -> Counts {
    match counted(breaker) {
        (1, 0) => Success,
        (1, 1) => Failed,
        (0, 0) => Nothing,
        counts => panic!("one call, and {counts:?}"),
    }
}

/// What a half-open breaker made of its only probe.
fn of_probe(breaker: &CircuitBreaker) -> Counts {
    match breaker.state() {
        BreakerState::Closed => Success,
        BreakerState::Open => Failed,
        BreakerState::HalfOpen => {
            drop(breaker.try_acquire().expect("the place was given back"));
            Nothing
        }
    }
}

#[tokio::test(start_paused = true)]
async fn to_a_retry() {
    #[retry(count = 3, delay_ms = 1)]
    async fn ask(calls: &Calls, outcome: &Result<u32, Error>) -> Result<u32, Error> {
        calls.note();
        outcome.clone()
    }

    for (outcome, attempts, ..) in rows() {
        let calls = Calls::new();
        assert_eq!(ask(&calls, &outcome).await, outcome);
        assert_eq!(calls.count(), attempts, "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn to_a_breaker() {
    #[circuit_breaker(name = "table")]
    async fn ask(outcome: Result<u32, Error>) -> Result<u32, Error> {
        outcome
    }

    let breaker = breaker("table");
    for (outcome, _, closed, probe, _) in rows() {
        breaker.reset();
        assert_eq!(ask(outcome.clone()).await, outcome);
        assert_eq!(of_closed(breaker), closed, "{outcome:?}");
        breaker.reset();
        await_half_open(breaker).await;
        assert_eq!(ask(outcome.clone()).await, outcome);
        assert_eq!(of_probe(breaker), probe, "a probe, {outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn to_a_fallback() {
    #[fallback(value = Ok(99))]
    async fn ask(outcome: &Result<u32, Error>) -> Result<u32, Error> {
        outcome.clone()
    }

    for (outcome, .., used) in rows() {
        let expected = if used { Ok(99) } else { outcome.clone() };
        assert_eq!(ask(&outcome).await, expected, "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_says_nothing_of_itself_is_as_transient() {
    #[derive(Clone, Debug, PartialEq)]
    struct Plain;
    impl From<PolicyError> for Plain {
        fn from(_: PolicyError) -> Self {
            Self
        }
    }
    #[retry(count = 3, delay_ms = 1)]
    async fn retried(calls: &Calls) -> Result<u32, Plain> {
        calls.note();
        Err(Plain)
    }
    #[circuit_breaker(name = "plain")]
    async fn guarded() -> Result<u32, Plain> {
        Err(Plain)
    }
    #[fallback(value = Ok(99))]
    async fn replaced() -> Result<u32, Plain> {
        Err(Plain)
    }

    let calls = Calls::new();
    assert_eq!(retried(&calls).await, Err(Plain));
    assert_eq!(calls.count(), 3);
    assert_eq!(guarded().await, Err(Plain));
    assert_eq!(of_closed(breaker("plain")), Failed);
    assert_eq!(replaced().await, Ok(99));
}

#[tokio::test(start_paused = true)]
async fn a_panic_goes_on_unwinding_and_is_a_failure() {
    #[fallback(value = Ok(99))]
    #[retry(count = 3, delay_ms = 1)]
    #[circuit_breaker(name = "panics")]
    async fn ask(calls: &Calls) -> Result<u32, Error> {
        calls.note();
        tokio::task::yield_now().await;
        panic!("as the test asks")
    }

    let (calls, breaker) = (Calls::new(), breaker("panics"));
    assert!(AssertUnwindSafe(ask(&calls)).catch_unwind().await.is_err());
    assert_eq!((calls.count(), of_closed(breaker)), (1, Failed));
    breaker.reset();
    await_half_open(breaker).await;
    assert!(AssertUnwindSafe(ask(&calls)).catch_unwind().await.is_err());
    assert_eq!(of_probe(breaker), Failed);
}

/// At the very end of a call, when its outcome is there: it must be handed in all the same.
#[tokio::test(start_paused = true)]
async fn a_rule_that_panics_is_a_failure_as_well() {
    #[circuit_breaker(name = "panicking rules", when_ok = |_| panic!("as the test asks"), when = |_| panic!("too"))]
    async fn ask(answer: Result<u32, Error>) -> Result<u32, Error> {
        answer
    }

    let breaker = breaker("panicking rules");
    let error = || Error::Transient;
    for answer in [Ok(1), Err(error())] {
        assert!(
            AssertUnwindSafe(ask(answer.clone()))
                .catch_unwind()
                .await
                .is_err()
        );
        assert_eq!(of_closed(breaker), Failed);
        breaker.reset();
        await_half_open(breaker).await;
        assert!(AssertUnwindSafe(ask(answer)).catch_unwind().await.is_err());
        assert_eq!(of_probe(breaker), Failed);
        breaker.reset();
    }
}

#[tokio::test(start_paused = true)]
async fn an_ignored_error_is_nothing_to_the_breaker_and_its_class_to_the_others() {
    #[fallback(value = Ok(99))]
    #[retry(count = 3, delay_ms = 1)]
    #[circuit_breaker(name = "ignoring", ignore = |_| true, when = |_| true)]
    async fn ask(calls: &Calls, error: &Error) -> Result<u32, Error> {
        calls.note();
        Err(error.clone())
    }

    let breaker = breaker("ignoring");
    for (error, attempts, outcome) in [
        (Error::Transient, 3, Ok(99)),
        (Error::ServerFault, 1, Ok(99)),
        (Error::CallerFault, 1, Err(Error::CallerFault)),
    ] {
        breaker.reset();
        let calls = Calls::new();
        assert_eq!(ask(&calls, &error).await, outcome);
        assert_eq!(
            (calls.count(), of_closed(breaker)),
            (attempts, Nothing),
            "{error:?}"
        );
        await_half_open(breaker).await;
        let _ = ask(&calls, &error).await;
        assert_eq!(of_probe(breaker), Nothing, "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_generic_error_is_asked_where_the_bound_says_so() {
    #[retry(count = 3, delay_ms = 1)]
    async fn bound<E: Classify + Clone>(calls: &Calls, error: &E) -> Result<(), E> {
        calls.note();
        Err(error.clone())
    }
    #[retry(count = 3, delay_ms = 1)]
    async fn unbound<E: Clone>(calls: &Calls, error: &E) -> Result<(), E> {
        calls.note();
        Err(error.clone())
    }

    let calls = Calls::new();
    let _ = bound(&calls, &Error::CallerFault).await;
    assert_eq!(calls.count(), 1);
    let calls = Calls::new();
    let _ = unbound(&calls, &Error::CallerFault).await;
    assert_eq!(calls.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn classify_stands_in_for_a_foreign_type() {
    fn of_number(error: &std::num::ParseIntError) -> ErrorClass {
        match error.kind() {
            std::num::IntErrorKind::Empty => ErrorClass::Transient,
            _ => ErrorClass::CallerFault,
        }
    }
    #[fallback(value = Ok(99))]
    #[retry(count = 3, delay_ms = 1, classify = of_number)]
    async fn parse(calls: &Calls, text: &str) -> Result<u8, std::num::ParseIntError> {
        calls.note();
        text.parse()
    }

    for (text, attempts, outcome) in [("", 3, Some(99)), ("x", 1, None), ("7", 1, Some(7))] {
        let calls = Calls::new();
        assert_eq!(parse(&calls, text).await.ok(), outcome);
        assert_eq!(calls.count(), attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn classify_may_be_a_closure_and_overrules_the_type() {
    #[retry(count = 3, delay_ms = 1, classify = |_| ErrorClass::ServerFault)]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    let calls = Calls::new();
    let _ = ask(&calls).await;
    assert_eq!(calls.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn io_results_anyhow_results_and_aliases_are_results() {
    type Mine<T> = Result<T, Error>;

    #[retry(count = 3, delay_ms = 1)]
    async fn io(calls: &Calls, kind: io::ErrorKind) -> io::Result<()> {
        calls.note();
        Err(kind.into())
    }
    #[retry(count = 3, delay_ms = 1)]
    async fn any(calls: &Calls) -> anyhow::Result<()> {
        calls.note();
        anyhow::bail!("down")
    }
    #[retry(count = 3, delay_ms = 1)]
    async fn mine(calls: &Calls) -> Mine<()> {
        calls.note();
        Err(Error::CallerFault)
    }

    let calls = Calls::new();
    let _ = io(&calls, io::ErrorKind::ConnectionReset).await;
    assert_eq!(calls.count(), 3);
    let _ = io(&calls, io::ErrorKind::NotFound).await;
    assert_eq!(calls.count(), 3 + 1);
    let _ = any(&calls).await;
    assert_eq!(calls.count(), 4 + 3);
    let _ = mine(&calls).await;
    assert_eq!(calls.count(), 7 + 1);
}

#[tokio::test(start_paused = true)]
async fn by_hand_the_same_table_holds() {
    let breaker = CircuitBreaker::new();
    for (outcome, _, closed, ..) in rows() {
        breaker.reset();
        let seen = breaker.call(std::future::ready(outcome.clone())).await;
        assert_eq!(seen.map_err(Failure::into_error), outcome);
        assert_eq!(of_closed(&breaker), closed, "{outcome:?}");
    }
    for (outcome, counts) in [
        (CallOutcome::Success, Success),
        (CallOutcome::Failure, Failed),
        (CallOutcome::Overload, Nothing),
        (CallOutcome::Neutral, Nothing),
    ] {
        breaker.reset();
        breaker.try_acquire().unwrap().record(outcome);
        assert_eq!(of_closed(&breaker), counts);
    }
}

#[tokio::test(start_paused = true)]
async fn overload_is_not_repeated_before_its_time() {
    #[retry(count = 2, delay_ms = 1)]
    #[circuit_breaker(name = "shedding", consecutive_failures = 1)]
    async fn ask(calls: &Calls, wait: Duration) -> Result<(), Error> {
        calls.note();
        Err(Error::Overload(Some(wait)))
    }

    let calls = Calls::new();
    let _ = ask(&calls, ms(1234)).await;
    assert_eq!(calls.at(), [0, 1234]);
    assert_eq!(breaker("shedding").state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn when_is_for_errors_of_the_function_and_the_policies_of_a_stack_keep_their_rows() {
    #[retry(count = 3, delay_ms = 1, when = |_| false)]
    #[timeout(ms = 10)]
    async fn never(calls: &Calls) -> Result<u32, Error> {
        match calls.note() {
            1 => std::future::pending().await,
            _ => Err(Error::Transient),
        }
    }
    #[retry(count = 3, delay_ms = 1, when = |_| true)]
    #[circuit_breaker(name = "always", consecutive_failures = 1)]
    async fn always(calls: &Calls) -> Result<u32, Error> {
        calls.note();
        Err(Error::Transient)
    }
    #[circuit_breaker(name = "by its row", when = |_| false, ignore = |_| true)]
    #[timeout(ms = 10)]
    async fn guarded() -> Result<u32, Error> {
        std::future::pending().await
    }

    let calls = Calls::new();
    assert_eq!(never(&calls).await, Err(Error::Transient));
    assert_eq!(calls.count(), 2);
    let calls = Calls::new();
    assert!(always(&calls).await.unwrap_err().is_open());
    assert_eq!(calls.count(), 1);
    assert!(guarded().await.unwrap_err().is_timed_out());
    assert_eq!(of_closed(breaker("by its row")), Failed);
}
