//! A call through a circuit breaker.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::CircuitBreaker;
use super::permit::{CallOutcome, Inside};
use crate::classify::ErrorClass;
use crate::clock;
use crate::dropped::Watch;
use crate::error::PolicyErrorKind;
use crate::rules::{Rules, Test};
use crate::site::{Entry, Way};
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
    Admitted(Inside<'a, Way<'a, CircuitBreaker>>),
    /// Switched off, or done.
    Free,
}

impl<'a, F, R> BreakerCall<'a, F, R> {
    #[inline(always)]
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

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Stage::Asking(way) = *this.stage {
            *this.stage = Stage::Free;
            if let Some(entry) = way.entry() {
                let (admitted, timed) = match CircuitBreaker::enter(&entry) {
                    Ok(admitted) => admitted,
                    Err(retry_after) => {
                        let refusal = CircuitBreaker::refusal(&entry, retry_after);
                        return Poll::Ready(Err(Failure::Policy(refusal)));
                    }
                };
                *this.stage = Stage::Admitted(Inside::new(way, admitted, Watch::new(timed)));
            }
        }
        let Stage::Admitted(inside) = this.stage else {
            return this.inner.poll(cx).map_err(Failing::into_failure);
        };
        let Some(entry) = inside.entry() else {
            return this.inner.poll(cx).map_err(Failing::into_failure);
        };
        let (polling, holding) = inside.poll(&entry);
        let polled = this.inner.poll(cx);
        drop(holding);
        inside.polled(&entry, polling, polled.is_pending());
        if let Poll::Ready(Ok(value)) = &polled {
            let rejected = this.rules.when_ok.test(value).unwrap_or(false);
            this.stage.settle(&entry, if_failed(rejected));
        } else if let Poll::Ready(Err(failure)) = &polled {
            this.stage
                .settle_failed(&entry.clone(), counts_as(failure, this.rules));
        }
        polled.map_err(Failing::into_failure)
    }
}

impl<'a> Stage<'a> {
    #[inline(always)]
    fn settle(&mut self, entry: &Entry<'a, CircuitBreaker>, outcome: CallOutcome) {
        if let Self::Admitted(inside) = self {
            inside.settle(entry, outcome, clock::moment);
            // It needs no drop any more.
            mem::forget(mem::replace(self, Self::Free));
        }
    }

    #[inline(never)]
    fn settle_failed(&mut self, entry: &Entry<'a, CircuitBreaker>, outcome: CallOutcome) {
        self.settle(entry, outcome);
    }
}

const fn if_failed(failed: bool) -> CallOutcome {
    if failed {
        CallOutcome::Failure
    } else {
        CallOutcome::Success
    }
}

/// The breaker's column of the table of outcomes.
fn counts_as<X, R, When, WhenOk, Ignore, OnRetry, Pauses>(
    failure: &X,
    rules: &Rules<R, When, WhenOk, Ignore, OnRetry, Pauses>,
) -> CallOutcome
where
    X: Failing,
    When: Test<X::Error>,
    Ignore: Test<X::Error>,
{
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
            (Some(by_rule), _) => if_failed(by_rule),
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
