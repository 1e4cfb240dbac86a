//! How long calls take, without a lock: a histogram that forgets.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::*};
use std::time::Duration;

use crate::clock::{Nanos, nanos_of};

/// Times are counted in units of about a microsecond: shorter ones are no reason to hedge.
const UNIT_BITS: u32 = 10;
/// Sixteen buckets to each power of two: the widest is a sixteenth of what it counts.
const SUB_BITS: u32 = 4;
const SUBS: u64 = 1 << SUB_BITS;
/// 73 minutes; what takes longer counts as that.
const TOP_BITS: u32 = 42;
const BUCKETS: usize = ((TOP_BITS - UNIT_BITS - SUB_BITS + 1) << SUB_BITS) as usize;

/// A percentile is worked out anew after so many samples; until there are a few of these, after each.
const SAMPLES_A_STEP: u64 = 16;

/// The times of the last calls, as a log-linear histogram (the buckets of HdrHistogram, Tene 2012).
///
/// There are two halves. One is filled; when it has its number of samples the older one is emptied and
/// filled in its place. A percentile is taken over both, so it rests on one to two halves of samples.
///
/// Memory ordering: a half is emptied before it is announced as the one to be filled. All else is
/// `Relaxed`: counts, which guard nothing. A sample that comes in just as the halves change may be lost.
// Written by every call: not on the line of what every call only reads.
#[repr(align(64))]
pub(super) struct Latencies {
    halves: [[AtomicU32; BUCKETS]; 2],
    /// The half that is being filled.
    filling: AtomicUsize,
    /// All samples that there ever were.
    seen: AtomicU64,
    /// The percentile last worked out: of which rank (32 bits), in which step (16), and in which bucket (16).
    cached: AtomicU64,
}

impl Latencies {
    pub(super) const fn new() -> Self {
        Self {
            halves: [const { [const { AtomicU32::new(0) }; BUCKETS] }; 2],
            filling: AtomicUsize::new(0),
            seen: AtomicU64::new(0),
            cached: AtomicU64::new(0),
        }
    }

    /// Counts a sample; `half` is how many a half of the window has.
    pub(super) fn record(&self, latency: Duration, half: u64) {
        let filling = self.filling.load(Acquire) & 1;
        self.halves[filling][bucket_of(nanos_of(latency))].fetch_add(1, Relaxed);
        // No two calls see the same number, so one of them turns the halves over.
        let seen = self.seen.fetch_add(1, Relaxed) + 1;
        if seen.is_multiple_of(half) {
            let older = 1 - filling;
            for bucket in &self.halves[older] {
                bucket.store(0, Relaxed);
            }
            self.filling.store(older, Release);
        }
    }

    /// What the share `rank` of the calls does not exceed, once there are `min_samples`. It errs upwards, by no
    /// more than a bucket.
    pub(super) fn percentile(&self, rank: f64, min_samples: u32) -> Option<Duration> {
        let seen = self.seen.load(Relaxed);
        if seen < min_samples.into() {
            return None;
        }
        let key = u64::from((rank as f32).to_bits()) << 32 | (step(seen) & 0xFFFF) << 16;
        let cached = self.cached.load(Relaxed);
        let bucket = if cached & !0xFFFF == key {
            cached & 0xFFFF
        } else {
            let bucket = self.bucket_at(rank)?;
            self.cached.store(key | bucket, Relaxed);
            bucket
        };
        Some(Duration::from_nanos(end_of(bucket)))
    }

    /// `None` if there is nothing in any bucket.
    fn bucket_at(&self, rank: f64) -> Option<u64> {
        let [one, other] = &self.halves;
        let counts: [u64; BUCKETS] = std::array::from_fn(|bucket| {
            u64::from(one[bucket].load(Relaxed)) + u64::from(other[bucket].load(Relaxed))
        });
        let samples: u64 = counts.iter().sum();
        let wanted = ((rank * samples as f64).ceil() as u64).max(1);
        let mut below = 0;
        let bucket = counts.iter().position(|count| {
            below += count;
            below >= wanted
        })?;
        Some(bucket as u64)
    }
}

/// Moves with each sample at first, and later with every few.
fn step(seen: u64) -> u64 {
    const EACH: u64 = SAMPLES_A_STEP * SAMPLES_A_STEP;
    seen.min(EACH) + seen.saturating_sub(EACH) / SAMPLES_A_STEP
}

fn bucket_of(latency: Nanos) -> usize {
    let units = latency >> UNIT_BITS;
    let bucket = if units < SUBS {
        units
    } else {
        let power = u64::from(units.ilog2() - SUB_BITS);
        (power << SUB_BITS) + (units >> power)
    };
    bucket.min(BUCKETS as u64 - 1) as usize
}

/// The least time that is beyond the bucket.
fn end_of(bucket: u64) -> Nanos {
    let next = bucket + 1;
    let units = if next < SUBS {
        next
    } else {
        let power = (next >> SUB_BITS) - 1;
        (SUBS + (next & (SUBS - 1))) << power
    };
    units << UNIT_BITS
}
