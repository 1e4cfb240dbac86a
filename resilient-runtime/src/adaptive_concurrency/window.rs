//! What the calls of a window leave behind, gathered without a lock.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use std::time::Duration;

use super::algorithm::{LimitUpdate, LimitWindow};
use super::settings::AdaptiveConcurrencySettings as Settings;
use crate::clock::{Nanos, nanos_of};

/// The sums of the window that is open.
///
/// Each call adds to two words; the rest is written in the rare cases that it counts. Words are
/// taken one by one at the end of a window, so a call that ends just then may have its time in one window and its
/// count in the next. Among the many of a window that does no harm.
///
/// Memory ordering: everything is `Relaxed`; these are sums, and nothing is read by way of them.
// Written by every call: not on the line of what every call only reads.
#[repr(align(64))]
#[derive(Debug)]
pub(super) struct Gathering {
    /// Sum of the logarithms of the times (40 bits, 10 of them behind the point) and number of samples (24 bits).
    logs: AtomicU64,
    latency: AtomicU64,
    min_latency: AtomicU64,
    /// Answered, and not in those sums: in this window, and in those before it in which little else was answered.
    long: AtomicU32,
    dropped: AtomicU32,
    refused: AtomicU32,
    max_in_flight: AtomicU32,
    /// When something was last gathered.
    last: AtomicU64,
    frame: Frame,
}

/// When the window begins and ends.
#[derive(Debug)]
struct Frame {
    begins: AtomicU64,
    ends: AtomicU64,
    ends_at_last: AtomicU64,
    samples: AtomicU32,
    /// The longest that it lasts.
    idle: AtomicU64,
    /// A time is long from here on.
    long: AtomicU64,
}

const COUNT_BITS: u32 = 24;
const COUNT_MAX: u64 = (1 << COUNT_BITS) - 1;
/// A window is closed before its count can overflow.
const FULL: u64 = COUNT_MAX / 2;
const LOG_POINT: u32 = 10;
/// A time is long that is so many times the last mean, and no shorter than that.
const LONG: u64 = 16;
const LONG_AT_LEAST: Nanos = 100_000_000;
/// So many in a row are no exceptions.
const MANY: u32 = 10;

/// The logarithm to base two, with ten bits behind the point, which err by 0.09 at most and always the same way.
fn log2(latency: Nanos) -> u64 {
    let latency = latency.max(1);
    let whole = u64::from(latency.ilog2());
    // The mantissa, taken for the fraction: a straight line between powers of two.
    let mantissa = (latency << (63 - whole)) << 1;
    (whole << LOG_POINT) | (mantissa >> (64 - LOG_POINT))
}

impl Gathering {
    pub(super) const fn new() -> Self {
        Self {
            logs: AtomicU64::new(0),
            latency: AtomicU64::new(0),
            min_latency: AtomicU64::new(Nanos::MAX),
            long: AtomicU32::new(0),
            dropped: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            max_in_flight: AtomicU32::new(0),
            last: AtomicU64::new(0),
            frame: Frame {
                begins: AtomicU64::new(0),
                ends: AtomicU64::new(0),
                ends_at_last: AtomicU64::new(0),
                samples: AtomicU32::new(0),
                idle: AtomicU64::new(0),
                long: AtomicU64::new(Nanos::MAX),
            },
        }
    }

    /// Whether what happens now belongs to the window.
    #[inline]
    fn is_open(&self, now: Nanos) -> bool {
        now >= self.frame.begins.load(Relaxed)
    }

    #[inline]
    pub(super) fn answered(&self, now: Nanos, latency: Nanos, in_flight: u32) {
        if !self.is_open(now) {
            return;
        }
        self.saw(in_flight);
        if latency >= self.frame.long.load(Relaxed) {
            self.long.fetch_add(1, Relaxed);
            return;
        }
        self.logs
            .fetch_add((log2(latency) << COUNT_BITS) | 1, Relaxed);
        self.latency.fetch_add(latency, Relaxed);
        if latency < self.min_latency.load(Relaxed) {
            self.min_latency.fetch_min(latency, Relaxed);
        }
    }

    pub(super) fn dropped(&self, now: Nanos, in_flight: u32) {
        if self.is_open(now) {
            self.dropped.fetch_add(1, Relaxed);
            self.saw(in_flight);
        }
    }

    pub(super) fn refused(&self, now: Nanos, in_flight: u32) {
        if self.is_open(now) {
            self.refused.fetch_add(1, Relaxed);
            self.saw(in_flight);
        }
    }

    #[inline]
    fn saw(&self, in_flight: u32) {
        if in_flight > self.max_in_flight.load(Relaxed) {
            self.max_in_flight.fetch_max(in_flight, Relaxed);
        }
    }

