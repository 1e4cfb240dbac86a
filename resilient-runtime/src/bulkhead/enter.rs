//! The way in: a place at once, or after a wait, or none.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::Sleep;

use super::Bulkhead;
use crate::clock;
use crate::context;
use crate::error::{PolicyError, PolicyErrorKind};
use crate::gate::{Entered, Gate, Gated, Place, Waiter, enter, try_enter};
use crate::site::{Ask, Entry, Lasting};

/// Places in a bulkhead, for one call.
pub(super) type Places<'a> = Place<Entry<'a, Bulkhead>>;

impl Gated for Entry<'_, Bulkhead> {
    fn gate(&self) -> &Gate {
        &self.core
    }

    fn limit(&self) -> u32 {
        self.state.limit()
    }
}

impl Gated for Lasting<Bulkhead> {
    fn gate(&self) -> &Gate {
        self.core()
    }

    fn limit(&self) -> u32 {
        self.state.limit()
    }
}

/// One who asks.
pub(super) enum Entering<'a> {
    Inside(Places<'a>),
    Waits(Waiting<'a>),
    Refused(PolicyError),
}

/// One who waits in the queue.
pub(super) struct Waiting<'a> {
    waiter: Waiter<Entry<'a, Bulkhead>>,
    /// Boxed: few wait, and the futures of all would be larger by it.
    until: Option<Pin<Box<Sleep>>>,
}

impl Bulkhead {
    #[inline]
    pub(super) fn admit<'a>(
        entry: Entry<'a, Self>,
        ask: Ask,
        cx: &mut Context<'_>,
    ) -> Entering<'a> {
        match try_enter(entry, ask.cost) {
            Ok(places) => Entering::Inside(places),
            Err(entry) => Self::queue(entry, ask, cx),
        }
    }

    #[cold]
    fn queue<'a>(entry: Entry<'a, Self>, ask: Ask, cx: &mut Context<'_>) -> Entering<'a> {
        let settings = entry.state.settings.get();
        let max_wait = ask.max_wait.or(settings.max_wait);
        let now = clock::now();
        let overdue = context::nearest_deadline().is_some_and(|deadline| deadline.at <= now);
        if overdue || max_wait.is_some_and(|wait| wait.is_zero()) {
            return Entering::Refused(entry.refuse(PolicyErrorKind::BulkheadFull));
        }
        match enter(entry, ask.cost, settings.max_queue, cx.waker()) {
            Entered::Now(places) => Entering::Inside(places),
            Entered::Full(entry) => Entering::Refused(entry.refuse(PolicyErrorKind::BulkheadFull)),
            Entered::Waits(waiter) => Entering::Waits(Waiting {
                waiter,
                // Further away than the clock reaches is never.
                until: max_wait
                    .and_then(|wait| now.checked_add(wait))
                    .map(|until| Box::pin(tokio::time::sleep_until(until))),
            }),
        }
    }
}

impl<'a> Waiting<'a> {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Places<'a>, PolicyError>> {
        let entry = match self.waiter.poll(cx.waker()) {
            Poll::Ready(Ok(places)) => return Poll::Ready(Ok(places)),
            Poll::Ready(Err(entry)) => Some(entry),
            Poll::Pending => {
                let over = self.until.as_mut().map(|until| until.as_mut().poll(cx));
                match over {
                    Some(Poll::Ready(())) => self.waiter.give_up(),
                    _ => None,
                }
            }
        };
        match entry {
            Some(entry) => Poll::Ready(Err(entry.refuse(PolicyErrorKind::BulkheadFull))),
            None => {
                context::note_wait();
                Poll::Pending
            }
        }
    }
}
