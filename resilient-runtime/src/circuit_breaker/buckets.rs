//! A rolling window of time in words.

mod cell;
mod stripes;

use std::sync::atomic::{AtomicU64, Ordering::*};
use std::sync::{Mutex, MutexGuard, PoisonError};

use self::cell::{Cell, LAP_BITS};
use self::stripes::Stripes;

/// The slices of a window.
const SLICES: usize = 10;

/// Counts of the last stretch of time: how many calls, and how many of them were bad.
///
/// The time is cut into slices of a tenth of the window; slice number `t` lives in bucket `t % 10`, and its
/// lap is `t / 10`. A bucket is one word, so lap and counts always change together and nothing that was
/// counted is lost when a bucket is taken over by its next slice. See [`Cell`] for what stands in it:
///
/// - *period*: the low bits of the breaker's generation. A record of another period is late and is dropped.
/// - *lap*: which turn of the ring the counts belong to, modulo 2^18. What is old is taken out at every 2^17th
///   turn, and everything after a silence as long as that, so that an old lap is never taken for a new one.
///
/// Where threads get in each other's way, each gets buckets of its own (see [`Stripes`]), and the window is the sum of
/// them all.
///
/// Costs one compare-and-swap for a record and ten loads for a sum, whatever the traffic, and 128 bytes. Where threads
/// got in each other's way a sum is ten loads more for each of them, up to eight, and 1 KiB is allocated, once. Takes a
/// lock when a period begins, when that KiB is allocated, and when old laps are taken out.
///
/// Memory ordering: buckets are read and written `SeqCst`. Whoever adds and then sums therefore sees every add that
/// came before in the single order of them all: of two threads that add in different buckets at least one sees both,
/// and no threshold is stepped over unseen.
///
/// The slices are those of the rolling windows of Hystrix and Sentinel.
// Written by every call: not on the line of what every call only reads.
#[repr(align(64))]
#[derive(Debug)]
pub(crate) struct Buckets {
    stripes: Stripes<SLICES>,
    /// The newest slice with a record, in full.
    newest: AtomicU64,
    /// Held while all buckets are emptied or looked through for old laps, and while they become more.
    whole: Mutex<()>,
}

/// How many calls, and how many of them were bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) calls: u32,
    pub(crate) bad: u32,
}

impl Counts {
    /// Adds what is of the one lap or the other.
    #[inline]
    fn add(&mut self, cells: &[AtomicU64], one: u64, other: u64) {
        for cell in cells {
            let word = cell.load(SeqCst);
            let tag = cell::tag_of(word);
            if tag == one || tag == other {
                self.calls += cell::calls(word);
                self.bad += cell::bad(word);
            }
        }
    }
}

/// Laps after which old ones have to be taken out.
const LONG_SLEEP: u64 = 1 << (LAP_BITS - 1);
/// The same in slices.
const ERA: u64 = LONG_SLEEP * SLICES as u64;

/// Whether `now` lies in that slice. Without a division, which is what a record would wait for.
#[inline]
fn is_in(tick: u64, slice: u64, now: u64) -> bool {
    let into = tick
        .checked_mul(slice)
        .and_then(|start| now.checked_sub(start));
    into.is_some_and(|into| into < slice)
}

/// The lap of a slice in full, and its bucket.
#[inline]
fn place(tick: u64) -> (u64, usize) {
    (tick / SLICES as u64, (tick % SLICES as u64) as usize)
}

impl Buckets {
    pub(crate) const fn new() -> Self {
        Buckets {
            stripes: Stripes::new(),
            newest: AtomicU64::new(0),
            whole: Mutex::new(()),
        }
    }

    /// The length of a slice of a window of that many nanoseconds, rounded down so that nothing older
    /// than the window counts; never zero, so a window shorter than ten nanoseconds counts as ten.
    pub(crate) const fn slice(window: u64) -> u64 {
        let slice = window / SLICES as u64;
        if slice == 0 { 1 } else { slice }
    }

    /// Empties the window for a new period. To be called before the new period is known to anybody: from then on all
    /// records that are under way are late.
    pub(crate) fn reset(&self, generation: u64) {
        let empty = Cell::empty(cell::period_of(generation));
        let _whole = self.whole();
        for cell in self.stripes.all() {
            cell.store(empty, SeqCst);
        }
        self.newest.store(0, Release);
    }

