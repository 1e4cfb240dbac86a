//! What a hedge goes by: how long calls take, and how many hedges are left. Without a clock and a runtime.

use std::time::Duration;

use super::latency::Latencies;
use super::saved::Saved;
use super::settings::{Hedge, HedgeAfter};
use super::traffic::Traffic;
use crate::clock::Nanos;

/// Hedges that are saved up, and may come at once when everything is slow: the share of the calls of half a second,
const SAVED_UP: f64 = 0.5;
/// and no fewer than these. With more, a fleet of many processes that each have few calls hedges far beyond the
/// share; with no more than these, a busy process has none left for its stragglers.
const LEAST_SAVED_UP: u32 = 5;

/// A half of the window has at least this many samples.
const LEAST_HALF: u64 = 250;
/// And this many that are beyond the percentile.
const BEYOND: f64 = 10.0;

/// The state of one hedge.
pub(super) struct Core {
    latencies: Latencies,
    budget: Saved,
    traffic: Traffic,
}

impl Core {
    pub(super) const fn new() -> Self {
        Self {
            latencies: Latencies::new(),
            budget: Saved::new(LEAST_SAVED_UP),
            traffic: Traffic::new(),
        }
    }

    /// A call begins, and earns its share of a hedge.
    #[inline]
    pub(super) fn begin(&self, settings: &Hedge, now: Nanos) {
        self.traffic.count(now);
        let share = settings.hedges_a_call();
        let most = f64::from(self.traffic.a_second()) * SAVED_UP * share;
        self.budget.put_in(share, (most as u32).max(LEAST_SAVED_UP));
    }

    /// How long an attempt is waited for. `None` while too little is known.
    pub(super) fn delay(&self, settings: &Hedge) -> Option<Duration> {
        match settings.after {
            HedgeAfter::Fixed(after) => Some(after),
            HedgeAfter::Percentile(percentile) => self
                .latencies
                .percentile(percentile / 100.0, settings.min_samples),
        }
    }

    /// Takes a hedge out of the budget, if there is one.
    pub(super) fn try_hedge(&self) -> bool {
        self.budget.try_take()
    }

    /// The first attempt of a call took this long and was a success.
    pub(super) fn record(&self, settings: &Hedge, latency: Duration) {
        if let HedgeAfter::Percentile(percentile) = settings.after {
            self.latencies.record(latency, half(settings, percentile));
        }
    }

    /// The first attempt of a call was given up at this age. That it would have taken longer is known; so it counts
    /// beyond the percentile if its age is there already, and else says nothing. To leave all of these out would
    /// bring the percentile down, with each hedge that wins a little further.
    pub(super) fn record_at_least(&self, settings: &Hedge, age: Duration) {
        if let HedgeAfter::Percentile(_) = settings.after
            && self.delay(settings).is_some_and(|delay| age >= delay)
        {
            self.record(settings, age);
        }
    }
}

/// Enough that a rare percentile rests on more than a sample or two, and no more, so that it follows the service.
fn half(settings: &Hedge, percentile: f64) -> u64 {
    let beyond = (BEYOND * 100.0 / (100.0 - percentile)).round() as u64;
    beyond.max(settings.min_samples.into()).max(LEAST_HALF)
}
