//! The rule for clients.

use std::time::Duration;

use super::algorithm::{LimitAlgorithm, LimitUpdate, LimitWindow};

/// Additive increase, multiplicative decrease: one more in each round trip, a tenth less after a round trip with drops.
#[derive(Debug)]
pub struct Aimd {
    /// The limit, with its fraction.
    exact: f64,
}

const DECREASE: f64 = 0.9;

impl LimitAlgorithm for Aimd {
    const NEW: Self = Self { exact: 0.0 };

    fn update(&mut self, window: &LimitWindow) -> LimitUpdate {
        let limit = f64::from(window.limit);
        if self.exact.round() != limit {
            self.exact = limit;
        }
        let used = f64::from(window.max_in_flight);
        if window.dropped > 0 {
            self.exact *= DECREASE;
        } else if 2.0 * used >= limit {
            self.exact += 1.0;
        }
        self.exact = self
            .exact
            .clamp(f64::from(window.min_limit), f64::from(window.max_limit));
        let round_trip = window.latency.max(Duration::from_millis(1));
        let settle = if window.dropped > 0 {
            round_trip
        } else {
            Duration::ZERO
        };
        LimitUpdate::new(self.exact)
            .after(settle)
            .lasting(round_trip)
            .of_samples(1, Duration::from_secs(1))
    }
}
