//! Leave to make one call under an adaptive limit.

use std::fmt;

use tokio::time::Instant;

use super::core::Admitted;
use super::{AdaptiveConcurrency, LimitAlgorithm, LimitOutcome};
use crate::carry::{Carrying, Holding};
use crate::clock::{self, Moment};
use crate::dropped::{Fate, Polling, Watch};
use crate::gate::{Account, Gate, Gated, Place};
use crate::site::{Caller, Entry, Lasting, Way};
use crate::stats::{Count, Timing};

/// A place under an adaptive limit. See [`AdaptiveConcurrency::try_acquire`].
///
/// Dropped without a [`record`](Self::record), the place is free again. The call says nothing about the load then,
/// unless a time limit of this crate drops it after it ran for at least half of that limit, or it is dropped after
/// the deadline it was admitted under: that is a drop.
#[must_use = "the place is free again when the permit is dropped"]
pub struct LimitPermit<
    'a,
    A: LimitAlgorithm,
    W: Way<'a, AdaptiveConcurrency<A>> = &'a AdaptiveConcurrency<A>,
> {
    held: Holding<'a, AdaptiveConcurrency<A>, W>,
    admitted: Admitted,
    watch: Watch,
    recorded: bool,
}

impl<A: LimitAlgorithm> Gated for Entry<'_, AdaptiveConcurrency<A>> {
    fn gate(&self) -> &Gate {
        &self.core.gate
    }

    fn limit(&self) -> u32 {
        self.settings(|settings| self.core.limit(settings))
    }

    fn account(&self) -> Account {
        account(self.caller())
    }
}

impl<A: LimitAlgorithm> Gated for Lasting<AdaptiveConcurrency<A>> {
    fn gate(&self) -> &Gate {
        &self.core().gate
    }

    fn limit(&self) -> u32 {
        self.settings(|settings| self.core().limit(settings))
    }

    fn account(&self) -> Account {
        account(self.caller)
    }

    fn took_over(&self, cost: u32) {
        self.core().held.carry(cost);
    }

    fn gave_back(&self, cost: u32) {
        self.core().held.carry_no_longer(cost);
    }
}

#[inline]
const fn account(caller: Caller) -> Account {
    Account {
        caller,
        admitted: Count::AdaptiveAdmitted,
        waited: Timing::AdaptiveWait,
        held: Timing::AdaptiveHeld,
    }
}

impl<'a, A: LimitAlgorithm, W: Way<'a, AdaptiveConcurrency<A>>> LimitPermit<'a, A, W> {
    #[inline(always)]
    pub(super) fn new(
        place: Place<Entry<'a, AdaptiveConcurrency<A>>>,
        way: W,
        now: Moment,
    ) -> Self {
        let admitted = place.gated().core.admitted(now);
        Self {
            held: Holding::new(place, way),
            admitted,
            watch: Watch::since(now),
            recorded: false,
        }
    }

    /// Says how the call ended.
    pub fn record(mut self, outcome: LimitOutcome) {
        self.settle(outcome, clock::moment);
    }

    /// With the clock as an argument.
    #[doc(hidden)]
    pub fn record_at(mut self, outcome: LimitOutcome, now: Instant) {
        self.settle(outcome, || now.into());
    }

    #[inline(always)]
    pub(super) fn poll(&mut self) -> (Polling, Carrying<'_>) {
        (self.watch.poll(), self.held.poll())
    }

    #[inline(always)]
    pub(super) fn polled(&mut self, polling: Polling, is_pending: bool) {
        self.watch.polled(polling, is_pending);
    }

    /// Gives the place back, if it is settled. There is nothing left to be dropped then.
    #[inline(always)]
    pub(super) fn release(&mut self) {
        self.held.release();
    }

    /// The place is still held; it is free when the permit is dropped.
    #[inline(always)]
    pub(super) fn settle(&mut self, outcome: LimitOutcome, now: impl FnOnce() -> Moment) {
        self.recorded = true;
        if let Some(entry) = self.held.entry() {
            if outcome == LimitOutcome::Dropped {
                entry.caller().count(Count::AdaptiveDropped);
            }
            entry.settings(|settings| entry.core.record(settings, self.admitted, outcome, now));
        }
    }
}

impl<'a, A: LimitAlgorithm, W: Way<'a, AdaptiveConcurrency<A>>> Drop for LimitPermit<'a, A, W> {
    fn drop(&mut self) {
        if self.recorded {
            return;
        }
        let outcome = match self.watch.fate() {
            Fate::CutOff { ran_for_half: true } => LimitOutcome::Dropped,
            Fate::CutOff { .. } | Fate::Panicked | Fate::Waiting | Fate::Abandoned => {
                LimitOutcome::Ignored
            }
        };
        self.settle(outcome, clock::moment);
    }
}

impl<'a, A: LimitAlgorithm, W: Way<'a, AdaptiveConcurrency<A>>> fmt::Debug
    for LimitPermit<'a, A, W>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitPermit").finish_non_exhaustive()
    }
}
