//! A call through a bulkhead.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::Bulkhead;
use super::enter::{queue, refusal};
use crate::carry::Holding;
use crate::gate::{self, Entering, Waiting};
use crate::site::{Ask, Entry, Way};
use crate::verdict::{Failing, Failure};

pin_project! {
    /// A call through a bulkhead. Made by [`Bulkhead::call`].
    #[must_use = "futures do nothing unless polled"]
    pub struct BulkheadCall<'a, F, W: Way<'a, Bulkhead> = &'a Bulkhead> {
        // Dropped before the places that it works in.
        #[pin]
        inner: F,
        stage: Stage<'a, W>,
    }
}

enum Stage<'a, W: Way<'a, Bulkhead>> {
    /// Not polled yet.
    Asking(W, Ask),
    /// Boxed: few wait, and the futures of all would be larger by it.
    Waiting(W, Box<Waiting<Entry<'a, Bulkhead>>>),
    /// Its places go back when the call is over.
    Inside(Holding<'a, Bulkhead, W>),
    /// Switched off, or done.
    Free,
}

impl<'a, F, W: Way<'a, Bulkhead>> BulkheadCall<'a, F, W> {
    #[inline(always)]
    pub(super) fn new(way: W, inner: F) -> Self {
        Self {
            inner,
            stage: Stage::Asking(way, way.ask()),
        }
    }

    /// Asks for that many places, at least one. Means nothing once it was polled.
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

impl<'a, F, T, X, W> Future for BulkheadCall<'a, F, W>
where
    F: Future<Output = Result<T, X>>,
    X: Failing,
    W: Way<'a, Bulkhead>,
{
    type Output = Result<T, Failure<X::Error>>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Stage::Asking(way, ask) = *this.stage {
            this.stage.put(Stage::Free);
            if let Some(entry) = way.entry() {
                match gate::try_enter(entry, ask.cost) {
                    Ok(places) => this.stage.put(Stage::Inside(Holding::new(places, way))),
                    Err(entry) => match queue(entry, ask, cx) {
                        Entering::Inside(places) => {
                            *this.stage = Stage::Inside(Holding::new(places, way));
                        }
                        Entering::Waits(waiting) => {
                            *this.stage = Stage::Waiting(way, Box::new(waiting));
                        }
                        Entering::Refused(entry) => {
                            return Poll::Ready(Err(Failure::Policy(refusal(entry))));
                        }
                    },
                }
            }
        }
        if let Stage::Waiting(way, waiting) = this.stage {
            let entered = ready!(waiting.poll(cx));
            let way = *way;
            *this.stage = Stage::Free;
            *this.stage = Stage::Inside(Holding::new(entered.map_err(refusal)?, way));
        }
        let carrying = this.stage.inside().map(Holding::poll);
        let polled = this.inner.poll(cx);
        drop(carrying);
        if polled.is_ready()
            && let Some(inside) = this.stage.inside()
        {
            inside.release();
            this.stage.put(Stage::Free);
        }
        polled.map_err(Failing::into_failure)
    }
}

impl<'a, W: Way<'a, Bulkhead>> Stage<'a, W> {
    #[inline(always)]
    fn inside(&mut self) -> Option<&mut Holding<'a, Bulkhead, W>> {
        match self {
            Self::Inside(inside) => Some(inside),
            _ => None,
        }
    }

    /// Over one that needs no drop.
    #[inline(always)]
    fn put(&mut self, next: Self) {
        mem::forget(mem::replace(self, next));
    }
}

impl<'a, F, W: Way<'a, Bulkhead>> fmt::Debug for BulkheadCall<'a, F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkheadCall").finish_non_exhaustive()
    }
}
