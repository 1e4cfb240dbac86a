//! Counted places with a limit, and a fair queue for those who find none free:
//! what the bulkhead and the adaptive limit have in common.
//!
//! A [`Gate`] counts, and nothing else: the limit is the caller's, said anew at each
//! step, so it may be replaced while the program runs or move all the time.
//!
//! Whoever holds a gate together with its limit implements [`Gated`] on what it holds
//! them by, and has guards that give back what they hold when they are dropped:
//!
//! ```text
//! try_enter(gated, cost)                 Result<Place, gated>; never waits
//! queue(gated, cost, queueing, cx)       Entering::{Inside(Place), Waits(Waiting), Refused(gated)}, after that
//! waiting.poll(cx)                       Pending | Ready(Ok(Place)) | Ready(Err(gated)): refused
//! drop(place), drop(waiting)             at any moment, on any thread
//! gate.limit_changed(limit)              lets in whom a new limit suits
//! gate.in_use(), gate.waiting(), gate.is_idle()
//! ```
//!
//! The same without guards: `try_enter` and `leave` of the gate itself.
//!
//! Where somebody waits, the limit is asked for under the lock. So whoever stores a
//! new limit, and calls `limit_changed` after that, can be sure that nobody goes on
//! waiting by the old one.
//!
//! # Fairness
//!
//! First come, first served: while anybody waits, nobody overtakes. A waiter at the
//! head whose cost does not fit yet holds up all behind it, so that a costly call
//! cannot starve. One whose cost is above the limit can never be let in: it is
//! refused at once, and from the queue if the limit falls below it later.
//!
//! # Concurrency
//!
//! What is in use and how many wait are one word. To enter and to leave is one CAS
//! each while nobody waits. The number of waiters changes under a short mutex alone,
//! together with the queue, and the step from "does not fit" to "waits" is one CAS:
//! whoever leaves after it sees that somebody waits, and takes the lock. Wakers are
//! woken and dropped outside it.
//!
//! Memory ordering: entering is `Acquire` and leaving is `Release`, so what was done
//! in a place is seen by whoever has it next.
//!
//! # Size
//!
//! 24 bytes; the queue is on the heap, and only while somebody waits.

mod place;
mod queue;
mod rules;
mod wait;

use std::sync::atomic::{AtomicU64, Ordering::*};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

pub(crate) use self::place::{Account, Gated, Place, try_enter};
use self::queue::{Answer, Queue};
pub(crate) use self::rules::check_queue;
pub(crate) use self::wait::{Entering, Queueing, Waiting, queue};

/// See the module.
#[derive(Debug)]
pub struct Gate {
    /// How many wait in the upper half, what is in use in the lower.
    word: AtomicU64,
    /// There is none while nobody waits.
    queue: Mutex<Option<Box<Queue>>>,
}

/// A place in the queue. Whoever has one hands it to [`Gate::poll`] until it is
/// answered, or to [`Gate::abandon`].
#[derive(Debug, PartialEq, Eq)]
struct Ticket(u64);

/// What becomes of one who may wait.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    Entered,
    Waits(Ticket),
    /// Full, and so is the queue; or the cost is above the limit.
    Full,
}

const ONE_WAITER: u64 = 1 << 32;

const fn in_use(word: u64) -> u32 {
    word as u32
}

const fn waiting(word: u64) -> u32 {
    (word >> 32) as u32
}

/// The word with `cost` more in use, if the limit allows.
fn with_more(word: u64, cost: u32, limit: u32) -> Option<u64> {
    let more = in_use(word).checked_add(cost)?;
    (more <= limit).then(|| word + u64::from(cost))
}

impl Gate {
    pub(crate) const fn new() -> Self {
        Self {
            word: AtomicU64::new(0),
            queue: Mutex::new(None),
        }
    }

    /// Takes places if there are that many and nobody waits for them.
    #[inline(always)]
    pub(crate) fn try_enter(&self, cost: u32, limit: u32) -> bool {
        self.word
            .fetch_update(Acquire, Relaxed, |word| {
                (waiting(word) == 0)
                    .then(|| with_more(word, cost, limit))
                    .flatten()
            })
            .is_ok()
    }

