//! How many calls come in a second, without a lock.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use crate::clock::Nanos;

const SECOND: Nanos = 1_000_000_000;

/// Counts calls; once a second one of them works out how many those were. It guards nothing, so no ordering is asked for.
pub(super) struct Traffic {
    /// When the count began.
    since: AtomicU64,
    calls: AtomicU32,
    a_second: AtomicU32,
}

impl Traffic {
    pub(super) const fn new() -> Self {
        Self {
            since: AtomicU64::new(0),
            calls: AtomicU32::new(0),
            a_second: AtomicU32::new(0),
        }
    }

    /// A call comes.
    #[inline]
    pub(super) fn count(&self, now: Nanos) {
        let calls = self.calls.fetch_add(1, Relaxed).saturating_add(1);
        let since = self.since.load(Relaxed);
        let passed = now.saturating_sub(since);
        // Who moves the time on takes the calls out; those that come meanwhile belong to the next second.
        if passed >= SECOND
            && self
                .since
                .compare_exchange(since, now, Relaxed, Relaxed)
                .is_ok()
        {
            self.calls.fetch_sub(calls, Relaxed);
            let rate = u64::from(calls) * SECOND / passed;
            self.a_second
                .store(rate.try_into().unwrap_or(u32::MAX), Relaxed);
        }
    }

    /// In the last second that was counted; none at first.
    pub(super) fn a_second(&self) -> u32 {
        self.a_second.load(Relaxed)
    }
}
