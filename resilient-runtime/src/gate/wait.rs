//! The way in for a call that may wait, and for how long.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

use super::place::{Account, Entered, Gated, Place, Waiter, enter};
use crate::clock;
use crate::context;
use crate::stats::Began;

/// Who may wait, and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Queueing {
    pub(crate) max_queue: u32,
    /// Without one, as long as nobody drops the call.
    pub(crate) max_wait: Option<Duration>,
}

/// What becomes of one who asks.
pub(crate) enum Entering<G: Gated> {
    Inside(Place<G>),
    Waits(Waiting<G>),
    Refused(G),
}

/// One who waits in the queue.
pub(crate) struct Waiting<G: Gated> {
    waiter: Waiter<G>,
    /// Boxed: few have one, and it has to be pinned.
    until: Option<Pin<Box<Sleep>>>,
    began: Began,
}

/// For one who did not get places at once: a place in the queue, or what has become free meanwhile.
#[cold]
pub(crate) fn queue<G: Gated>(
    gated: G,
    cost: u32,
    may: Queueing,
    cx: &mut Context<'_>,
) -> Entering<G> {
    let now = clock::now();
    if context::is_overdue() || may.max_wait.is_some_and(|wait| wait.is_zero()) {
        return Entering::Refused(gated);
    }
    let began = gated.account().caller.begin(|| now.into());
    match enter(gated, cost, may.max_queue, cx.waker()) {
        Entered::Now(place) => Entering::Inside(place),
        Entered::Full(gated) => Entering::Refused(gated),
        Entered::Waits(waiter) => Entering::Waits(Waiting {
            waiter,
            began,
            // Further away than the clock reaches is never.
            until: may
                .max_wait
                .and_then(|wait| now.checked_add(wait))
                .into_iter()
                .chain(context::end_of_waits())
                .min()
                .map(|until| Box::pin(tokio::time::sleep_until(until))),
        }),
    }
}

impl<G: Gated> Waiting<G> {
    /// The places; or what asked, if it is not to wait any longer.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Place<G>, G>> {
        // Polled late: the call would be cut off as it begins, by a limit that is about to see this.
        let overdue = context::overdue();
        if overdue.is_some_and(|nearest| nearest.cuts_off) {
            context::note_wait();
            return Poll::Pending;
        }
        if overdue.is_none()
            && let Poll::Ready(answer) = self.waiter.poll(cx.waker())
        {
            if let Ok(place) = &answer {
                let Account { caller, waited, .. } = place.gated().account();
                caller.end(waited, self.began);
            }
            return Poll::Ready(answer);
        }
        let mut over = || self.until.as_mut().map(|until| until.as_mut().poll(cx));
        if (overdue.is_some() || over().is_some_and(|over| over.is_ready()))
            && let Some(gated) = self.waiter.give_up()
        {
            return Poll::Ready(Err(gated));
        }
        context::note_wait();
        Poll::Pending
    }
}