    /// Takes places, or one in the queue. The waker is the one that is woken until the
    /// ticket is polled with another.
    fn enter_or_wait(
        &self,
        cost: u32,
        max_queue: u32,
        limit: impl FnOnce() -> u32,
        waker: &Waker,
    ) -> Entry {
        let waker = waker.clone();
        let mut queue = self.queue();
        let limit = limit();
        if cost > limit {
            return Entry::Full;
        }
        let entering = self.word.fetch_update(Acquire, Relaxed, |word| {
            let enters = (waiting(word) == 0)
                .then(|| with_more(word, cost, limit))
                .flatten();
            enters.or_else(|| (waiting(word) < max_queue).then(|| word + ONE_WAITER))
        });
        match entering {
            Err(_) => Entry::Full,
            // It fits by the same rule that the exchange went by.
            Ok(before) if waiting(before) == 0 && with_more(before, cost, limit).is_some() => {
                Entry::Entered
            }
            Ok(_) => {
                let ticket = queue.get_or_insert_default().push(cost, waker);
                Entry::Waits(Ticket(ticket))
            }
        }
    }

    /// Asks whether a waiter has been answered. An answer is given once: the ticket is
    /// good for nothing then, and a place that it brought is to be given back by
    /// [`leave`](Self::leave).
    fn poll(&self, ticket: &Ticket, waker: &Waker) -> Poll<Answer> {
        // Wakers are others' code: neither cloned nor dropped under the lock.
        let mut waker = waker.clone();
        let mut queue = self.queue();
        let answer = match queue.as_deref_mut() {
            Some(queue) => queue.poll(ticket.0, &mut waker),
            None => Poll::Ready(Answer::Refused),
        };
        let done = close(&mut queue);
        drop(queue);
        drop((done, waker));
        answer
    }

    /// Takes a waiter out of the queue, whether it has noticed its answer or not: a
    /// place that it was given goes to the next.
    fn abandon(&self, ticket: &Ticket, cost: u32, limit: impl Fn() -> u32) {
        let mut queue = self.queue();
        let Some(waiters) = queue.as_deref_mut() else {
            return;
        };
        let waited = waiters.remove(ticket.0);
        if waited.is_some() {
            self.word.fetch_sub(ONE_WAITER, Relaxed);
        }
        let answer = waiters.take_answer(ticket.0);
        let done = close(&mut queue);
        drop(queue);
        drop((done, waited));
        match answer {
            Some(Answer::Entered) => {
                if self.leave(cost) {
                    self.let_in(limit);
                }
            }
            // It may have held up those behind it.
            _ => self.let_in(limit),
        }
    }

    /// Gives a place back. Whether somebody waits, and is to be [let in](Self::let_in).
    #[must_use]
    #[inline(always)]
    pub(crate) fn leave(&self, cost: u32) -> bool {
        let before = self.word.fetch_sub(u64::from(cost), Release);
        waiting(before) != 0
    }

    /// To be called after the limit was changed.
    pub(crate) fn limit_changed(&self, limit: impl Fn() -> u32) {
        // Not even a look at the word beforehand: one who is about to wait by the old
        // limit has the lock already, and may not have said so yet.
        self.let_in(limit);
    }

    /// Lets in, one by one, who now fits.
    #[cold]
    pub(crate) fn let_in(&self, limit: impl Fn() -> u32) {
        while let Some(waker) = self.answer_head(&limit) {
            waker.wake();
        }
    }

    fn answer_head(&self, limit: impl Fn() -> u32) -> Option<Waker> {
        let mut queue = self.queue();
        let waiters = queue.as_deref_mut()?;
        let limit = limit();
        let cost = waiters.cost_of_head()?;
        if cost > limit {
            self.word.fetch_sub(ONE_WAITER, Relaxed);
            return waiters.answer_head(Answer::Refused);
        }
        self.word
            .fetch_update(Acquire, Relaxed, |word| {
                with_more(word, cost, limit).map(|word| word - ONE_WAITER)
            })
            .ok()?;
        waiters.answer_head(Answer::Entered)
    }

    /// Places taken, those of waiters included that were let in and have not noticed yet.
    pub(crate) fn in_use(&self) -> u32 {
        in_use(self.word.load(Relaxed))
    }

    pub(crate) fn waiting(&self) -> u32 {
        waiting(self.word.load(Relaxed))
    }

    /// Nothing in use, and nobody waits: it may be forgotten.
    pub(crate) fn is_idle(&self) -> bool {
        self.word.load(Acquire) == 0
    }

    /// Nothing that runs under the lock can leave the queue half changed, so a poisoned
    /// lock is as good as another.
    fn queue(&self) -> MutexGuard<'_, Option<Box<Queue>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the queue away if nobody is in it.
fn close(queue: &mut Option<Box<Queue>>) -> Option<Box<Queue>> {
    queue.take_if(|queue| queue.is_done())
}

#[cfg(test)]
mod tests;
