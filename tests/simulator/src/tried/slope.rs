//! The first rule that was tried.

use std::time::Duration;

use resilient_runtime::{LimitAlgorithm, LimitUpdate, LimitWindow};

/// Raises and lowers the limit in turn, and follows the elasticity of the throughput: by how many per cent it rises for each per
/// cent of the limit.
///
/// The centre grows while the elasticity is above 0.10 and shrinks below. That of three windows is the second difference of
/// ln throughput by that of ln limit, so that a steady rise or fall of the load cancels out. A window with drops takes a
/// fifth off; one without refusals never lets the centre grow, and caps it at twice what was in flight.
#[derive(Debug)]
pub struct Slope {
    /// Zero before the first window.
    centre: f64,
    /// Whether the window that is over was the high one of the pair.
    high: bool,
    /// ln limit and ln throughput of the windows before, the last one first.
    before: [Option<(f64, f64)>; 2],
    elasticity: Option<f64>,
}

/// How far to either side of the centre.
const SWING: f64 = 0.15;
const MIN: f64 = 4.0;
/// The weight of what is new in the elasticity.
const NEW: f64 = 0.4;
const GAIN: f64 = 0.4;
const WANTED: f64 = 0.10;
/// Rounding can make the swing of a small limit vanish, and there is nothing to divide by then.
const LEAST_SWING: f64 = 0.05;

impl LimitAlgorithm for Slope {
    const NEW: Self = Self {
        centre: 0.0,
        high: false,
        before: [None; 2],
        elasticity: None,
    };

    fn update(&mut self, window: &LimitWindow) -> LimitUpdate {
        if self.centre == 0.0 {
            self.centre = f64::from(window.limit);
        }
        let factor = self.factor(window);
        if window.dropped > 0 {
            self.centre *= 0.8;
        } else if window.refused > 0 {
            self.centre *= factor;
        } else {
            // The throughput is that of the load, and says nothing about the limit.
            self.centre = self.centre.min(2.0 * f64::from(window.max_in_flight));
        }
        self.centre = self.centre.clamp(MIN, f64::from(window.max_limit));
        self.high = !self.high;
        let side = if self.high { 1.0 + SWING } else { 1.0 - SWING };
        LimitUpdate::new((self.centre * side).max(MIN))
            .after(window.latency)
            .lasting(Duration::from_millis(100))
            .of_samples(100, Duration::from_secs(1))
    }
}

impl Slope {
    /// What the centre is to be multiplied by.
    fn factor(&mut self, window: &LimitWindow) -> f64 {
        if window.samples == 0 {
            self.before = [None; 2];
            return 1.0;
        }
        let seen = (f64::from(window.limit).ln(), window.throughput().ln());
        let [last, first] = self.before;
        self.before = [Some(seen), last];
        let (Some(last), Some(first)) = (last, first) else {
            return 1.0;
        };
        let limit = seen.0 - 2.0 * last.0 + first.0;
        let throughput = seen.1 - 2.0 * last.1 + first.1;
        if limit.abs() < LEAST_SWING {
            return 1.0;
        }
        let now = throughput / limit;
        let smooth = self.elasticity.map_or(now, |old| old + NEW * (now - old));
        self.elasticity = Some(smooth);
        (GAIN * (smooth - WANTED)).exp().clamp(0.75, 1.5)
    }
}
