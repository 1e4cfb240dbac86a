//! Failures in a row.

use std::sync::atomic::{AtomicU64, Ordering::*};

/// The length of the current run of failures.
///
/// One word: the low half of the breaker's generation above the count. A record of another period is late and is
/// dropped. A success writes only if there is a run to end.
///
/// Memory ordering: `AcqRel`, though nothing else hangs on the value: the run is decided by the word alone.
#[derive(Debug)]
pub(super) struct Run(AtomicU64);

const COUNT_MASK: u64 = u32::MAX as u64;

const fn period(generation: u64) -> u64 {
    generation << 32
}

impl Run {
    pub(super) const fn new() -> Self {
        Run(AtomicU64::new(0))
    }

    /// Ends the run for a new period, before that is known to anybody.
    pub(super) fn reset(&self, generation: u64) {
        self.0.store(period(generation), Release);
    }

    /// A failure: the length of the run with it, or `None` if it came too late.
    pub(super) fn lengthen(&self, generation: u64) -> Option<u32> {
        let longer = |word: u64| {
            let ours = word & !COUNT_MASK == period(generation);
            ours.then(|| period(generation) | COUNT_MASK.min((word & COUNT_MASK) + 1))
        };
        let before = self.0.fetch_update(AcqRel, Acquire, longer).ok()?;
        Some((before & COUNT_MASK).saturating_add(1).min(COUNT_MASK) as u32)
    }

    /// Whether there is nothing for a success to end.
    #[inline]
    pub(super) fn is_over(&self, generation: u64) -> bool {
        self.0.load(Acquire) == period(generation)
    }

    /// A success.
    pub(super) fn end(&self, generation: u64) {
        let ended = |word: u64| {
            let ours = word & !COUNT_MASK == period(generation);
            (ours && word & COUNT_MASK != 0).then(|| period(generation))
        };
        // Refused where nothing would change.
        let _ = self.0.fetch_update(AcqRel, Acquire, ended);
    }

    pub(super) fn length(&self, generation: u64) -> u32 {
        let word = self.0.load(Acquire);
        if word & !COUNT_MASK == period(generation) {
            (word & COUNT_MASK) as u32
        } else {
            0
        }
    }
}
