//! A call under an adaptive limit.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::permit::LimitPermit;
use super::{AdaptiveConcurrency, LimitAlgorithm, LimitOutcome};
use crate::classify::ErrorClass;
use crate::clock::{self, Moment};
use crate::error::{PolicyError, PolicyErrorKind};
use crate::gate::{self, Entering, Queueing, Waiting};
use crate::site::{Entry, Way};
use crate::verdict::{Cause, Failing, Failure};

pin_project! {
    /// A call under an adaptive limit. Made by [`AdaptiveConcurrency::call`].
    #[must_use = "futures do nothing unless polled"]
    pub struct AdaptiveCall<
        'a,
        F,
        A: LimitAlgorithm,
        W: Way<'a, AdaptiveConcurrency<A>> = &'a AdaptiveConcurrency<A>,
    > {
        // Dropped before the place that it works in.
        #[pin]
        inner: F,
        stage: Stage<'a, A, W>,
    }
}

type Door<'a, A> = Entry<'a, AdaptiveConcurrency<A>>;

enum Stage<'a, A: LimitAlgorithm, W: Way<'a, AdaptiveConcurrency<A>>> {
    /// Not polled yet.
    Asking(W),
    /// Boxed: few wait, and the futures of all would be larger by it.
    Waiting(W, Box<Waiting<Door<'a, A>>>),
    Inside(LimitPermit<'a, A, W>),
    /// Switched off, or done.
    Free,
}

impl<'a, F, A: LimitAlgorithm, W: Way<'a, AdaptiveConcurrency<A>>> AdaptiveCall<'a, F, A, W> {
    #[inline(always)]
    pub(super) const fn new(way: W, inner: F) -> Self {
        Self {
            inner,
            stage: Stage::Asking(way),
        }
    }
}

impl<'a, F, T, X, A, W> Future for AdaptiveCall<'a, F, A, W>
where
    F: Future<Output = Result<T, X>>,
    X: Failing,
    A: LimitAlgorithm,
    W: Way<'a, AdaptiveConcurrency<A>>,
{
    type Output = Result<T, Failure<X::Error>>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Stage::Asking(way) = *this.stage {
            this.stage.put(Stage::Free);
            if let Some(entry) = way.entry() {
                let now = clock::entry();
                match gate::try_enter(entry, way.ask().cost) {
                    Ok(place) => this
                        .stage
                        .put(Stage::Inside(LimitPermit::new(place, way, now))),
                    Err(entry) => match queue(entry, way, cx) {
                        Entering::Inside(place) => {
                            this.stage
                                .put(Stage::Inside(LimitPermit::new(place, way, now)));
                        }
                        Entering::Waits(waiting) => {
                            // Without this a queue that takes all would keep the limit from growing.
                            if let Some(entry) = way.entry() {
                                found_full(&entry, now);
                            }
                            *this.stage = Stage::Waiting(way, Box::new(waiting));
                        }
                        Entering::Refused(entry) => return refuse(entry, now),
                    },
                }
            }
        }
        if let Stage::Waiting(way, waiting) = this.stage {
            let way = *way;
            let entered = ready!(waiting.poll(cx));
            *this.stage = Stage::Free;
            match entered {
                // The time in the queue is not the service's.
                Ok(place) => {
                    *this.stage = Stage::Inside(LimitPermit::new(place, way, clock::moment()));
                }
                Err(entry) => return refuse(entry, clock::moment()),
            }
        }
        let polling = this.stage.inside().map(LimitPermit::poll);
        let polled = this.inner.poll(cx);
        let polling = polling.map(|(polling, carrying)| {
            drop(carrying);
            polling
        });
        if let (Some(polling), Some(permit)) = (polling, this.stage.inside()) {
            permit.polled(polling, polled.is_pending());
        }
        match &polled {
            Poll::Ready(Ok(_)) => this.stage.settle(LimitOutcome::Sample),
            Poll::Ready(Err(failure)) => this.stage.settle_failed(counts_as(failure)),
            Poll::Pending => {}
        }
        polled.map_err(Failing::into_failure)
    }
}

impl<'a, A: LimitAlgorithm, W: Way<'a, AdaptiveConcurrency<A>>> Stage<'a, A, W> {
    #[inline(always)]
    fn settle(&mut self, outcome: LimitOutcome) {
        if let Self::Inside(permit) = self {
            permit.settle(outcome, clock::moment);
            permit.release();
            self.put(Self::Free);
        }
    }

    #[inline(always)]
    fn inside(&mut self) -> Option<&mut LimitPermit<'a, A, W>> {
        match self {
            Self::Inside(permit) => Some(permit),
            _ => None,
        }
    }

    /// Over one that needs no drop.
    #[inline(always)]
    fn put(&mut self, next: Self) {
        mem::forget(mem::replace(self, next));
    }

    #[inline(never)]
    fn settle_failed(&mut self, outcome: LimitOutcome) {
        self.settle(outcome);
    }
}

#[cold]
fn queue<'a, A: LimitAlgorithm>(
    entry: Door<'a, A>,
    way: impl Way<'a, AdaptiveConcurrency<A>>,
    cx: &mut Context<'_>,
) -> Entering<Door<'a, A>> {
    let ask = way.ask();
    let queueing = entry.settings(|settings| Queueing {
        max_queue: settings.max_queue,
        max_wait: ask.max_wait().or(settings.max_wait),
    });
    gate::queue(entry, ask.cost, queueing, cx)
}

#[cold]
fn refuse<A: LimitAlgorithm, T, E>(entry: Door<'_, A>, now: Moment) -> Poll<Result<T, Failure<E>>> {
    Poll::Ready(Err(Failure::Policy(refusal(&entry, now))))
}

/// Refusals are part of what the rule goes by.
#[cold]
pub(super) fn refusal<A: LimitAlgorithm>(entry: &Door<'_, A>, now: Moment) -> PolicyError {
    found_full(entry, now);
    entry.refuse(PolicyErrorKind::ConcurrencyLimited)
}

fn found_full<A: LimitAlgorithm>(entry: &Door<'_, A>, now: Moment) {
    entry.settings(|settings| entry.core.refused(settings, now));
}

/// The limit's column of the table of outcomes.
fn counts_as<X: Failing>(failure: &X) -> LimitOutcome {
    let verdict = failure.verdict();
    match verdict.cause {
        Cause::Policy(_) if verdict.says_nothing => LimitOutcome::Ignored,
        Cause::Error(ErrorClass::Overload) | Cause::Policy(PolicyErrorKind::TimedOut { .. }) => {
            LimitOutcome::Dropped
        }
        Cause::Error(_) => LimitOutcome::Sample,
        Cause::Policy(_) => LimitOutcome::Ignored,
    }
}

impl<'a, F, A: LimitAlgorithm, W: Way<'a, AdaptiveConcurrency<A>>> fmt::Debug
    for AdaptiveCall<'a, F, A, W>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdaptiveCall").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
