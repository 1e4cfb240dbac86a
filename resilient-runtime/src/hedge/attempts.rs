//! The attempts of one call, polled as one.

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::context;
use crate::error::PolicyErrorKind;
use crate::verdict::{Cause, Failing};

/// The hedges begun, in their order; one that has failed is gone.
pub(super) type Hedges<F> = Vec<Option<Pin<Box<F>>>>;

/// The attempts of one call; the first one has the number zero, and is gone if it has failed.
pub(super) struct Attempts<'p, F> {
    pub(super) first: Pin<&'p mut Option<F>>,
    pub(super) hedges: &'p mut Hedges<F>,
    /// The first one was ended by a time limit.
    pub(super) first_timed_out: bool,
}

/// What came of polling all of them.
pub(super) enum Round<T, X> {
    /// This one succeeded.
    Won(usize, T),
    /// The last one that ran has failed.
    Failed(X),
    /// Some run.
    Pending {
        /// They do nothing but wait in layers of ours.
        only_wait: bool,
        /// A circuit breaker inside of one is not closed.
        breaker_holds: bool,
    },
}

impl<F> Attempts<'_, F> {
    /// Polls all of them, that of number `from` first.
    pub(super) fn poll<T, X>(&mut self, from: usize, cx: &mut Context<'_>) -> Round<T, X>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        let all = self.hedges.len() + 1;
        let mut failure = None;
        let mut run = false;
        let mut only_wait = true;
        let holding = context::holding_breakers();
        for number in (from..all).chain(0..from) {
            let Some(attempt) = self.get(number) else {
                continue;
            };
            let waits = context::waits();
            match attempt.poll(cx) {
                Poll::Pending => {
                    run = true;
                    only_wait &= context::waits() != waits;
                }
                Poll::Ready(Ok(value)) => return Round::Won(number, value),
                Poll::Ready(Err(error)) => {
                    self.end(number);
                    if number == 0 {
                        let cause = error.verdict().cause;
                        self.first_timed_out =
                            matches!(cause, Cause::Policy(PolicyErrorKind::TimedOut { .. }));
                    }
                    failure = Some(error);
                }
            }
        }
        match failure {
            _ if run => Round::Pending {
                only_wait,
                breaker_holds: context::holding_breakers() != holding,
            },
            Some(error) => Round::Failed(error),
            None => panic!("`HedgeCall` polled after it was ready"),
        }
    }

    /// Drops all of them.
    pub(super) fn end_all(&mut self) {
        self.first.set(None);
        self.hedges.clear();
    }

    fn get(&mut self, number: usize) -> Option<Pin<&mut F>> {
        match number.checked_sub(1) {
            None => self.first.as_mut().as_pin_mut(),
            Some(hedge) => self.hedges.get_mut(hedge)?.as_mut().map(Pin::as_mut),
        }
    }

    fn end(&mut self, number: usize) {
        match number.checked_sub(1) {
            None => self.first.set(None),
            Some(hedge) => self.hedges[hedge] = None,
        }
    }
}
