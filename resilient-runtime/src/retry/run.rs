//! A retry by hand.

use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{Attempt, Attempts, Pause, Retry};
use crate::retry_budget::Within;
use crate::rules::{Grows, Rules, Test, Told};
use crate::verdict::Failing;

pin_project! {
    /// A call that is tried until it succeeds or it is not worth another try.
    /// Made by [`Retry::run`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Retrying<'a, M, F, R> {
        attempt: M,
        attempts: Attempts<'a>,
        rules: R,
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Idle,
        Trying { #[pin] attempt: Attempt<F> },
        Pausing { #[pin] pause: Pause },
        Done,
    }
}

impl<'a, M, F, R> Retrying<'a, M, F, R> {
    pub(super) fn new(settings: Retry, rules: R, attempt: M) -> Self {
        Self {
            attempt,
            attempts: settings.attempts(),
            rules,
            state: State::Idle,
        }
    }

    /// Keeps to a budget: a `&RetryBudget`, or what [`Keyed::get`](crate::Keyed::get) gives for a key.
    /// Without one, retries are bounded by nothing but their count.
    pub fn within(self, budget: impl Into<Within<'a>>) -> Self {
        Self {
            attempts: self.attempts.within(budget),
            ..self
        }
    }
}

impl<M, F, R> fmt::Debug for Retrying<'_, M, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retrying")
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

impl<M, F, T, X, R, When, WhenOk, Ignore, OnRetry, Pauses> Future
    for Retrying<'_, M, F, Rules<R, When, WhenOk, Ignore, OnRetry, Pauses>>
where
    M: FnMut() -> F,
    F: Future<Output = Result<T, X>>,
    X: Failing,
    When: Test<X::Error>,
    WhenOk: Test<T>,
    OnRetry: Told<X::Error>,
    Pauses: Grows,
{
    type Output = Result<T, X>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Done => panic!("`Retrying` polled after it was ready"),
                StateProjection::Idle => {
                    this.attempts.begin();
                    let attempt = (this.attempt)();
                    State::Trying {
                        attempt: this.attempts.attempt(attempt),
                    }
                }
                StateProjection::Pausing { pause } => {
                    ready!(pause.poll(cx));
                    State::Idle
                }
                StateProjection::Trying { attempt } => {
                    let outcome = ready!(attempt.poll(cx));
                    match this.attempts.next_by(outcome, this.rules) {
                        ControlFlow::Break(outcome) => {
                            this.state.set(State::Done);
                            return Poll::Ready(outcome);
                        }
                        ControlFlow::Continue(pause) => State::Pausing { pause },
                    }
                }
            };
            this.state.set(next);
        }
    }
}
