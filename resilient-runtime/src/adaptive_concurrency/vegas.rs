//! TCP Vegas, windowed.

use std::time::Duration;

use super::algorithm::{LimitAlgorithm, LimitUpdate, LimitWindow};

/// Keeps the queue that it infers from latency between two bounds: TCP Vegas, as Netflix applies it to calls.
///
/// For each window of at least 1 s and 10 calls, with g = log10 of the limit, rounded down and at least 1:
/// queue = limit · (1 - no-load latency / latency), rounded up. Up to g the limit grows by 6g, below 3g by g, above 6g it
/// falls by g; a window with drops costs it g. The no-load latency is the least mean of a window.
/// A limit that is used by less than half stays, and growth goes no further than twice what is in flight.
///
/// Other than the original: only windows. For single calls the least latency is far below the mean, and the limit settles
/// near 7 whatever the capacity. And after every 30 windows one is spent at half the limit, whose mean is the no-load latency from
/// then on, be it more or less; the original takes that of some call under full load.
///
/// # Weaknesses
///
/// - A dependency that has become slower looks like a queue until the next such probe.
/// - A probe costs up to half of a second's throughput in thirty.
/// - Its steps are small against large limits.
/// - Of several clients those that came late take the queue of the others for no load, and take several times their share.
///
/// Sources: Brakmo and Peterson, "TCP Vegas", 1995; [concurrency-limits](https://github.com/Netflix/concurrency-limits), Apache-2.0,
/// from its description.
#[derive(Debug)]
pub struct Vegas {
    exact: f64,
    /// The shortest mean of a window, in seconds; zero before the first.
    no_load: f64,
    /// Windows until the next probe.
    left: u32,
    /// The limit to go back to after a probe.
    probing: Option<f64>,
}

const PROBE_EVERY: u32 = 30;
const WINDOW: Duration = Duration::from_secs(1);

impl LimitAlgorithm for Vegas {
    const NEW: Self = Self {
        exact: 0.0,
        no_load: 0.0,
        left: PROBE_EVERY,
        probing: None,
    };

    fn update(&mut self, window: &LimitWindow) -> LimitUpdate {
        let limit = f64::from(window.limit);
        if self.exact.round() != limit {
            self.exact = limit;
        }
        self.exact = self
            .next(window)
            .clamp(f64::from(window.min_limit), f64::from(window.max_limit));
        // A probe as long as any other window: its mean is the measure for all that follow.
        let settle = if self.probing.is_some() {
            window.latency
        } else {
            Duration::ZERO
        };
        LimitUpdate::new(self.exact)
            .after(settle)
            .lasting(WINDOW)
            .of_samples(10, Duration::from_secs(5))
    }
}

impl Vegas {
    fn next(&mut self, window: &LimitWindow) -> f64 {
        let limit = self.exact;
        let mean = window.latency.as_secs_f64();
        if let Some(before) = self.probing.take() {
            if window.samples > 0 {
                self.no_load = mean;
            }
            self.left = PROBE_EVERY;
            return before;
        }
        if window.duration < WINDOW / 2 {
            // The very first one is short, and its mean of few calls would pass for the time without load.
            return limit;
        }
        let step = limit.log10().floor().max(1.0);
        if window.dropped > 0 {
            return limit - step;
        }
        if window.samples == 0 {
            return limit;
        }
        if self.no_load == 0.0 || mean < self.no_load {
            self.no_load = mean;
        }
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.probing = Some(limit);
            return (limit / 2.0).floor();
        }
        let used = f64::from(window.max_in_flight);
        if 2.0 * used < limit {
            return limit;
        }
        let queue = (limit * (1.0 - self.no_load / mean)).ceil();
        if queue <= step {
            (limit + 6.0 * step).min((2.0 * used).max(limit))
        } else if queue < 3.0 * step {
            (limit + step).min((2.0 * used).max(limit))
        } else if queue > 6.0 * step {
            limit - step
        } else {
            limit
        }
    }
}
