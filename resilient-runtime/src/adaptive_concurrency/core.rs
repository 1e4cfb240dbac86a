//! An adaptive limit: plain and synchronous, with the clock as an argument.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering::*};
use std::sync::{Mutex, TryLockError};

use super::algorithm::{LimitAlgorithm, LimitUpdate};
use super::held::Held;
use super::settings::AdaptiveConcurrencySettings as Settings;
use super::window::Gathering;
use crate::clock::{Moment, Nanos};
use crate::gate::Gate;

/// An adaptive limit without its settings and its name.
///
/// # Concurrency
///
/// A call is admitted by one exchange on the gate, and leaves by one more and two additions. Whoever finds that a window is over
/// tries the lock of the rule: one gets it and works out the next limit, the others go on. Nobody waits for it.
///
/// Memory ordering: the limit is a number of its own, read and written `Relaxed`; the gate orders what is done in its places.
#[derive(Debug)]
pub struct Core<A> {
    pub(super) gate: Gate,
    /// Zero until the first window is over.
    limit: AtomicU32,
    /// Which life of the rule this is: results of another are late.
    period: AtomicU32,
    pub(super) held: Held,
    gathering: Gathering,
    rule: Mutex<A>,
}

/// Leave to call, to be handed back when the call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    began: Nanos,
    period: u32,
    marks: u32,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitOutcome {
    /// There was an answer, good or bad: its time is a sample.
    Sample,
    /// It timed out, or the answer was that the other side is overloaded.
    Dropped,
    /// It says nothing about the load.
    Ignored,
}

impl<A: LimitAlgorithm> Core<A> {
    pub(crate) const fn new() -> Self {
        Self {
            gate: Gate::new(),
            limit: AtomicU32::new(0),
            period: AtomicU32::new(0),
            held: Held::new(),
            gathering: Gathering::new(),
            rule: Mutex::new(A::NEW),
        }
    }

    /// The limit in force.
    #[inline]
    pub(crate) fn limit(&self, settings: &Settings) -> u32 {
        match self.limit.load(Relaxed) {
            0 => settings.bounded(settings.initial),
            limit => settings.bounded(limit),
        }
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.gate.in_use()
    }

    /// Leave for one who has got a place.
    #[inline]
    pub(super) fn admitted(&self, now: impl Into<Moment>) -> Admitted {
        Admitted {
            began: now.into().nanos(),
            period: self.period.load(Relaxed),
            marks: self.held.marks(),
        }
    }

    pub(super) fn refused(&self, settings: &Settings, now: impl Into<Moment>) {
        let now = now.into().nanos();
        let in_flight = self.gate.in_use();
        self.after_idleness(settings, now, in_flight);
        self.gathering.refused(now, in_flight);
        self.turn(settings, now, in_flight);
    }

    /// Hands in how a call ended; its place is the caller's to give back, after this.
    #[inline]
    pub(super) fn record<M: Into<Moment>>(
        &self,
        settings: &Settings,
        admitted: Admitted,
        outcome: LimitOutcome,
        now: impl FnOnce() -> M,
    ) {
        self.held.ended(admitted.marks);
        if outcome == LimitOutcome::Ignored || admitted.period != self.period.load(Relaxed) {
            return;
        }
        let now = now().into().nanos();
        let in_flight = self.gate.in_use();
        // This one still has its place.
        let others = in_flight.saturating_sub(1);
        self.after_idleness(settings, now, others);
        match outcome {
            LimitOutcome::Sample => {
                let latency = now.saturating_sub(admitted.began);
                self.gathering.answered(now, latency, in_flight);
            }
            _ => self.gathering.dropped(now, in_flight),
        }
        self.turn(settings, now, others);
    }

    /// Back to the start; what is in flight keeps its places and is no longer a sample.
    pub(crate) fn reset(&self) {
        let mut rule = self
            .rule
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *rule = A::NEW;
        self.period.fetch_add(1, Relaxed);
        self.limit.store(0, Relaxed);
        self.held.forget();
        self.gathering.forget();
    }

    #[inline]
    fn turn(&self, settings: &Settings, now: Nanos, in_flight: u32) {
        if self.held.is_due(now) {
            self.held.mark(now, in_flight, self.gathering.long());
        }
        if self.gathering.is_over(now) {
            self.end_window(settings, now, in_flight, |gathering| {
                gathering.is_over(now).then_some(now)
            });
        }
    }

    /// Idle time belongs to no window.
    #[inline]
    fn after_idleness(&self, settings: &Settings, now: Nanos, in_flight: u32) {
        if self.gathering.ended_at(now).is_some() {
            self.end_window(settings, now, in_flight, |gathering| {
                gathering.ended_at(now)
            });
        }
        self.gathering.touch(now);
    }

    /// Ends the window at what `end` says, if it still does, and begins the next.
    #[cold]
    fn end_window(
        &self,
        settings: &Settings,
        now: Nanos,
        in_flight: u32,
        end: impl FnOnce(&Gathering) -> Option<Nanos>,
    ) {
        let mut rule = match self.rule.try_lock() {
            Ok(rule) => rule,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        // Somebody else may have ended it since we looked.
        let Some(end) = end(&self.gathering) else {
            return;
        };
        self.gathering.touch(now);
        let limit = self.limit(settings);
        if self.gathering.is_fresh() {
            let first = LimitUpdate::new(f64::from(limit));
            return self.gathering.begin(now, &first);
        }
        let held = self.held.count(in_flight);
        let window = self.gathering.end(end, limit, held, settings);
        // A rule of the user's that panics (the panic hook reports it) must not end the call that asks it.
        let update = catch_unwind(AssertUnwindSafe(|| rule.update(&window)))
            .unwrap_or_else(|_| LimitUpdate::new(f64::NAN));
        self.gathering.begin(now, &update);
        let next = if update.limit.is_nan() {
            limit
        } else {
            settings.bounded(update.limit.round() as u32)
        };
        self.limit.store(next, Relaxed);
        // Wakers are others' code, which may come back here.
        drop(rule);
        if next != limit {
            self.gate.limit_changed(|| self.limit(settings));
        }
    }
}

#[cfg(test)]
mod tests;
