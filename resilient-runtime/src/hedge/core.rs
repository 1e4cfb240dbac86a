//! What a hedge goes by: how long calls take, and how many hedges are left. Without a clock and a runtime.

use std::time::Duration;

use super::latency::Latencies;
use super::settings::{Hedge, HedgeAfter};
use crate::retry_budget::{Bucket, Terms};

/// The most hedges that are saved up: what may come at once when everything is slow.
const SAVED_UP: u32 = 10;

/// A half of the window has at least this many samples.
const LEAST_HALF: u64 = 250;
/// And this many that are beyond the percentile.
const BEYOND: f64 = 10.0;

/// The state of one hedge.
pub(super) struct Core {
    latencies: Latencies,
    budget: Bucket,
}

impl Core {
    pub(super) const fn new() -> Self {
        Self {
            latencies: Latencies::new(),
            budget: Bucket::new(),
        }
    }

    /// A call begins, and earns its share of a hedge.
    #[inline]
    pub(super) fn begin(&self, settings: &Hedge) {
        self.budget.deposit(|| terms(settings));
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
    pub(super) fn try_hedge(&self, settings: &Hedge) -> bool {
        // Nothing drips in, so the time is none of its business.
        self.budget.try_withdraw(terms(settings), 0)
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

fn terms(settings: &Hedge) -> Terms {
    Terms::new(SAVED_UP, settings.hedges_a_call(), 0.0)
}

/// Enough that a rare percentile rests on more than a sample or two, and no more, so that it follows the service.
fn half(settings: &Hedge, percentile: f64) -> u64 {
    let beyond = (BEYOND * 100.0 / (100.0 - percentile)).round() as u64;
    beyond.max(settings.min_samples.into()).max(LEAST_HALF)
}
