//! What is learned in a probe.

use std::f64::consts::LN_2;

use super::super::algorithm::LimitWindow;
use super::NEW;

/// What the work takes with nobody waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base {
    /// Mean, in seconds.
    pub(super) latency: f64,
    /// Mean logarithm.
    pub(super) log: f64,
    /// Squared coefficient of variation.
    pub(super) variation: f64,
}

impl Base {
    pub(super) fn of(window: &LimitWindow) -> Self {
        Self {
            latency: window.latency.as_secs_f64(),
            log: window.log_latency,
            variation: variation(window),
        }
    }

    /// Smoothed.
    pub(super) fn toward(self, new: Self) -> Self {
        let mix = |old: f64, new: f64| old + NEW * (new - old);
        Self {
            latency: mix(self.latency, new.latency),
            log: mix(self.log, new.log),
            variation: mix(self.variation, new.variation),
        }
    }
}

/// The squared coefficient of variation of the latencies, were they lognormal: the mean is above the geometric mean by half the variance of the logarithm.
fn variation(window: &LimitWindow) -> f64 {
    let mean = (window.latency.as_secs_f64() * 1e9).max(1.0).log2();
    let variance = 2.0 * LN_2 * (mean - window.log_latency).max(0.0);
    variance.min(10.0).exp_m1()
}
