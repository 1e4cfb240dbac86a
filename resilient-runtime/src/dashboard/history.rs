//! What became of a site's calls, second by second.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;

use crate::{Count, Latencies, Site, SiteStats, Timing};

/// Seconds that are kept.
const KEPT: usize = 120;
/// Seconds that a percentile is taken over.
const RECENT: usize = 10;

/// One second.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Point {
    /// In seconds since 1970.
    pub(super) at: u64,
    ok: u64,
    /// Answered by a fallback.
    replaced: u64,
    /// Failed because a layer refused.
    refused: u64,
    /// Failed otherwise.
    failed: u64,
    /// In milliseconds; `None` without a call.
    p50: Option<f64>,
    p99: Option<f64>,
}

impl Point {
    pub(super) fn is_empty(&self) -> bool {
        self.ok + self.replaced + self.refused + self.failed == 0
    }
}

/// The last seconds of one site.
#[derive(Debug)]
pub(super) struct History {
    last: SiteStats,
    points: VecDeque<Point>,
    /// The calls as they were measured at the end of each of the recent seconds.
    measured: VecDeque<Latencies>,
}

const REFUSALS: [Count; 4] = [
    Count::BreakerRefused,
    Count::RateLimitRefused,
    Count::BulkheadRefused,
    Count::AdaptiveRefused,
];

impl History {
    pub(super) fn new(site: &Site) -> Self {
        let last = site.stats();
        let calls = last.latencies(Timing::Call).clone();
        Self {
            last,
            points: VecDeque::new(),
            measured: VecDeque::from([calls]),
        }
    }

    /// A second is over.
    pub(super) fn advance(&mut self, site: &Site, at: u64) -> Point {
        let now = site.stats();
        let since = |count| now.count(count).saturating_sub(self.last.count(count));
        let succeeded = since(Count::CallSucceeded);
        let failed = since(Count::CallFailed) + since(Count::CallPanicked);
        let replaced = since(Count::FallbackSucceeded).min(succeeded);
        // Attempts are refused, and a call may have several.
        let refused = REFUSALS.into_iter().map(since).sum::<u64>().min(failed);
        let calls = now.latencies(Timing::Call);
        let latencies = calls.since(self.last.latencies(Timing::Call));
        let point = Point {
            at,
            ok: succeeded - replaced,
            replaced,
            refused,
            failed: failed - refused,
            p50: quantile(&latencies, 0.5),
            p99: quantile(&latencies, 0.99),
        };
        keep(&mut self.points, point, KEPT);
        keep(&mut self.measured, calls.clone(), RECENT + 1);
        self.last = now;
        point
    }

    pub(super) fn points(&self) -> Vec<Point> {
        self.points.iter().copied().collect()
    }

    pub(super) fn stats(&self) -> &SiteStats {
        &self.last
    }

    /// Over the recent seconds, in milliseconds.
    pub(super) fn quantile(&self, q: f64) -> Option<f64> {
        let (earliest, latest) = (self.measured.front()?, self.measured.back()?);
        quantile(&latest.since(earliest), q)
    }
}

fn keep<T>(kept: &mut VecDeque<T>, one: T, most: usize) {
    kept.push_back(one);
    while kept.len() > most {
        kept.pop_front();
    }
}

fn quantile(latencies: &Latencies, q: f64) -> Option<f64> {
    latencies.quantile(q).map(millis)
}

/// To the microsecond.
pub(super) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
