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
    pub struct RateLimitCall<'a, F, W: Way<'a, RateLimiter> = &'a RateLimiter> {
        #[pin]
        inner: F,
        stage: Stage<'a, W>,
    }
}

enum Stage<'a, W: Way<'a, RateLimiter>> {
    /// Not polled yet.
    Asking(W, Ask),
    Waiting(Pin<Box<Waiting<'a>>>),
    /// Admitted, or the layer is switched off.
    Free,
}

impl<'a, F, W: Way<'a, RateLimiter>> RateLimitCall<'a, F, W> {
    #[inline(always)]
    pub(super) fn new(way: W, inner: F) -> Self {
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

impl<'a, F, T, X, W> Future for RateLimitCall<'a, F, W>
where
    F: Future<Output = Result<T, X>>,
    X: Failing,
    W: Way<'a, RateLimiter>,
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

impl<'a, F, W: Way<'a, RateLimiter>> fmt::Debug for RateLimitCall<'a, F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitCall").finish_non_exhaustive()
    }
}
