//! A span for each attempt, where a subscriber wants to know that much.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::verdict::Failing;

pin_project! {
    /// An attempt in a span of its own: `attempt`, with the site, its number (the first is 1), and at its end the
    /// `outcome`.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Spanned<F> {
        #[pin]
        inner: F,
        span: Span,
    }
}

impl<F> Spanned<F> {
    #[inline(always)]
    pub(crate) const fn new(span: Span, inner: F) -> Self {
        Self { inner, span }
    }
}

impl<F, T, X> Future for Spanned<F>
where
    F: Future<Output = Result<T, X>>,
    X: Failing,
{
    type Output = F::Output;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let polled = {
            let _entered = this.span.enter();
            this.inner.poll(cx)
        };
        match polled {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(value)) => {
                this.span.end_well();
                Poll::Ready(Ok(value))
            }
            Poll::Ready(Err(failure)) => {
                this.span.fail(&failure);
                Poll::Ready(Err(failure))
            }
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod untraced {
    use crate::site::Caller;

    #[derive(Debug)]
    pub(crate) struct Span;

    impl Span {
        /// Of what is no attempt.
        pub(crate) const NONE: Self = Self;

        #[inline]
        pub(crate) fn of(_: Caller, _: u32) -> Self {
            Self
        }

        #[inline]
        pub(super) fn enter(&self) -> Option<std::convert::Infallible> {
            None
        }

        #[inline]
        pub(super) fn end_well(&mut self) {}

        #[inline]
        pub(super) fn fail<X>(&mut self, _: &X) {}
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) use untraced::Span;

#[cfg(feature = "tracing")]
mod traced {
    use tracing::field::Empty;
    use tracing::level_filters::LevelFilter;

    use crate::error::PolicyErrorKind;
    use crate::site::Caller;
    use crate::verdict::{Cause, Failing};

    /// Boxed: few want it, and all futures would be larger by it.
    #[derive(Debug)]
    pub(crate) struct Span(Option<Box<tracing::Span>>);

    impl Span {
        /// Of what is no attempt.
        pub(crate) const NONE: Self = Self(None);

        #[inline]
        pub(crate) fn of(caller: Caller, attempt: u32) -> Self {
            if LevelFilter::current() >= LevelFilter::DEBUG {
                Self::begin(caller, attempt)
            } else {
                Self::NONE
            }
        }

        #[cold]
        fn begin(caller: Caller, attempt: u32) -> Self {
            let span = tracing::debug_span!(
                target: "resilient_runtime",
                "attempt",
                site = caller.name(),
                attempt,
                outcome = Empty
            );
            Self((!span.is_disabled()).then(|| Box::new(span)))
        }

        #[inline(always)]
        pub(super) fn enter(&self) -> Entered<'_> {
            Entered(self.0.as_deref().map(enter))
        }

        #[inline(always)]
        pub(super) fn end_well(&mut self) {
            if let Some(span) = self.0.take() {
                end(span, "ok");
            }
        }

        #[inline(always)]
        pub(super) fn fail<X: Failing>(&mut self, failure: &X) {
            if let Some(span) = self.0.take() {
                end(span, failed(failure));
            }
        }
    }

    /// Until it is dropped, what is polled is in the span.
    pub(super) struct Entered<'a>(Option<tracing::span::Entered<'a>>);

    impl Drop for Entered<'_> {
        #[inline(always)]
        fn drop(&mut self) {
            if let Some(entered) = self.0.take() {
                leave(entered);
            }
        }
    }

    #[cold]
    fn enter(span: &tracing::Span) -> tracing::span::Entered<'_> {
        span.enter()
    }

    #[cold]
    fn leave(entered: tracing::span::Entered<'_>) {
        drop(entered);
    }

    #[cold]
    #[expect(
        clippy::boxed_local,
        reason = "it is freed here, and not wherever an attempt ends"
    )]
    fn end(span: Box<tracing::Span>, outcome: &'static str) {
        span.record("outcome", outcome);
    }

    #[cold]
    fn drop_unended(span: Box<tracing::Span>) {
        let panics = std::thread::panicking();
        end(span, if panics { "panicked" } else { "dropped" });
    }

    fn failed(failure: &impl Failing) -> &'static str {
        match failure.verdict().cause {
            Cause::Policy(PolicyErrorKind::TimedOut { .. }) => "timed out",
            Cause::Error(_) | Cause::Policy(PolicyErrorKind::FaultInjected) => "error",
            Cause::Policy(_) => "refused",
        }
    }

    impl Drop for Span {
        #[inline(always)]
        fn drop(&mut self) {
            if let Some(span) = self.0.take() {
                drop_unended(span);
            }
        }
    }
}

#[cfg(feature = "tracing")]
pub(crate) use traced::Span;
