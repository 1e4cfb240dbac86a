//! Netflix's Gradient2, windowed.

use std::time::Duration;

use super::algorithm::{LimitAlgorithm, LimitUpdate, LimitWindow};

/// Follows the ratio of the long-term latency to that of now.
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
