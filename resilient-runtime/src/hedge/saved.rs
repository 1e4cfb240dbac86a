//! The hedges that are saved up.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The parts of a hedge, so that a tenth of one is a whole number.
const HEDGE: u64 = 1_000_000;

/// A bucket that calls fill and hedges empty.
///
/// How much it may hold goes by the traffic. So it counts what is there: one that counts what is missing would
/// forgive that when the traffic falls, and give it out again when it rises, though no call has brought it.
///
/// It guards nothing but itself, so no ordering is asked for.
pub(super) struct Saved(AtomicU64);

impl Saved {
    /// With so many hedges that no call has brought.
    pub(super) const fn new(hedges: u32) -> Self {
        Self(AtomicU64::new(hedges as u64 * HEDGE))
    }

    /// Puts in what a call brings, a share of a hedge; of what is there then, `most` hedges stay. A full one is read and
    /// not written.
    #[inline]
    pub(super) fn put_in(&self, share: f64, most: u32) {
        let most = u64::from(most) * HEDGE;
        if self.0.load(Relaxed) == most {
            return;
        }
        // Rounded: a tenth is a little more than a tenth.
        let share = (share * HEDGE as f64 + 0.5) as u64;
        let filled = |there: u64| Some(there.saturating_add(share).min(most));
        let _ = self.0.fetch_update(Relaxed, Relaxed, filled);
    }

    /// Takes one out, if there is a whole one.
    pub(super) fn try_take(&self) -> bool {
        let taken = |there: u64| there.checked_sub(HEDGE);
        self.0.fetch_update(Relaxed, Relaxed, taken).is_ok()
    }
}