    /// Counts one call at `now` (nanoseconds, as is `slice`).
    #[inline]
    pub(crate) fn record(&self, generation: u64, slice: u64, now: u64, bad: bool) {
        if !self.record_in_last(generation, slice, now, bad) {
            self.record_at(cell::period_of(generation), now / slice.max(1), bad);
        }
    }

    /// The same, if it is not the first in its slice, nor late, and nobody is in the way. Whether it did.
    #[inline(always)]
    pub(crate) fn record_in_last(&self, generation: u64, slice: u64, now: u64, bad: bool) -> bool {
        let newest = self.newest.load(Acquire);
        if !is_in(newest, slice, now) {
            return false;
        }
        let (lap, index) = place(newest);
        let cell = &self.stripes.mine()[index];
        let word = cell.load(SeqCst);
        let tag = cell::tag(cell::period_of(generation), lap);
        cell::plus(word, tag, bad)
            .is_some_and(|next| cell.compare_exchange(word, next, SeqCst, SeqCst).is_ok())
    }

    /// Otherwise.
    #[cold]
    #[inline(never)]
    fn record_at(&self, period: u64, tick: u64, bad: bool) {
        self.turn(period, tick);
        let (lap, index) = place(tick);
        loop {
            let cell = &self.stripes.mine()[index];
            let word = cell.load(SeqCst);
            let Some(next) = cell::plus_in_any(word, period, lap, bad) else {
                return;
            };
            // The strong one, which fails only if somebody else was there.
            if cell.compare_exchange(word, next, SeqCst, SeqCst).is_ok() {
                return;
            }
            self.spread();
        }
    }

    /// What the window holds at `now`.
    ///
    /// Slices a little in the future count as well: other threads may have read the clock after us.
    pub(crate) fn sum(&self, generation: u64, slice: u64, now: u64) -> Counts {
        let period = cell::period_of(generation);
        let newest = self.newest.load(Acquire);
        let tick = now / slice.max(1);
        if tick.abs_diff(newest) > ERA {
            return Counts::default();
        }
        let (lap, index) = place(tick);
        let tag = |lap| cell::tag(period, lap);
        let tags = [tag(lap.wrapping_sub(1)), tag(lap), tag(lap + 1)];
        let mut counts = Counts::default();
        self.stripes.see(|cells| {
            let (begun, left) = cells.split_at(index + 1);
            counts.add(begun, tags[1], tags[2]);
            counts.add(left, tags[0], tags[1]);
        });
        counts
    }

    /// Notes that somebody writes in a slice, and takes old laps out before they (or those from before a long silence,
    /// or a large jump between clocks) can no longer be told from new ones.
    fn turn(&self, period: u64, tick: u64) {
        let is_due = |newest: u64| tick / ERA > newest / ERA || tick.abs_diff(newest) > ERA;
        let newest = self.newest.load(Acquire);
        if !is_due(newest) {
            if tick > newest {
                self.newest.fetch_max(tick, AcqRel);
            }
            return;
        }
        // Who writes in a slice as new as this waits here, lest what it records is swept away.
        let _whole = self.whole();
        let newest = self.newest.load(Acquire);
        if !is_due(newest) || self.period() != period {
            return;
        }
        let (lap, _) = place(tick);
        let near = tick.abs_diff(newest) <= ERA;
        for cell in self.stripes.all() {
            let emptied =
                |word| (!(near && Cell::unpack(word).is_beside(lap))).then(|| Cell::empty(period));
            // Refused where the cell stays as it is.
            let _ = cell.fetch_update(SeqCst, SeqCst, emptied);
        }
        self.newest.store(tick, Release);
    }

    /// Gives each thread buckets of its own.
    fn spread(&self) {
        if self.stripes.are_spread() {
            return;
        }
        // Under the lock: a new period has begun before this, and is theirs, or begins after it and finds them.
        let _whole = self.whole();
        self.stripes.spread(Cell::empty(self.period()));
    }

    /// The period of all buckets, as long as the lock is held.
    fn period(&self) -> u64 {
        Cell::unpack(self.stripes.first()[0].load(SeqCst)).period
    }

    fn whole(&self) -> MutexGuard<'_, ()> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
