//! A rolling window of time in ten words.

use std::sync::atomic::{AtomicU64, Ordering::*};
use std::sync::{Mutex, PoisonError};

/// The slices of a window.
const SLICES: usize = 10;

/// Counts of the last stretch of time: how many calls, and how many of them were bad.
///
/// The time is cut into slices of a tenth of the window; slice number `t` lives in bucket `t % 10`, and its
/// lap is `t / 10`. A bucket is one word, so lap and counts always change together and nothing that was
/// counted is lost when a bucket is taken over by its next slice:
///
/// ```text
/// bit 63..58   57..40   39..20   19..0
///     period    lap      bad      calls
/// ```
///
/// - *period*: the low bits of the breaker's generation. A record of another period is late and is dropped.
/// - *lap*: which turn of the ring the counts belong to, modulo 2^18. A window that nobody has written to for
///   half of that is emptied before it is used, so that an old lap is never taken for a new one.
/// - *bad*, *calls*: both are halved when `calls` is full, which leaves their ratio as it was.
///
/// Costs one compare-and-swap for a record and ten loads for a sum, whatever the traffic; 96 bytes; takes no lock
/// but for the emptying just named.
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
    cells: [AtomicU64; SLICES],
    /// The lap of the newest record, in full.
    newest: AtomicU64,
    waking: Mutex<()>,
}

/// How many calls, and how many of them were bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) calls: u32,
    pub(crate) bad: u32,
}

/// A bucket's content, unpacked.
#[derive(Clone, Copy)]
struct Cell {
    period: u64,
    lap: u64,
    bad: u64,
    calls: u64,
}

const COUNT_BITS: u32 = 20;
const COUNT_MAX: u64 = (1 << COUNT_BITS) - 1;
const LAP_BITS: u32 = 18;
const LAP_MASK: u64 = (1 << LAP_BITS) - 1;
const PERIOD_BITS: u32 = 6;
const PERIOD_MASK: u64 = (1 << PERIOD_BITS) - 1;
/// Laps of silence after which a window has to be emptied.
const LONG_SLEEP: u64 = 1 << (LAP_BITS - 1);

impl Cell {
    fn unpack(word: u64) -> Self {
        Cell {
            period: word >> (2 * COUNT_BITS + LAP_BITS),
            lap: (word >> (2 * COUNT_BITS)) & LAP_MASK,
            bad: (word >> COUNT_BITS) & COUNT_MAX,
            calls: word & COUNT_MAX,
        }
    }

    fn pack(self) -> u64 {
        (self.period << (2 * COUNT_BITS + LAP_BITS))
            | (self.lap << (2 * COUNT_BITS))
            | (self.bad << COUNT_BITS)
            | self.calls
    }

    fn empty(period: u64) -> Self {
        Cell {
            period,
            lap: 0,
            bad: 0,
            calls: 0,
        }
    }

    fn plus(mut self, bad: bool) -> Self {
        if self.calls == COUNT_MAX {
            self.calls /= 2;
            self.bad /= 2;
        }
        self.calls += 1;
        self.bad += u64::from(bad);
        self
    }
}

/// Where a moment lies: its lap in full, and its bucket.
fn place(slice: u64, now: u64) -> (u64, usize) {
    let tick = now / slice.max(1);
    (tick / SLICES as u64, (tick % SLICES as u64) as usize)
}

impl Buckets {
    pub(crate) const fn new() -> Self {
        Buckets {
            cells: [const { AtomicU64::new(0) }; SLICES],
            newest: AtomicU64::new(0),
            waking: Mutex::new(()),
        }
    }

    /// The length of a slice of a window of that many nanoseconds, rounded down so that nothing older
    /// than the window counts; never zero, so a window shorter than ten nanoseconds counts as ten.
    pub(crate) const fn slice(window: u64) -> u64 {
        let slice = window / SLICES as u64;
        if slice == 0 { 1 } else { slice }
    }

    /// Empties the window for a new period. To be called before the new period is known to anybody, by one
    /// thread at a time: from then on all records that are under way are late.
    pub(crate) fn reset(&self, generation: u64) {
        let empty = Cell::empty(generation & PERIOD_MASK).pack();
        for cell in &self.cells {
            cell.store(empty, SeqCst);
        }
        self.newest.store(0, Release);
    }

    /// Counts one call at `now` (nanoseconds, as is `slice`).
    pub(crate) fn record(&self, generation: u64, slice: u64, now: u64, bad: bool) {
        let period = generation & PERIOD_MASK;
        let (lap, index) = place(slice, now);
        self.wake(period, lap);
        let lap = lap & LAP_MASK;
        let cell = &self.cells[index];
        let mut word = cell.load(SeqCst);
        loop {
            let held = Cell::unpack(word);
            if held.period != period {
                return;
            }
            let next = if held.lap == lap {
                held.plus(bad)
            } else if held.calls > 0 && held.lap == (lap + 1) & LAP_MASK {
                // We were held up for a whole window: the bucket belongs to a newer slice by now.
                return;
            } else {
                // An old slice, or one of a clock that runs far ahead of ours.
                Cell {
                    lap,
                    ..Cell::empty(period)
                }
                .plus(bad)
            };
            match cell.compare_exchange_weak(word, next.pack(), SeqCst, SeqCst) {
                Ok(_) => return,
                Err(found) => word = found,
            }
        }
    }

    /// What the window holds at `now`.
    ///
    /// Slices a little in the future count as well: other threads may have read the clock after us.
    pub(crate) fn sum(&self, generation: u64, slice: u64, now: u64) -> Counts {
        let period = generation & PERIOD_MASK;
        let (lap, index) = place(slice, now);
        if lap.abs_diff(self.newest.load(Acquire)) > LONG_SLEEP {
            return Counts::default();
        }
        let mut counts = Counts::default();
        for (i, cell) in self.cells.iter().enumerate() {
            let cell = Cell::unpack(cell.load(SeqCst));
            let current = if i <= index { lap } else { lap.wrapping_sub(1) } & LAP_MASK;
            let live = cell.lap == current || cell.lap == (current + 1) & LAP_MASK;
            if cell.period == period && live {
                counts.calls += cell.calls as u32;
                counts.bad += cell.bad as u32;
            }
        }
        counts
    }

    /// Notes that somebody writes in this lap, and empties the window after so long a silence
    /// (or so large a jump between clocks) that its laps can no longer be told apart.
    fn wake(&self, period: u64, lap: u64) {
        let newest = self.newest.load(Acquire);
        if lap.abs_diff(newest) <= LONG_SLEEP {
            if lap > newest {
                self.newest.fetch_max(lap, AcqRel);
            }
            return;
        }
        // The others wait until it is empty, lest what they record is swept away.
        let _waking = self.waking.lock().unwrap_or_else(PoisonError::into_inner);
        if lap.abs_diff(self.newest.load(Acquire)) <= LONG_SLEEP {
            return;
        }
        for cell in &self.cells {
            // Not a plain store: it could undo a reset for the next period.
            let empty =
                |word| (Cell::unpack(word).period == period).then(|| Cell::empty(period).pack());
            if cell.fetch_update(SeqCst, SeqCst, empty).is_err() {
                return;
            }
        }
        self.newest.store(lap, Release);
    }
}

#[cfg(test)]
mod tests;
