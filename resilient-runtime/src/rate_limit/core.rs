//! GCRA: plain and synchronous, with settings and clock as arguments.

mod held;
mod queue;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*, fence};
use std::task::Waker;
use std::time::Duration;

use self::held::Held;
use self::queue::Queue;
use super::scale::{Scale, Unit};
use crate::clock::Nanos;

/// A rate limiter without its settings and its name.
///
/// It remembers one instant, the *theoretical arrival time*: when the bucket will be full again.
/// A permit moves it on by the time that a permit takes to come, and is there if that
/// leaves it no further ahead of now than a whole burst takes. This is the
/// generic cell rate algorithm (ITU-T I.371) in its form of a virtual scheduler, in whole ticks of
/// a unit in which nothing has to be rounded (see [`Scale`]). Who waits stands in a queue, and
/// the instant does not yet contain what it wants: so there is nothing to undo if it goes.
///
/// ```text
/// bit 63..4                                     3..1         0
///     the arrival time, ticks after the origin  generation   held
/// ```
///
/// # Concurrency
///
/// Admission is one compare-and-swap on that word. While *held* is set, somebody waits, or
/// holds the lock: then everybody goes through the lock, and what the word means can be replaced: the
/// origin, which follows the clock so that the ticks fit, and the unit, when settings change. A
/// replacement also counts up the *generation*.
///
/// Memory ordering: origin, unit and depth are written only under the lock, after a `Release`
/// fence behind the exchange that sets *held*. Who reads the word (`Acquire`), then them, and
/// then finds the word unchanged, by an exchange or behind an `Acquire` fence, has read what
/// belongs together.
///
/// # Size
///
/// 40 bytes; the queue is on the heap, and only while somebody waits.
#[derive(Debug)]
pub struct Core {
    word: AtomicU64,
    /// The depth that the bucket was last seen with: when it changes, the bucket stays
    /// as full as it was, in proportion.
    depth: AtomicU64,
    /// In units of 2^32 ns since the anchor.
    origin: AtomicU32,
    unit: AtomicU32,
    /// There is none while nobody waits.
    queue: Mutex<Option<Box<Queue>>>,
}

const HELD: u64 = 1;
const TICKS: u32 = 4;
const GENERATION: u64 = ((1 << TICKS) - 1) & !HELD;
/// What the ticks in a word stay below.
const END: u128 = 1 << (u64::BITS - TICKS);

const fn start(origin: u32) -> Nanos {
    (origin as Nanos) << 32
}

/// What a call is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Admitted,
    Refused {
        /// When the permits will be there, if nobody else takes them; [`Duration::MAX`]: never.
        retry_after: Duration,
    },
    Waits(Place),
}

/// A place in the queue: to be handed to [`Core::ask_again`] until that says otherwise, or to
/// [`Core::leave`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    number: u64,
    cost: u32,
    latest: Nanos,
    /// When to ask again.
    pub(super) until: Nanos,
}

/// How a rate limiter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimiterSnapshot {
    /// The permits that a call could take now, those who wait being served first.
    pub available: u32,
    /// The calls that wait.
    pub waiting: usize,
    /// How long it takes until all permits are there, if no more are taken. Those for which calls
    /// wait do not count.
    pub full_in: Duration,
}

/// What the word alone tells.
enum Glance {
    Admitted,
    DueAt(Nanos),
    /// The lock has to.
    Unclear,
}

impl Core {
    /// Nothing was taken yet.
    pub(super) const fn new(scale: &Scale) -> Self {
        Self {
            word: AtomicU64::new(0),
            depth: AtomicU64::new(scale.depth),
            origin: AtomicU32::new(0),
            unit: AtomicU32::new(scale.unit.bits()),
            queue: Mutex::new(None),
        }
    }

