//! Places and waits that are given back when they are dropped.

use std::mem::take;
use std::task::{Poll, Waker, ready};

use super::{Answer, Entry, Gate, Ticket};
use crate::clock::{self, Moment};
use crate::site::Caller;
use crate::stats::{Began, Count, Timing};

/// A gate, and the limit that it is asked with.
pub(crate) trait Gated: Clone {
    fn gate(&self) -> &Gate;

    /// The limit as it stands. It is asked under the lock of the gate.
    fn limit(&self) -> u32;

    /// Where its places are counted.
    fn account(&self) -> Account;

    /// Holds places that another hand has taken.
    fn took_over(&self, _cost: u32) {}

    /// Is about to give its places back.
    fn gave_back(&self, _cost: u32) {}
}

/// Who asks for places, and what they are counted as.
pub(crate) struct Account {
    pub(crate) caller: Caller,
    pub(crate) admitted: Count,
    pub(crate) waited: Timing,
    pub(crate) held: Timing,
}

/// Places that are held until this is dropped.
#[must_use = "the place is given back when this is dropped"]
pub(crate) struct Place<G: Gated> {
    gated: G,
    cost: u32,
    began: Began,
}

/// Somebody in the queue. Dropped, it leaves it, and a place that it was given and has
/// not noticed goes to the next.
#[must_use = "the place in the queue is lost when this is dropped"]
pub(crate) struct Waiter<G: Gated> {
    /// Until it is answered.
    waits: Option<(G, Ticket)>,
    cost: u32,
}

/// What becomes of one who may wait.
pub(crate) enum Entered<G: Gated> {
    Now(Place<G>),
    Waits(Waiter<G>),
    /// Full, and so is the queue; or the cost is above the limit.
    Full(G),
}

/// Takes places if they are free and nobody waits.
#[inline(always)]
pub(crate) fn try_enter<G: Gated>(gated: G, cost: u32) -> Result<Place<G>, G> {
    if gated.gate().try_enter(cost, gated.limit()) {
        Ok(Place::new(gated, cost, clock::entry))
    } else {
        Err(gated)
    }
}

/// Takes places, or one in the queue.
#[inline]
pub(crate) fn enter<G: Gated>(gated: G, cost: u32, max_queue: u32, waker: &Waker) -> Entered<G> {
    let gated = match try_enter(gated, cost) {
        Ok(place) => return Entered::Now(place),
        Err(gated) if max_queue == 0 => return Entered::Full(gated),
        Err(gated) => gated,
    };
    let entry = gated
        .gate()
        .enter_or_wait(cost, max_queue, || gated.limit(), waker);
    match entry {
        Entry::Entered => Entered::Now(Place::new(gated, cost, clock::moment)),
        Entry::Waits(ticket) => Entered::Waits(Waiter {
            waits: Some((gated, ticket)),
            cost,
        }),
        Entry::Full => Entered::Full(gated),
    }
}

impl<G: Gated> Place<G> {
    #[inline(always)]
    fn new(gated: G, cost: u32, now: impl FnOnce() -> Moment) -> Self {
        let Account {
            caller, admitted, ..
        } = gated.account();
        caller.count(admitted);
        Self {
            gated,
            cost,
            began: caller.begin(now),
        }
    }

    pub(crate) fn gated(&self) -> &G {
        &self.gated
    }

    /// What a drop does. There is nothing left for that then.
    #[inline(always)]
    pub(crate) fn give_back(&mut self) {
        let cost = take(&mut self.cost);
        if cost == 0 {
            return;
        }
        self.gated.gave_back(cost);
        if self.gated.gate().leave(cost) {
            // A copy, lest the place has to lie in memory for those that nobody waits for, too.
            let_in(self.gated.clone());
        }
        let Account { caller, held, .. } = self.gated.account();
        caller.end(held, self.began);
    }

    /// The same places, held by another hand on the same gate.
    pub(crate) fn held_by<H: Gated>(mut self, gated: H) -> Place<H> {
        // What is left behind gives nothing back.
        let cost = take(&mut self.cost);
        gated.took_over(cost);
        Place {
            gated,
            cost,
            began: self.began,
        }
    }
}

#[cold]
fn let_in<G: Gated>(gated: G) {
    gated.gate().let_in(|| gated.limit());
}

impl<G: Gated> Waiter<G> {
    /// The places; or what it asked by, if the limit has fallen below their number.
    /// It is done then.
    pub(crate) fn poll(&mut self, waker: &Waker) -> Poll<Result<Place<G>, G>> {
        let Some((gated, ticket)) = &self.waits else {
            return Poll::Pending;
        };
        let answer = ready!(gated.gate().poll(ticket, waker));
        let Some((gated, _)) = self.waits.take() else {
            return Poll::Pending;
        };
        let cost = self.cost;
        Poll::Ready(match answer {
            Answer::Entered => Ok(Place::new(gated, cost, clock::moment)),
            Answer::Refused => Err(gated),
        })
    }

    /// Leaves the queue. `None` if it is done.
    pub(crate) fn give_up(&mut self) -> Option<G> {
        let (gated, ticket) = self.waits.take()?;
        gated.gate().abandon(&ticket, self.cost, || gated.limit());
        Some(gated)
    }
}

impl<G: Gated> Drop for Place<G> {
    #[inline(always)]
    fn drop(&mut self) {
        self.give_back();
    }
}

impl<G: Gated> Drop for Waiter<G> {
    fn drop(&mut self) {
        drop(self.give_up());
    }
}
