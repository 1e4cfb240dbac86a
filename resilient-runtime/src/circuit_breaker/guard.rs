//! A call through a circuit breaker.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::CircuitBreaker;
use super::permit::{BreakerPermit, CallOutcome};
use crate::classify::ErrorClass;
use crate::clock;
use crate::error::PolicyErrorKind;
use crate::rules::{Rules, Test};
use crate::site::Way;
use crate::verdict::{Cause, Failing, Failure};

pin_project! {
    /// A call through a circuit breaker. Made by [`CircuitBreaker::call`].
    #[must_use = "futures do nothing unless polled"]
    pub struct BreakerCall<'a, F, R> {
        #[pin]
        inner: F,
        rules: R,
        stage: Stage<'a>,
    }
}

enum Stage<'a> {
    /// Not polled yet.
    Asking(Way<'a, CircuitBreaker>),
    Admitted(BreakerPermit<'a>),
    /// Switched off, or done.
    Free,
}

impl<'a, F, R> BreakerCall<'a, F, R> {
    pub(super) fn new(way: Way<'a, CircuitBreaker>, rules: R, inner: F) -> Self {
        Self {
            inner,
            rules,
            stage: Stage::Asking(way),
        }
    }
}

impl<F, T, X, R, When, WhenOk, Ignore, OnRetry, Pauses> Future
    for BreakerCall<'_, F, Rules<R, When, WhenOk, Ignore, OnRetry, Pauses>>
where
    F: Future<Output = Result<T, X>>,
    X: Failing,
    When: Test<X::Error>,
    WhenOk: Test<T>,
    Ignore: Test<X::Error>,
{
    type Output = Result<T, Failure<X::Error>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Stage::Asking(way) = *this.stage {
            *this.stage = Stage::Free;
            if let Some(entry) = way.entry() {
                *this.stage = match CircuitBreaker::enter(entry) {
                    Ok(permit) => Stage::Admitted(permit),
                    Err(refusal) => return Poll::Ready(Err(Failure::Policy(refusal))),
                };
            }
        }
        let Stage::Admitted(permit) = this.stage else {
            return this.inner.poll(cx).map_err(Failing::into_failure);
        };
        let outcome = ready!(permit.poll(|| this.inner.poll(cx)));
        permit.settle(counts_as(&outcome, this.rules), clock::now);
        *this.stage = Stage::Free;
        Poll::Ready(outcome.map_err(Failing::into_failure))
    }
}

/// The breaker's column of the table of outcomes.
fn counts_as<T, X, R, When, WhenOk, Ignore, OnRetry, Pauses>(
    outcome: &Result<T, X>,
    rules: &Rules<R, When, WhenOk, Ignore, OnRetry, Pauses>,
) -> CallOutcome
where
    X: Failing,
    When: Test<X::Error>,
    WhenOk: Test<T>,
    Ignore: Test<X::Error>,
{
    let failed = |failed| {
        if failed {
            CallOutcome::Failure
        } else {
            CallOutcome::Success
        }
    };
    let failure = match outcome {
        Ok(value) => return failed(rules.when_ok.test(value).unwrap_or(false)),
        Err(failure) => failure,
    };
    let error = failure.error();
    if error.and_then(|error| rules.ignore.test(error)) == Some(true) {
        return CallOutcome::Neutral;
    }
    let verdict = failure.verdict();
    match verdict.cause {
        Cause::Policy(_) if verdict.says_nothing => CallOutcome::Neutral,
        Cause::Policy(PolicyErrorKind::TimedOut { .. } | PolicyErrorKind::FaultInjected) => {
            CallOutcome::Failure
        }
        Cause::Policy(_) => CallOutcome::Neutral,
        Cause::Error(class) => match (error.and_then(|error| rules.when.test(error)), class) {
            (Some(by_rule), _) => failed(by_rule),
            (None, ErrorClass::Transient | ErrorClass::ServerFault) => CallOutcome::Failure,
            (None, ErrorClass::CallerFault) => CallOutcome::Success,
            (None, ErrorClass::Overload) => CallOutcome::Overload,
        },
    }
}

impl<F, R> fmt::Debug for BreakerCall<'_, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerCall").finish_non_exhaustive()
    }
}