    /// Asks for `cost` permits, to be had by `latest`; without a waker, now.
    #[inline]
    pub(super) fn ask(
        &self,
        scale: &Scale,
        cost: u32,
        now: Nanos,
        latest: Nanos,
        waker: impl FnOnce() -> Option<Waker>,
    ) -> Answer {
        let Some(charge) = scale.charge(cost) else {
            return refused(now, Nanos::MAX);
        };
        match self.glance(scale, charge, now) {
            Glance::Admitted => Answer::Admitted,
            Glance::DueAt(at) if at > latest => refused(now, at),
            _ => self.ask_in_order(scale, cost, now, latest, waker()),
        }
    }

    /// Takes permits if that needs no second look.
    #[inline]
    pub(super) fn admits_at_once(&self, scale: &Scale, cost: u32, now: Nanos) -> bool {
        scale
            .charge(cost)
            .is_some_and(|charge| matches!(self.glance(scale, charge, now), Glance::Admitted))
    }

    #[inline]
    fn glance(&self, scale: &Scale, charge: u64, now: Nanos) -> Glance {
        let mut word = self.word.load(Acquire);
        loop {
            let origin = start(self.origin.load(Relaxed));
            if word & HELD != 0
                || self.unit.load(Relaxed) != scale.unit.bits()
                || self.depth.load(Relaxed) != scale.depth
                || now < origin
            {
                return Glance::Unclear;
            }
            let ticks = scale.unit.ticks(now - origin);
            if ticks + u128::from(scale.depth) >= END {
                return Glance::Unclear;
            }
            let ticks = ticks as u64;
            let full_at = (word >> TICKS).max(ticks) + charge;
            let found = if full_at <= ticks + scale.depth {
                let next = (full_at << TICKS) | (word & GENERATION);
                match self.word.compare_exchange_weak(word, next, AcqRel, Acquire) {
                    Ok(_) => return Glance::Admitted,
                    Err(found) => found,
                }
            } else {
                fence(Acquire);
                let found = self.word.load(Relaxed);
                if found == word {
                    let after = scale.unit.nanos((full_at - scale.depth).into());
                    return Glance::DueAt(origin.saturating_add(after));
                }
                found
            };
            word = found;
        }
    }

    #[cold]
    fn ask_in_order(
        &self,
        scale: &Scale,
        cost: u32,
        now: Nanos,
        latest: Nanos,
        waker: Option<Waker>,
    ) -> Answer {
        Held::with(self, scale, now, |held| held.ask(cost, latest, waker))
    }

    /// Asks again from a place in the queue. `None`: later still, and by then the place says when.
    pub(super) fn ask_again(
        &self,
        scale: &Scale,
        place: &mut Place,
        now: Nanos,
        waker: Waker,
    ) -> Option<Answer> {
        Held::with(self, scale, now, |held| held.ask_again(place, waker))
    }

    /// Gives a place in the queue back; those behind it move up.
    pub(super) fn leave(&self, scale: &Scale, place: &Place, now: Nanos) {
        Held::with(self, scale, now, |held| held.leave(place.number));
    }

    /// The settings have changed: whoever waits is to know.
    pub(super) fn follow(&self, scale: &Scale, now: Nanos) {
        Held::with(self, scale, now, |_| ());
    }

    pub(super) fn snapshot(&self, scale: &Scale, now: Nanos) -> RateLimiterSnapshot {
        Held::with(self, scale, now, |held| held.snapshot())
    }

    /// Whether nobody waits and all permits are there, so that a fresh one would do as well.
    pub(super) fn is_idle(&self, now: Nanos) -> bool {
        loop {
            let word = self.word.load(Acquire);
            if word & HELD != 0 {
                return false;
            }
            let origin = start(self.origin.load(Relaxed));
            let unit = Unit::from_bits(self.unit.load(Relaxed));
            fence(Acquire);
            if self.word.load(Relaxed) == word {
                let ticks = unit.ticks(now.saturating_sub(origin));
                return u128::from(word >> TICKS) <= ticks;
            }
        }
    }
}

fn refused(now: Nanos, at: Nanos) -> Answer {
    Answer::Refused {
        retry_after: match at {
            Nanos::MAX => Duration::MAX,
            _ => Duration::from_nanos(at.saturating_sub(now)),
        },
    }
}

#[cfg(test)]
mod tests;
