//! A fallback by hand.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::by_class;
use crate::event::EventKind;
use crate::site::Caller;
use crate::verdict::Failing;

/// Another answer in place of a failure.
///
/// ```
/// use resilient_runtime::{Fallback, Failure, Timeout};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let asked = std::future::pending::<std::io::Result<u32>>();
/// let asked = Timeout::new(Duration::from_millis(500)).call(asked);
/// let price = Fallback::new().call(asked, |_failure: Failure<_>| async { Ok(100) }).await;
/// assert_eq!(price.unwrap(), 100);
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Fallback {
    name: &'static str,
}

impl Fallback {
    /// A fallback for every failure but a [`CallerFault`](crate::ErrorClass::CallerFault).
    #[must_use]
    pub const fn new() -> Self {
        Self { name: "fallback" }
    }

    /// What it is called in events.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Runs `future`; if it fails, the outcome is what `answer` makes of the failure.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops whichever of the two is under way.
    pub fn call<F, T, X, A, N>(self, future: F, answer: A) -> FallingBack<F, A, N>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
        A: FnOnce(X) -> N,
        N: Future<Output = Result<T, X>>,
    {
        FallingBack {
            name: self.name,
            answer: Some(answer),
            state: State::Trying { future },
        }
    }
}

impl Default for Fallback {
    fn default() -> Self {
        Self::new()
    }
}

pin_project! {
    /// A call with another answer at hand. Made by [`Fallback::call`].
    #[must_use = "futures do nothing unless polled"]
    pub struct FallingBack<F, A, N> {
        name: &'static str,
        answer: Option<A>,
        #[pin]
        state: State<F, N>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, N> {
        Trying { #[pin] future: F },
        Answering { #[pin] answer: N },
    }
}

impl<F, T, X, A, N> Future for FallingBack<F, A, N>
where
    F: Future<Output = Result<T, X>>,
    X: Failing,
    A: FnOnce(X) -> N,
    N: Future<Output = Result<T, X>>,
{
    type Output = Result<T, X>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let outcome = match this.state.as_mut().project() {
                StateProjection::Answering { answer } => return answer.poll(cx),
                StateProjection::Trying { future } => ready!(future.poll(cx)),
            };
            let failure = match outcome {
                Err(failure) if by_class(&failure) => failure,
                outcome => return Poll::Ready(outcome),
            };
            let Some(answer) = this.answer.take() else {
                return Poll::Ready(Err(failure));
            };
            let cause = Some(failure.verdict().cause);
            Caller::Named(this.name).emit(|| EventKind::FallbackUsed { cause });
            this.state.set(State::Answering {
                answer: answer(failure),
            });
        }
    }
}

impl<F, A, N> fmt::Debug for FallingBack<F, A, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallingBack")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
