//! A span for each attempt, where a subscriber wants to know that much.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::site::Caller;
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
    #[inline]
    pub(crate) fn new(caller: Caller, attempt: u32, inner: F) -> Self {
        let span = Span::of(caller, attempt);
        Self { inner, span }
    }

    /// No attempt of anybody's.
    #[inline]
    pub(crate) const fn none(inner: F) -> Self {
        Self {
            inner,
            span: Span::NONE,
        }
    }
}

impl<F, T, X> Future for Spanned<F>
where
    F: Future<Output = Result<T, X>>,
    X: Failing,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let polled = {
            let _entered = this.span.enter();
            this.inner.poll(cx)
        };
        if let Poll::Ready(outcome) = &polled {
            this.span.end(outcome);
        }
        polled
    }
}

#[cfg(not(feature = "tracing"))]
#[derive(Debug)]
struct Span;

#[cfg(not(feature = "tracing"))]
impl Span {
    const NONE: Self = Self;

    #[inline]
    fn of(_: Caller, _: u32) -> Self {
        Self
    }

    #[inline]
    fn enter(&self) {}

    #[inline]
    fn end<T, X>(&mut self, _: &Result<T, X>) {}
}

/// Boxed: few want it, and all futures would be larger by it.
#[cfg(feature = "tracing")]
#[derive(Debug)]
struct Span(Option<Box<tracing::Span>>);

#[cfg(feature = "tracing")]
mod traced {
    use tracing::field::Empty;
    use tracing::level_filters::LevelFilter;
    use tracing::span::Entered;

    use super::Span;
    use crate::error::PolicyErrorKind;
    use crate::site::Caller;
    use crate::verdict::{Cause, Failing};

    impl Span {
        pub(super) const NONE: Self = Self(None);

        #[inline]
        pub(super) fn of(caller: Caller, attempt: u32) -> Self {
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

        #[inline]
        pub(super) fn enter(&self) -> Option<Entered<'_>> {
            self.0.as_ref().map(|span| span.enter())
        }

        #[inline]
        pub(super) fn end<T, X: Failing>(&mut self, outcome: &Result<T, X>) {
            if let Some(span) = self.0.take() {
                span.record("outcome", ended(outcome));
            }
        }
    }

    fn ended<T, X: Failing>(outcome: &Result<T, X>) -> &'static str {
        let Err(failure) = outcome else {
            return "ok";
        };
        match failure.verdict().cause {
            Cause::Policy(PolicyErrorKind::TimedOut { .. }) => "timed out",
            Cause::Error(_) | Cause::Policy(PolicyErrorKind::FaultInjected) => "error",
            Cause::Policy(_) => "refused",
        }
    }

    impl Drop for Span {
        #[inline]
        fn drop(&mut self) {
            if let Some(span) = self.0.take() {
                let panics = std::thread::panicking();
                span.record("outcome", if panics { "panicked" } else { "dropped" });
            }
        }
    }
}
