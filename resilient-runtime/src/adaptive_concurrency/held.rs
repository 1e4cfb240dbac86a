//! Places that are held for so long that no latency tells of it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};

use crate::clock::Nanos;

/// Counts such places: those of calls that have been in flight for long, and those that were kept when their
/// calls were over.
///
/// A mark is set now and then, and who is in flight then is counted. Each call knows how many marks there
/// were when it began; that is compared once, when it ends, and only the few that have seen one take themselves
/// out of those counts. What is left of the oldest is held.
///
/// Memory ordering: everything is `Relaxed`; these are counts, and nothing is read by way of them. A call that begins or ends
/// while a mark is being set may be in the count of this mark wrongly. The next counts anew.
#[derive(Debug)]
pub(super) struct Held {
    marks: AtomicU32,
    /// When the next one is to be set.
    due: AtomicU64,
    /// Who is still in flight of those that were at the last mark, at the one before, and so on.
    still: [AtomicU32; MARKS + 1],
    /// Kept by what goes on after its call.
    carried: AtomicU32,
}

/// In so many steps a call grows old.
const MARKS: usize = 4;
/// What long is as long as no latency is known.
const LONG_AT_FIRST: Nanos = 1_000_000_000;

impl Held {
    pub(super) const fn new() -> Self {
        Self {
            marks: AtomicU32::new(0),
            due: AtomicU64::new(0),
            still: [const { AtomicU32::new(0) }; MARKS + 1],
            carried: AtomicU32::new(0),
        }
    }

    /// The marks so far, for a call that begins: to be handed in when it [ends](Self::ended).
    #[inline]
    pub(super) fn marks(&self) -> u32 {
        self.marks.load(Relaxed)
    }

    #[inline]
    pub(super) fn ended(&self, marks: u32) {
        let seen = self.marks().wrapping_sub(marks);
        for still in self.still.iter().take(seen as usize) {
            take(still, 1);
        }
    }

    pub(super) fn carry(&self, places: u32) {
        self.carried.fetch_add(places, Relaxed);
    }

    pub(super) fn carry_no_longer(&self, places: u32) {
        take(&self.carried, places);
    }

    #[inline]
    pub(super) fn is_due(&self, now: Nanos) -> bool {
        now >= self.due.load(Relaxed)
    }

    /// Sets a mark, unless somebody else just does. What has been in flight for `long`, if that is known, is held.
    #[cold]
    pub(super) fn mark(&self, now: Nanos, in_flight: u32, long: Option<Nanos>) {
        let next = now.saturating_add(long.unwrap_or(LONG_AT_FIRST) / MARKS as u64);
        let set = |due| (now >= due).then_some(next);
        if self.due.fetch_update(Relaxed, Relaxed, set).is_err() {
            return;
        }
        self.marks.fetch_add(1, Relaxed);
        let mut newer = in_flight.saturating_sub(self.carried.load(Relaxed));
        for still in &self.still {
            newer = still.swap(newer, Relaxed);
        }
    }

    /// How many of those in flight are held.
    pub(super) fn count(&self, in_flight: u32) -> u32 {
        let old = self.still[MARKS].load(Relaxed);
        let carried = self.carried.load(Relaxed);
        old.saturating_add(carried).min(in_flight)
    }

    /// As if there had been no mark. What is carried still is.
    pub(super) fn forget(&self) {
        self.due.store(0, Relaxed);
        for still in &self.still {
            still.store(0, Relaxed);
        }
    }
}

fn take(count: &AtomicU32, places: u32) {
    let less = |count: u32| Some(count.saturating_sub(places));
    // Never refused.
    let _ = count.fetch_update(Relaxed, Relaxed, less);
}

#[cfg(test)]
mod tests;
