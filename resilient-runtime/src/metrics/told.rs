//! What was told of each histogram. A recorder takes times one by one, and each may be told once.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ::metrics::{Histogram, IntoF64};

use super::names::*;
use super::series::Series;
use crate::clock::{Nanos, nanos_of};
use crate::door::Door;
use crate::{Latencies, Site, SiteStats, Timing};

const TIMED: [(Metric, Timing); 8] = [
    (CALL_DURATION, Timing::Call),
    (ATTEMPT_DURATION, Timing::Attempt),
    (TIMEOUT_DURATION, Timing::Timeout),
    (RATE_LIMIT_WAIT, Timing::RateLimitWait),
    (BULKHEAD_WAIT, Timing::BulkheadWait),
    (BULKHEAD_HELD, Timing::BulkheadHeld),
    (ADAPTIVE_WAIT, Timing::AdaptiveWait),
    (ADAPTIVE_HELD, Timing::AdaptiveHeld),
];

/// One for the process: a time is told by whoever publishes first, and by nobody else.
#[derive(Debug)]
pub(super) struct Told(BTreeMap<(&'static str, usize), Times>);

#[derive(Debug, Default)]
struct Times {
    latencies: Latencies,
    /// Their sum, as it was told.
    sum: Nanos,
}

impl Told {
    const NOTHING: Self = Self(BTreeMap::new());

    /// Nobody else publishes meanwhile.
    pub(super) fn with<R>(with: impl FnOnce(&mut Self) -> R) -> R {
        static TOLD: Door<Mutex<Told>> = Door::new(Mutex::new(Told::NOTHING));
        let told = TOLD.open(|| Mutex::new(Self::NOTHING));
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        with(&mut told)
    }

    pub(super) fn publish(&mut self, series: &Series<'_>, site: &'static Site, stats: &SiteStats) {
        for (metric, timing) in TIMED {
            if timing.layer().is_none_or(|kind| site.layer(kind).is_some()) {
                let histogram = series.histogram(metric);
                let told = self.0.entry((site.name(), timing as usize)).or_default();
                told.tell(&histogram, stats.latencies(timing));
            }
        }
    }
}

impl Times {
    /// Tells what came since. What no recorder takes stays to be told.
    fn tell(&mut self, histogram: &Histogram, now: &Latencies) {
        let owed = nanos_of(now.sum()).saturating_sub(self.sum);
        let fresh = now.since(&self.latencies);
        let (taken, mut sum) = (Cell::new(false), 0.0);
        for (nanos, count) in spread(&fresh, owed) {
            let seconds = Seconds {
                seconds: nanos / 1e9,
                taken: &taken,
            };
            histogram.record_many(seconds, usize::try_from(count).unwrap_or(usize::MAX));
            sum += nanos * count as f64;
        }
        if taken.get() {
            self.latencies = now.clone();
            self.sum = self.sum.saturating_add(sum.round() as Nanos);
        }
    }
}

/// A time for those of each bucket, in nanoseconds: inside of it, and as far from its beginning as in the others, so
/// that together they are `sum`.
fn spread(latencies: &Latencies, sum: Nanos) -> impl Iterator<Item = (f64, u64)> {
    // None of them is longer than all together. That bounds the last bucket, which has no end.
    let spans = latencies.spans().map(move |(span, count)| {
        let (first, last) = span.into_inner();
        (first as f64, last.min(sum).max(first) as f64, count)
    });
    let spans: Vec<_> = spans.collect();
    let all = |of: fn(&(f64, f64, u64)) -> f64| {
        spans
            .iter()
            .map(|span| of(span) * span.2 as f64)
            .sum::<f64>()
    };
    let (least, most) = (all(|span| span.0), all(|span| span.1));
    // Sum and buckets may be a few calls apart: what is left over is told with the next.
    let share = ((sum as f64 - least) / (most - least).max(1.0)).clamp(0.0, 1.0);
    spans
        .into_iter()
        .map(move |(first, last, count)| (first + (last - first) * share, count))
}

/// Notes that it was taken: without a recorder, or where one does not want the metric, nobody asks for the figure.
struct Seconds<'a> {
    seconds: f64,
    taken: &'a Cell<bool>,
}

impl IntoF64 for Seconds<'_> {
    fn into_f64(self) -> f64 {
        self.taken.set(true);
        self.seconds
    }
}
