//! How long things took, for good: a histogram that every call adds to and nobody empties.

use std::fmt;
#[cfg(feature = "metrics")]
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::clock::{Nanos, nanos_of};

/// An eighth of a microsecond: the width of the narrowest bucket.
const UNIT: Nanos = 125;
/// Eight buckets to each power of two: the widest is an eighth of what it counts.
const SUB_BITS: u32 = 3;
const SUBS: usize = 1 << SUB_BITS;
/// From one microsecond to 71 minutes.
const OCTAVES: usize = 32;
/// One for what is shorter, and one for what is longer.
const BUCKETS: usize = 1 + OCTAVES * SUBS + 1;
/// What is longer is known to be longer than this.
const LONGEST: Nanos = UNIT << (SUB_BITS as usize + OCTAVES);

/// Log-linear buckets (those of HdrHistogram, Tene 2012), without a lock.
///
/// Memory ordering: `Relaxed`, for these are counts and guard nothing. So a reader may find the sum a few times ahead
/// of the buckets or behind them.
#[derive(Debug)]
pub(super) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum: AtomicU64,
}

impl Histogram {
    pub(super) const fn new() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            sum: AtomicU64::new(0),
        }
    }

    pub(super) fn record(&self, took: Duration) {
        let took = nanos_of(took);
        self.buckets[bucket_of(took)].fetch_add(1, Relaxed);
        // Ten thousand calls at a time fill it in three weeks.
        let added = |sum: Nanos| Some(sum.saturating_add(took));
        let _ = self.sum.fetch_update(Relaxed, Relaxed, added);
    }

    pub(super) fn read(&self) -> Latencies {
        let buckets = std::array::from_fn(|bucket| self.buckets[bucket].load(Relaxed));
        Latencies {
            buckets: Some(Box::new(buckets)),
            sum: self.sum.load(Relaxed),
        }
    }
}

/// How long things took since they are measured: a histogram, as it stood when it was read.
///
/// Its buckets are an eighth as wide as what they count, from one microsecond to 71 minutes; what is shorter or
/// longer is in a bucket of its own.
///
/// ```
/// # #[cfg(feature = "macros")] {
/// use resilient_runtime::{Timing, registry, timeout};
///
/// #[timeout("1s", name = "greet")]
/// async fn greet() -> Result<&'static str, std::io::Error> {
///     Ok("hello")
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// registry().measure();
/// let site = registry().site("greet").expect("it is annotated");
/// let before = site.stats();
/// let _ = greet().await;
/// let calls = site.stats().latencies(Timing::Call).since(before.latencies(Timing::Call));
/// assert_eq!(calls.count(), 1);
/// assert!(calls.quantile(0.99).is_some());
/// # }
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Latencies {
    /// There are none as long as nothing was measured.
    buckets: Option<Box<[u64; BUCKETS]>>,
    sum: Nanos,
}

impl Latencies {
    /// How many were measured.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts().iter().sum()
    }

    /// All of them together, exact to the nanosecond. It stays at 584 years once it is there.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum)
    }

    /// What the share `q` of them does not exceed; `None` if there are none. `0.5` is the median, `1.0` the longest;
    /// what is outside of `0.0..=1.0` counts as the nearest of these.
    ///
    /// It is the upper end of a bucket: never less than the exact figure, and at most an eighth more, or one
    /// microsecond where that is more. Of what took longer than 71 minutes only that is known, and it is told as that
    /// long.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        let rank = ((q.clamp(0.0, 1.0) * count as f64).ceil() as u64).clamp(1, count.max(1));
        let mut up_to = 0;
        let bucket = self.counts().iter().position(|count| {
            up_to += count;
            up_to >= rank
        })?;
        Some(Duration::from_nanos(end_of(bucket).unwrap_or(LONGEST)))
    }

    /// What came after `earlier` was read, of the same site and timing.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut since = self.clone();
        for (count, earlier) in since
            .buckets
            .iter_mut()
            .flat_map(|buckets| &mut **buckets)
            .zip(earlier.counts())
        {
            *count = count.saturating_sub(*earlier);
        }
        since.sum = self.sum.saturating_sub(earlier.sum);
        since
    }

    /// The buckets that are not empty, the shortest first: their upper end, which they include, and how many are in
    /// each. That of what took longer than 71 minutes ends at [`Duration::MAX`].
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let counts = self.counts().iter().enumerate();
        counts
            .filter(|(_, count)| **count > 0)
            .map(|(bucket, count)| {
                let end = end_of(bucket).map_or(Duration::MAX, Duration::from_nanos);
                (end, *count)
            })
    }

    /// The same in whole nanoseconds, with those that are in the bucket and not in the one before it.
    #[cfg(feature = "metrics")]
    pub(crate) fn spans(&self) -> impl Iterator<Item = (RangeInclusive<Nanos>, u64)> {
        let counts = self.counts().iter().enumerate();
        counts
            .filter(|(_, count)| **count > 0)
            .map(|(bucket, count)| {
                let before = bucket.checked_sub(1).and_then(end_of);
                let first = before.map_or(0, |end| end + 1);
                (first..=end_of(bucket).unwrap_or(Nanos::MAX), *count)
            })
    }

    fn counts(&self) -> &[u64] {
        self.buckets.as_deref().map_or(&[], |buckets| buckets)
    }
}

impl fmt::Debug for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latencies")
            .field("count", &self.count())
            .field("sum", &self.sum())
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .finish()
    }
}

/// A time at the end of a bucket is in it.
fn bucket_of(took: Nanos) -> usize {
    let units = took.saturating_sub(1) / UNIT;
    let Some(octave) = units
        .checked_ilog2()
        .and_then(|log| log.checked_sub(SUB_BITS))
    else {
        return 0;
    };
    let sub = (units >> octave) as usize % SUBS;
    (1 + octave as usize * SUBS + sub).min(BUCKETS - 1)
}

/// `None` for the last.
fn end_of(bucket: usize) -> Option<Nanos> {
    match bucket.checked_sub(1) {
        None => Some(UNIT << SUB_BITS),
        Some(place) if bucket < BUCKETS - 1 => {
            let (octave, sub) = (place / SUBS, place % SUBS);
            Some(((SUBS + sub + 1) as Nanos * UNIT) << octave)
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
