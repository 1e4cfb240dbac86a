//! A call through a circuit breaker.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::permit::{Call, CallOutcome, Inside};
use super::{CircuitBreaker, is_timed};
use crate::classify::ErrorClass;
use crate::clock;
use crate::context::{self, HoldingBreakerScope};
use crate::dropped::Watch;
use crate::error::PolicyErrorKind;
use crate::rules::{Rules, Test};
use crate::site::{Entry, Way};
use crate::verdict::{Cause, Failing, Failure};

pin_project! {
    /// A call through a circuit breaker. Made by [`CircuitBreaker::call`].
    #[must_use = "futures do nothing unless polled"]
    pub struct BreakerCall<'a, F, R, W: Way<'a, CircuitBreaker> = &'a CircuitBreaker> {
        #[pin]
        inner: F,
        rules: R,
        stage: Stage<'a, W>,
    }
}

enum Stage<'a, W: Way<'a, CircuitBreaker>> {
    /// Not polled yet.
    Asking(W),
    Admitted(Inside<'a, W>),
    /// Switched off.
    Free,
}

impl<'a, F, R, W: Way<'a, CircuitBreaker>> BreakerCall<'a, F, R, W> {
    #[inline(always)]
    pub(super) fn new(way: W, rules: R, inner: F) -> Self {
        Self {
            inner,
            rules,
            stage: Stage::Asking(way),
        }
    }
}

impl<'a, F, T, X, R, When, WhenOk, Ignore, OnRetry, Pauses, W> Future
    for BreakerCall<'a, F, Rules<R, When, WhenOk, Ignore, OnRetry, Pauses>, W>
where
    F: Future<Output = Result<T, X>>,
    X: Failing,
    When: Test<X::Error>,
    WhenOk: Test<T>,
    Ignore: Test<X::Error>,
    W: Way<'a, CircuitBreaker>,
{
    type Output = Result<T, Failure<X::Error>>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // By itself: what has to be dropped, if the body panics, lies in memory with all that is beside it.
        let mut _holding = None;
        let under = match this.stage {
            Stage::Asking(way) => match way.entry() {
                Some(entry) => {
                    let admitted = match entry.core.admit_closed() {
                        Some(admitted) => (admitted, entry.settings(is_timed)),
                        None => match CircuitBreaker::enter(&entry) {
                            Ok(admitted) => {
                                _holding = hold_back(&entry);
                                admitted
                            }
                            Err(retry_after) => {
                                let refusal = CircuitBreaker::refusal(&entry.clone(), retry_after);
                                return Poll::Ready(Err(Failure::Policy(refusal)));
                            }
                        },
                    };
                    let (admitted, timed) = admitted;
                    Some((entry, Call::new(*way, admitted, Watch::new(timed))))
                }
                None => {
                    *this.stage = Stage::Free;
                    None
                }
            },
            Stage::Admitted(Inside(call)) => call.entry().map(|entry| {
                _holding = hold_back(&entry);
                (entry, *call)
            }),
            Stage::Free => None,
        };
        let under = match under {
            Some((entry, mut call)) => {
                let polling = call.watch.poll();
                this.stage.put(Stage::Admitted(Inside(call)));
                Some((entry, call, polling))
            }
            None => None,
        };
        let polled = this.inner.poll(cx);
        drop(_holding);
        if let Some((entry, mut call, polling)) = under {
            call.polled(&entry, polling, polled.is_pending());
            // A rule may panic: until it has spoken, the stage has to be as it was in the poll.
            if let Poll::Ready(Ok(value)) = &polled {
                let rejected = this.rules.when_ok.test(value).unwrap_or(false);
                this.stage.put(Stage::Free);
                call.settle(&entry, if_failed(rejected), clock::moment);
            } else if let Poll::Ready(Err(failure)) = &polled {
                let outcome = counts_as(failure, this.rules);
                this.stage.put(Stage::Free);
                settle_failed(call, entry.clone(), outcome);
            } else {
                this.stage.put(Stage::Admitted(Inside(call)));
            }
        }
        polled.map_err(Failing::into_failure)
    }
}

impl<'a, W: Way<'a, CircuitBreaker>> Stage<'a, W> {
    /// In place of one that is not to be dropped.
    #[inline(always)]
    fn put(&mut self, next: Self) {
        mem::forget(mem::replace(self, next));
    }
}

/// To be held while the call is polled.
#[inline]
fn hold_back(entry: &Entry<'_, CircuitBreaker>) -> Option<HoldingBreakerScope> {
    let holds_back = entry.core.holds_back();
    holds_back.then(context::enter_holding_breaker)
}

#[cold]
fn settle_failed<'a, W: Way<'a, CircuitBreaker>>(
    mut call: Call<'a, W>,
    entry: Entry<'a, CircuitBreaker>,
    outcome: CallOutcome,
) {
    call.settle(&entry, outcome, clock::moment);
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

impl<'a, F, R, W: Way<'a, CircuitBreaker>> fmt::Debug for BreakerCall<'a, F, R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerCall").finish_non_exhaustive()
    }
}
