//! A policy error stays recognisable in the error that it became, through any
//! number of functions of one task.

mod common;

use std::error::Error as StdError;
use std::io;

use anyhow::Context as _;
use common::{Calls, breaker, counted, fail, ms};
use resilient_runtime::{
    BreakerState, Classify, ErrorClass, PolicyError, PolicyErrorKind, circuit_breaker, fallback,
    grpc::propagate, retry, timeout,
};
use tokio::time::sleep;
use tonic::{Code, Request, Status};

type Boxed = Box<dyn StdError + Send + Sync>;

#[derive(Debug, thiserror::Error)]
enum Derived {
    #[error("a policy")]
    Policy(#[from] PolicyError),
    #[error("below")]
    Below(#[source] Box<Derived>),
    #[error("another")]
    Other(#[source] Boxed),
}

/// Its source is not the policy error but the source of that.
#[derive(Debug, thiserror::Error)]
enum Transparent {
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// It knows its class, but a policy error in its sources comes first.
#[derive(Debug, thiserror::Error)]
enum Classified {
    #[error("a policy")]
    Policy(#[from] PolicyError),
}

impl Classify for Classified {
    fn class(&self) -> ErrorClass {
        ErrorClass::Transient
    }
}

/// Neither an `Error` nor with a source.
#[derive(Debug)]
struct Own(PolicyError);

impl From<PolicyError> for Own {
    fn from(error: PolicyError) -> Self {
        Self(error)
    }
}

impl Classify for Own {
    fn class(&self) -> ErrorClass {
        ErrorClass::Transient
    }
    fn policy_error(&self) -> Option<&PolicyError> {
        Some(&self.0)
    }
}

/// For each error type: an inner function whose breaker is open, and around it a
/// retry and a breaker, with the error handed on as the closure says.
macro_rules! recognised {
    ($($test:ident: $error:ty, $inner:literal, $outer:literal, $hand_on:expr;)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $test() {
            #[circuit_breaker(name = $inner, consecutive_failures = 1)]
            async fn inner() -> Result<(), $error> {
                Ok(())
            }
            #[retry(count = 5, delay_ms = 1)]
            #[circuit_breaker(name = $outer)]
            async fn outer(calls: &Calls) -> Result<(), $error> {
                calls.note();
                let hand_on: fn(Result<(), $error>) -> Result<(), $error> = $hand_on;
                hand_on(inner().await)
            }

            let calls = Calls::new();
            assert!(outer(&calls).await.is_ok());
            assert_eq!((calls.count(), counted(breaker($outer))), (1, (1, 0)));
            fail(breaker($inner), 1);
            assert!(outer(&calls).await.is_err());
            assert_eq!(calls.count(), 2, "the inner breaker is hammered");
            assert_eq!(counted(breaker($outer)), (1, 0), "the outer breaker is not neutral");
        }
    )*};
}

recognised! {
    in_the_sources_of_a_derived_error: Derived, "derived", "derived, outer", |outcome| outcome;
    deep_in_the_sources: Derived, "deep", "deep, outer",
        |outcome| outcome.map_err(|error| Derived::Below(Box::new(Derived::Below(Box::new(error)))));
    before_the_class_of_the_error: Classified, "classified", "classified, outer", |outcome| outcome;
    by_policy_error: Own, "own", "own, outer", |outcome| outcome;
    in_an_io_error: io::Error, "io", "io, outer", |outcome| outcome;
    in_an_io_error_in_an_io_error: io::Error, "io twice", "io twice, outer",
        |outcome| outcome.map_err(io::Error::other);
    in_a_boxed_error: Boxed, "boxed", "boxed, outer", |outcome| outcome;
    in_an_io_error_in_a_box: Boxed, "boxed io", "boxed io, outer",
        |outcome| outcome.map_err(|error| io::Error::other(error).into());
    in_an_anyhow_error: anyhow::Error, "anyhow", "anyhow, outer", |outcome| outcome;
    in_an_anyhow_error_with_context: anyhow::Error, "context", "context, outer",
        |outcome| outcome.context("while asking").context("in the test");
    in_a_status: Status, "status", "status, outer", |outcome| outcome;
    in_a_status_of_a_boxed_error: Status, "status of", "status of, outer",
        |outcome| outcome.map_err(|error| Status::from_error(Box::new(error)));
    behind_a_transparent_wrapper: Transparent, "transparent", "transparent, outer", |outcome| outcome;
    in_a_box_in_an_anyhow_error: anyhow::Error, "boxed anyhow", "boxed anyhow, outer",
        |outcome| outcome.map_err(|error| {
            let boxed: Boxed = error.into();
            anyhow::anyhow!(boxed)
        });
    as_it_is: PolicyError, "itself", "itself, outer", |outcome| outcome;
}

#[tokio::test(start_paused = true)]
async fn lost_on_the_way_it_is_an_error_like_others() {
    #[circuit_breaker(name = "lost", consecutive_failures = 1)]
    async fn inner() -> Result<(), Boxed> {
        Ok(())
    }
    #[retry(count = 5, delay_ms = 1)]
    async fn outer(calls: &Calls) -> Result<(), Boxed> {
        calls.note();
        inner().await.map_err(|error| error.to_string().into())
    }

    fail(breaker("lost"), 1);
    let calls = Calls::new();
    assert!(outer(&calls).await.is_err());
    assert_eq!(calls.count(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_inner_timeout_goes_by_its_row() {
    #[timeout(ms = 10)]
    async fn inner() -> Result<u32, Derived> {
        std::future::pending().await
    }
    #[retry(count = 3, delay_ms = 1)]
    async fn retried(calls: &Calls) -> Result<u32, Derived> {
        calls.note();
        inner().await
    }
    #[retry(count = 3, delay_ms = 1, on_timeout = "abort")]
    async fn aborted(calls: &Calls) -> Result<u32, Derived> {
        calls.note();
        inner().await
    }
    #[circuit_breaker(name = "over a timeout")]
    async fn guarded() -> Result<u32, Derived> {
        inner().await
    }
    #[fallback(value = Ok(99))]
    async fn replaced() -> Result<u32, Derived> {
        inner().await
    }

    let calls = Calls::new();
    assert!(retried(&calls).await.is_err());
    assert_eq!(calls.count(), 3);
    let calls = Calls::new();
    assert!(aborted(&calls).await.is_err());
    assert_eq!(calls.count(), 1);
    assert!(guarded().await.is_err());
    assert_eq!(counted(breaker("over a timeout")), (1, 1));
    assert_eq!(replaced().await.unwrap(), 99);
}

#[tokio::test(start_paused = true)]
async fn through_three_functions_it_is_still_known() {
    #[circuit_breaker(name = "innermost", consecutive_failures = 1)]
    async fn one() -> Result<(), io::Error> {
        Ok(())
    }
    async fn two() -> Result<(), Derived> {
        one().await.map_err(|error| Derived::Other(error.into()))
    }
    async fn three() -> anyhow::Result<()> {
        two().await.context("three")
    }
    #[retry(count = 5, delay_ms = 1)]
    async fn four(calls: &Calls) -> anyhow::Result<()> {
        calls.note();
        three().await
    }

    fail(breaker("innermost"), 1);
    let calls = Calls::new();
    assert!(four(&calls).await.is_err());
    assert_eq!(calls.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn classify_is_asked_after_it() {
    #[circuit_breaker(name = "asked after", consecutive_failures = 1)]
    async fn inner() -> Result<(), Derived> {
        Ok(())
    }
    #[retry(count = 5, delay_ms = 1, classify = |_| ErrorClass::Transient)]
    async fn outer(calls: &Calls) -> Result<(), Derived> {
        calls.note();
        inner().await
    }

    fail(breaker("asked after"), 1);
    let calls = Calls::new();
    assert!(outer(&calls).await.is_err());
    assert_eq!(calls.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_policy_error_becomes_a_status_that_says_so() {
    #[timeout(ms = 10)]
    async fn slow() -> Result<(), Status> {
        std::future::pending().await
    }
    #[circuit_breaker(name = "gone", consecutive_failures = 1, open_for = "3s")]
    async fn gone() -> Result<(), Status> {
        Ok(())
    }

    assert_eq!(slow().await.unwrap_err().code(), Code::DeadlineExceeded);
    fail(breaker("gone"), 1);
    let status = gone().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(
        status.metadata().get("grpc-retry-pushback-ms").unwrap(),
        "3000"
    );
    assert_eq!(
        status.message(),
        "gone: circuit breaker open, retry after 3s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_status_is_judged_by_its_code() {
    #[retry(count = 2, delay_ms = 1)]
    #[circuit_breaker(name = "codes")]
    async fn ask(calls: &Calls, code: Code) -> Result<(), Status> {
        calls.note();
        Err(Status::new(code, "as the test asks"))
    }

    let breaker = breaker("codes");
    for number in 1..17 {
        let code = Code::from_i32(number);
        let (attempts, failures) = match code {
            Code::Unavailable | Code::DeadlineExceeded | Code::Aborted => (2, 2),
            Code::Internal | Code::Unknown | Code::DataLoss => (1, 1),
            Code::ResourceExhausted => (2, 0),
            _ => (1, 0),
        };
        breaker.reset();
        let calls = Calls::new();
        let _ = ask(&calls, code).await;
        assert_eq!(
            (calls.count(), counted(breaker).1),
            (attempts, failures),
            "{code:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_wait_that_a_server_asks_for_is_obeyed() {
    #[retry(count = 2, delay_ms = 1)]
    async fn ask(calls: &Calls, pushback: &str) -> Result<(), Status> {
        calls.note();
        let mut status = Status::unavailable("busy");
        status
            .metadata_mut()
            .insert("grpc-retry-pushback-ms", pushback.parse().unwrap());
        Err(status)
    }

    for (pushback, at) in [("700", &[0, 700][..]), ("-1", &[0]), ("30001", &[0])] {
        let calls = Calls::new();
        let _ = ask(&calls, pushback).await;
        assert_eq!(calls.at(), at, "{pushback}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_inner_breaker_half_open_is_no_failure_of_the_outer_one() {
    #[circuit_breaker(name = "half-open", consecutive_failures = 1, open_for_ms = 10)]
    async fn inner() -> Result<(), io::Error> {
        Ok(())
    }
    #[circuit_breaker(name = "around it", consecutive_failures = 1)]
    async fn outer() -> Result<(), io::Error> {
        inner().await
    }

    fail(breaker("half-open"), 1);
    tokio::time::sleep(ms(10)).await;
    let _probe = breaker("half-open").try_acquire().unwrap();
    let error = outer().await.unwrap_err();
    let kind = error.policy_error().unwrap().kind();
    assert!(matches!(kind, PolicyErrorKind::CircuitOpen { .. }));
    assert_eq!(breaker("around it").state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_sent_for_want_of_time_is_neutral_in_each_form_that_its_error_takes() {
    #[circuit_breaker(name = "unsent", consecutive_failures = 1)]
    async fn unsent() -> Result<(), Status> {
        propagate(Request::new(())).map(drop)
    }
    #[circuit_breaker(name = "unsent, as a source", consecutive_failures = 1)]
    async fn as_a_source() -> Result<(), Derived> {
        unsent()
            .await
            .map_err(|status| Derived::Other(status.into()))
    }
    #[circuit_breaker(name = "unsent, transparent", consecutive_failures = 1)]
    async fn transparent() -> Result<(), Transparent> {
        let policy = |status: Status| status.policy_error().cloned().expect("it is one");
        Ok(unsent().await.map_err(policy)?)
    }
    #[timeout(ms = 100)]
    async fn late() -> Result<(), Derived> {
        sleep(ms(99)).await;
        assert!(as_a_source().await.is_err());
        assert!(transparent().await.is_err());
        Ok(())
    }

    late().await.unwrap();
    for site in ["unsent", "unsent, as a source", "unsent, transparent"] {
        assert_eq!(breaker(site).state(), BreakerState::Closed, "{site}");
        assert_eq!(counted(breaker(site)), (0, 0), "{site}");
    }
}

#[test]
fn it_names_the_site_the_cause_and_the_wait() {
    use PolicyErrorKind as Kind;
    let wait = ms(1500);
    for (kind, text, retry_after) in [
        (
            Kind::TimedOut { after: wait },
            "shop: timed out after 1.5s",
            None,
        ),
        (
            Kind::CircuitOpen { retry_after: wait },
            "shop: circuit breaker open, retry after 1.5s",
            Some(wait),
        ),
        (
            Kind::RateLimited { retry_after: wait },
            "shop: rate limited, retry after 1.5s",
            Some(wait),
        ),
        (Kind::BulkheadFull, "shop: bulkhead full", None),
        (
            Kind::ConcurrencyLimited,
            "shop: concurrency limit reached",
            None,
        ),
        (Kind::FaultInjected, "shop: fault injected", None),
    ] {
        let error = PolicyError::new(kind, "shop");
        assert_eq!(error.to_string(), text);
        assert_eq!(
            (error.kind(), error.site(), error.retry_after()),
            (kind, "shop", retry_after)
        );
        let boxed: Boxed = error.clone().into();
        assert_eq!(boxed.to_string(), text);
        let io: io::Error = error.into();
        assert_eq!(io.to_string(), text);
    }
}
