//! One attempt of several.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::context;
use crate::event::{Span, Spanned};
use crate::verdict::Failing;

pin_project! {
    /// An attempt that tells what runs inside how many came before it.
    /// Made by [`Attempts::attempt`](crate::Attempts::attempt).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Attempt<F> {
        before: u32,
        #[pin]
        inner: Spanned<F>,
    }
}

/// An attempt that has begun. Made by [`Attempts::start`](crate::Attempts::start).
#[derive(Debug)]
#[must_use = "an attempt does nothing without its work"]
pub struct StartedAttempt {
    before: u32,
    span: Span,
}

impl StartedAttempt {
    #[inline(always)]
    pub(super) fn new(before: u32, span: Span) -> Self {
        Self { before, span }
    }

    /// With its work.
    #[inline(always)]
    pub fn run<F, T, X>(self, attempt: F) -> Attempt<F>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        Attempt {
            before: self.before,
            inner: Spanned::new(self.span, attempt),
        }
    }
}

impl<F, T, X> Future for Attempt<F>
where
    F: Future<Output = Result<T, X>>,
    X: Failing,
{
    type Output = F::Output;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _again = (*this.before != 0).then(|| context::enter_attempt(*this.before));
        this.inner.poll(cx)
    }
}
