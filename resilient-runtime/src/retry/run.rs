//! A retry by hand.

use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{Attempts, Pause, Retry};
use crate::rules::{Grows, Rules, Test, Told};
use crate::verdict::Failing;

pin_project! {
    /// A call that is tried until it succeeds or it is not worth another try.
    /// Made by [`Retry::run`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Retrying<M, F, R> {
        attempt: M,
        attempts: Attempts,
        rules: R,
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Idle,
        Trying { #[pin] attempt: F },
        Pausing { #[pin] pause: Pause },
        Done,
    }
}

impl<M, F, R> Retrying<M, F, R> {
    pub(super) fn new(settings: Retry, rules: R, attempt: M) -> Self {
        Self {
            attempt,
            attempts: settings.attempts(),
            rules,
            state: State::Idle,
        }
    }
}

impl<M, F, R> fmt::Debug for Retrying<M, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retrying")
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

impl<M, F, T, X, R, When, WhenOk, Ignore, OnRetry, Pauses> Future
    for Retrying<M, F, Rules<R, When, WhenOk, Ignore, OnRetry, Pauses>>
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
                    State::Trying {
                        attempt: (this.attempt)(),
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
