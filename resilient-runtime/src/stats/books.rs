//! The books of one call site, and what a reader sees of them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::*};
use std::time::Duration;

use super::histogram::{Histogram, Latencies};
use super::{Count, Timing};
use crate::door::{Door, Opened};

const COUNTS: usize = Count::ALL.len();
const TIMINGS: usize = Timing::ALL.len();

/// The books of one call site: opened with the first entry, and never closed.
#[derive(Debug)]
pub(crate) struct Stats(Door<Slot>);

type Slot = OnceLock<Box<Books>>;

/// What writes in them is out of the way of calls that are not measured.
///
/// Memory ordering: counts are written `Release` and read `Acquire`, and the beginnings are read last: so nobody
/// finds an end without its beginning.
#[derive(Debug)]
struct Books {
    begun: AtomicU64,
    counts: [AtomicU64; COUNTS],
    /// Each of two kilobytes, and few sites need all.
    timings: [OnceLock<Box<Histogram>>; TIMINGS],
}

impl Books {
    fn new() -> Box<Self> {
        Box::new(Self {
            begun: AtomicU64::new(0),
            counts: [const { AtomicU64::new(0) }; COUNTS],
            timings: [const { OnceLock::new() }; TIMINGS],
        })
    }
}

impl Stats {
    pub(crate) const fn new() -> Self {
        Self(Door::new(OnceLock::new()))
    }

    /// A call begins.
    #[cold]
    pub(super) fn begin(&self) {
        self.slot()
            .get_or_init(Books::new)
            .begun
            .fetch_add(1, Relaxed);
    }

    #[cold]
    pub(super) fn count(&self, count: Count) {
        self.slot().get_or_init(Books::new).counts[count as usize].fetch_add(1, Release);
    }

    #[cold]
    pub(super) fn time(&self, timing: Timing, took: Duration) {
        let slot = self.slot();
        let histogram = &slot.get_or_init(Books::new).timings[timing as usize];
        histogram
            .get_or_init(|| Box::new(Histogram::new()))
            .record(took);
    }

    pub(crate) fn read(&self) -> SiteStats {
        let slot = self.slot();
        let Some(books) = slot.get() else {
            return SiteStats::default();
        };
        let counts = std::array::from_fn(|count| books.counts[count].load(Acquire));
        let begun = books.begun.load(Relaxed);
        let ended: u64 = ENDS.iter().map(|end| counts[*end as usize]).sum();
        SiteStats {
            counts,
            in_flight: begun.saturating_sub(ended),
            latencies: std::array::from_fn(|timing| {
                let histogram = books.timings[timing].get();
                histogram
                    .map(|histogram| histogram.read())
                    .unwrap_or_default()
            }),
        }
    }

    fn slot(&self) -> Opened<'_, Slot> {
        self.0.open(Slot::new)
    }
}

/// How a call ends.
const ENDS: [Count; 4] = [
    Count::CallSucceeded,
    Count::CallFailed,
    Count::CallDropped,
    Count::CallPanicked,
];

/// What was counted and timed at a call site since it is [measured](crate::Registry::measure), as it stood when it was
/// read. See [`Site::stats`](crate::Site::stats).
///
/// Counts that belong together may be a call apart while calls end. Nothing is ever taken back, whatever is switched,
/// reset or changed: what happened between two readings is their difference.
#[derive(Clone, Debug)]
pub struct SiteStats {
    counts: [u64; COUNTS],
    in_flight: u64,
    latencies: [Latencies; TIMINGS],
}

impl SiteStats {
    /// How often it happened.
    #[must_use]
    pub const fn count(&self, count: Count) -> u64 {
        self.counts[count as usize]
    }

    /// The calls that have begun and not ended.
    #[must_use]
    pub const fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// How long it took, each time.
    #[must_use]
    pub const fn latencies(&self, timing: Timing) -> &Latencies {
        &self.latencies[timing as usize]
    }
}

impl Default for SiteStats {
    /// Of a site that was never measured.
    fn default() -> Self {
        Self {
            counts: [0; COUNTS],
            in_flight: 0,
            latencies: Default::default(),
        }
    }
}