    /// Whether nothing has happened for longer than a window lasts. What came before is then a
    /// window of its own, that ended when it did.
    #[inline]
    pub(super) fn ended_at(&self, now: Nanos) -> Option<Nanos> {
        let last = self.last.load(Relaxed);
        (now.saturating_sub(last) > self.frame.idle.load(Relaxed)).then_some(last)
    }

    #[inline]
    pub(super) fn touch(&self, now: Nanos) {
        self.last.store(now, Relaxed);
    }

    /// Whether the window is over.
    #[inline]
    pub(super) fn is_over(&self, now: Nanos) -> bool {
        let samples = self.logs.load(Relaxed) & COUNT_MAX;
        if now < self.frame.ends.load(Relaxed) {
            return samples >= FULL;
        }
        let enough = u64::from(self.frame.samples.load(Relaxed));
        samples + u64::from(self.dropped.load(Relaxed)) >= enough
            || now >= self.frame.ends_at_last.load(Relaxed)
    }

    /// No window has begun yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.frame.ends.load(Relaxed) == 0
    }

    /// From when on a time is long, once there was one.
    pub(super) fn long(&self) -> Option<Nanos> {
        let long = self.frame.long.load(Relaxed);
        (long < Nanos::MAX).then_some(long)
    }

    /// Ends the window. By one thread at a time, as is [`begin`](Self::begin).
    pub(super) fn end(
        &self,
        now: Nanos,
        limit: u32,
        held: u32,
        settings: &Settings,
    ) -> LimitWindow {
        let logs = self.logs.swap(0, Relaxed);
        let (samples, logs) = (logs & COUNT_MAX, logs >> COUNT_BITS);
        let sum = self.latency.swap(0, Relaxed);
        let shortest = self.min_latency.swap(Nanos::MAX, Relaxed);
        let latency = sum / samples.max(1);
        self.follow(latency, samples);
        let begun = self.frame.begins.load(Relaxed);
        LimitWindow {
            limit,
            initial_limit: settings.bounded(settings.initial),
            min_limit: settings.bounded(0),
            max_limit: settings.bounded(u32::MAX),
            duration: Duration::from_nanos(now.saturating_sub(begun)),
            samples: samples as u32,
            latency: Duration::from_nanos(latency),
            log_latency: logs as f64 / (samples.max(1) << LOG_POINT) as f64,
            min_latency: Duration::from_nanos(if samples > 0 {
                shortest.min(latency)
            } else {
                0
            }),
            dropped: self.dropped.swap(0, Relaxed),
            refused: self.refused.swap(0, Relaxed),
            max_in_flight: self.max_in_flight.swap(0, Relaxed),
            held,
        }
    }

    /// Says what is long after such a window.
    fn follow(&self, latency: Nanos, samples: u64) {
        let rare = u64::from(self.long.load(Relaxed)) <= samples;
        if rare && samples > 0 {
            let long = latency.saturating_mul(LONG).max(LONG_AT_LEAST);
            self.frame.long.store(long, Relaxed);
        }
        let many = self.long.load(Relaxed) >= MANY;
        if !rare && many {
            // It is the others that are rare by now.
            let long = self.frame.long.load(Relaxed);
            self.frame.long.store(long.saturating_mul(LONG), Relaxed);
        }
        if rare || many {
            self.long.store(0, Relaxed);
        }
    }

    /// Nothing gathered, and no window begun. By the same thread.
    pub(super) fn forget(&self) {
        self.frame.begins.store(0, Relaxed);
        self.frame.ends_at_last.store(0, Relaxed);
        self.frame.ends.store(0, Relaxed);
        self.frame.idle.store(0, Relaxed);
        self.last.store(0, Relaxed);
        self.frame.long.store(Nanos::MAX, Relaxed);
        self.long.store(0, Relaxed);
        self.logs.store(0, Relaxed);
        self.latency.store(0, Relaxed);
        self.min_latency.store(Nanos::MAX, Relaxed);
        self.dropped.store(0, Relaxed);
        self.refused.store(0, Relaxed);
        self.max_in_flight.store(0, Relaxed);
    }

    pub(super) fn begin(&self, now: Nanos, update: &LimitUpdate) {
        let begins = now.saturating_add(nanos_of(update.settle));
        let ends = begins.saturating_add(nanos_of(update.duration));
        let at_last = begins.saturating_add(nanos_of(update.longest)).max(ends);
        self.frame.samples.store(update.samples, Relaxed);
        self.frame.begins.store(begins, Relaxed);
        self.frame.ends_at_last.store(at_last, Relaxed);
        self.frame.idle.store(at_last - now, Relaxed);
        self.frame.ends.store(ends.max(1), Relaxed);
    }
}

#[cfg(test)]
mod tests;
