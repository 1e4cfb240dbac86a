//! Netflix's Gradient2, windowed.

use std::time::Duration;

use super::algorithm::{LimitAlgorithm, LimitUpdate, LimitWindow};

/// Follows the ratio of the latency over the long term to that of now: Netflix's Gradient2.
///
/// For each window of at least 1 s and 10 calls: gradient = 1.5 · long / short, within 0.5 and 1, and the limit becomes
/// 0.8 · limit + 0.2 · (limit · gradient + 4). `short` is the window's mean latency, `long` a mean over some
/// 600 windows (the plain mean of the first ten), which loses a twentieth whenever it is more than twice `short`. A limit that is used by less than half stays.
///
/// Other than the original: only windows, never single calls; a minimum of 1 and not 20; a window with drops has the gradient 0.5
/// and no addition (the original ignores drops); growth goes no further than twice what is in flight.
///
/// # Weaknesses
///
/// - What is slower for good looks like a queue: a dependency that goes from 10 to 100 ms has it refuse nine calls of
///   ten until the long mean has caught up, which takes minutes.
/// - Begun under overload, it learns the latency of the queue as that of the work.
/// - A moderate overload is worth a gradient just below 1, which the four added places outweigh: the limit creeps up.
/// - Of several clients the late ones only ever see a queue, and take more than their share.
///
/// Source: [concurrency-limits](https://github.com/Netflix/concurrency-limits), Apache-2.0, from its description.
#[derive(Debug)]
pub struct Gradient2 {
    exact: f64,
    long: f64,
    windows: u32,
}

const SMOOTHING: f64 = 0.2;
const TOLERANCE: f64 = 1.5;
const QUEUE: f64 = 4.0;
const LONG: f64 = 600.0;
const WARM_UP: u32 = 10;

impl LimitAlgorithm for Gradient2 {
    const NEW: Self = Self {
        exact: 0.0,
        long: 0.0,
        windows: 0,
    };

    fn update(&mut self, window: &LimitWindow) -> LimitUpdate {
        let limit = f64::from(window.limit);
        if self.exact.round() != limit {
            self.exact = limit;
        }
        self.exact = self
            .next(window)
            .clamp(f64::from(window.min_limit), f64::from(window.max_limit));
        LimitUpdate::new(self.exact)
            .lasting(Duration::from_secs(1))
            .of_samples(10, Duration::from_secs(5))
    }
}

impl Gradient2 {
    fn next(&mut self, window: &LimitWindow) -> f64 {
        let limit = self.exact;
        let dropped = window.dropped > 0;
        let mut gradient = 0.5;
        if window.samples > 0 {
            let short = window.latency.as_secs_f64();
            self.learn(short);
            if !dropped {
                gradient = (TOLERANCE * self.long / short).clamp(0.5, 1.0);
            }
        } else if !dropped {
            return limit;
        }
        let used = f64::from(window.max_in_flight);
        if !dropped && used < limit / 2.0 {
            return limit;
        }
        let queue = if dropped { 0.0 } else { QUEUE };
        let next = limit * (1.0 - SMOOTHING) + SMOOTHING * (limit * gradient + queue);
        // Growth goes no further than twice what is in flight.
        if next > limit {
            next.min((2.0 * used).max(limit))
        } else {
            next
        }
    }

    fn learn(&mut self, short: f64) {
        self.windows = self.windows.saturating_add(1);
        if self.windows <= WARM_UP {
            self.long += (short - self.long) / f64::from(self.windows);
        } else {
            self.long += (short - self.long) * 2.0 / (LONG + 1.0);
        }
        if self.long / short > 2.0 {
            self.long *= 0.95;
        }
    }
}
