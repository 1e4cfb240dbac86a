//! A call through a rate limiter.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::RateLimiter;
use super::wait::{Asking, Waiting};
use crate::clock;
use crate::site::{Ask, Way};
use crate::verdict::{Failing, Failure};

pin_project! {
    /// A call through a rate limiter. Made by [`RateLimiter::call`].
    #[must_use = "futures do nothing unless polled"]
    pub struct RateLimitCall<'a, F> {
        #[pin]
        inner: F,
        stage: Stage<'a>,
    }
}

enum Stage<'a> {
    /// Not polled yet.
    Asking(Way<'a, RateLimiter>, Ask),
    Waiting(Pin<Box<Waiting<'a>>>),
    /// Admitted, or the layer is switched off.
    Free,
}

impl<'a, F> RateLimitCall<'a, F> {
    #[inline(always)]
    pub(super) fn new(way: Way<'a, RateLimiter>, inner: F) -> Self {
        Self {
            inner,
            stage: Stage::Asking(way, way.ask()),
        }
    }

    /// Asks for that many permits, at least one. Means nothing once it was polled.
    pub fn cost(mut self, cost: u32) -> Self {
        if let Stage::Asking(_, ask) = &mut self.stage {
            ask.set_cost(cost);
        }
        self
    }

    /// Waits this long at the most, whatever the settings say. Means nothing once it was polled.
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        if let Stage::Asking(_, ask) = &mut self.stage {
            ask.set_max_wait(max_wait);
        }
        self
    }
}

impl<F, T, X> Future for RateLimitCall<'_, F>
where
    F: Future<Output = Result<T, X>>,
    X: Failing,
{
    type Output = Result<T, Failure<X::Error>>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Stage::Asking(way, ask) = *this.stage {
            // It needs no drop.
            mem::forget(mem::replace(this.stage, Stage::Free));
            if let Some(entry) = way.entry() {
                let now = clock::entry();
                if !RateLimiter::admits_at_once(&entry, ask, now) {
                    match RateLimiter::admit(entry, ask, now, Some(cx)) {
                        Asking::Admitted => {}
                        Asking::Waits(waiting) => *this.stage = Stage::Waiting(waiting),
                        Asking::Refused(refusal) => {
                            return Poll::Ready(Err(Failure::Policy(refusal)));
                        }
                    }
                }
            }
        }
        if let Stage::Waiting(waiting) = this.stage {
            let admitted = ready!(waiting.as_mut().poll(cx));
            *this.stage = Stage::Free;
            if let Err(refusal) = admitted {
                return Poll::Ready(Err(Failure::Policy(refusal)));
            }
        }
        this.inner.poll(cx).map_err(Failing::into_failure)
    }
}

impl<F> fmt::Debug for RateLimitCall<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitCall").finish_non_exhaustive()
    }
}
