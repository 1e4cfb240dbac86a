//! The second rule that was tried.

use std::f64::consts::LN_2;
use std::time::Duration;

use resilient_runtime::{LimitAlgorithm, LimitUpdate, LimitWindow};

/// The knee by Little's law, as `Elasticity` finds it, but probed after a count of full windows: 2 at first, up to 24 while nothing changes.
///
/// A probe goes to 0.9 of the knee, and to 0.6 while calls seem to have waited even there. The limit is knee + 3·√knee.
#[derive(Debug)]
pub struct Counted {
    probing: bool,
    /// Seen with nobody waiting: the time that the work itself takes.
    base: Option<Seen>,
    /// Seen at the limit, calls being refused.
    full: Option<Seen>,
    /// The number in flight that suffices for the whole throughput; zero before it is known.
    knee: f64,
    /// Full windows since the last probe, and how many there are to be.
    since: u32,
    every: u32,
    depth: f64,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    throughput: f64,
    /// Mean, in seconds.
    latency: f64,
    /// Mean logarithm, in powers of two.
    log: f64,
}

impl Seen {
    fn of(window: &LimitWindow) -> Self {
        Self {
            throughput: window.throughput(),
            latency: window.latency.as_secs_f64(),
            log: window.log_latency,
        }
    }

    fn toward(self, new: Self) -> Self {
        let mix = |old: f64, new: f64| old + NEW * (new - old);
        Self {
            throughput: mix(self.throughput, new.throughput),
            latency: mix(self.latency, new.latency),
            log: mix(self.log, new.log),
        }
    }
}

/// Places above the knee for each root of it.
const ROOTS: f64 = 3.0;
const SHALLOW: f64 = 0.9;
const DEEP: f64 = 0.6;
const OFTEN: u32 = 2;
const SELDOM: u32 = 24;
/// The weight of what is new in smoothed figures.
const NEW: f64 = 0.3;
/// A change of this logarithm is one; in a probe a smaller one.
const CHANGE: f64 = 0.25;
const CHANGE_OF_BASE: f64 = 0.2;
/// Latencies closer than this (in powers of two) are the same.
const SAME_LATENCY: f64 = 0.15;
/// With a smaller share of refusals a window is not full.
const FULL: f64 = 0.01;

impl LimitAlgorithm for Counted {
    const NEW: Self = Self {
        probing: false,
        base: None,
        full: None,
        knee: 0.0,
        since: 0,
        every: OFTEN,
        depth: DEEP,
    };

    fn update(&mut self, window: &LimitWindow) -> LimitUpdate {
        let limit = f64::from(window.limit);
        let next = if window.samples == 0 {
            limit
        } else if self.probing {
            self.probed(window)
        } else if window.refusal_rate() < FULL {
            self.roomy(window)
        } else {
            self.full(window)
        };
        let next = (next * (1.0 - 0.5 * window.drop_rate()))
            .clamp(f64::from(window.min_limit), f64::from(window.max_limit));
        let latency = window.latency.max(Duration::from_micros(100));
        let settle = if next.round() == limit {
            Duration::ZERO
        } else {
            latency
        };
        LimitUpdate::new(next)
            .after(settle)
            .lasting(Duration::from_millis(100).max(latency.saturating_mul(2)))
            .of_samples(100, Duration::from_secs(1).max(latency.saturating_mul(10)))
    }
}

impl Counted {
    /// Nobody was refused, or hardly anybody.
    fn roomy(&mut self, window: &LimitWindow) -> f64 {
        let limit = f64::from(window.limit);
        self.since = self.every;
        if window.refused > 0 {
            limit * 1.1
        } else {
            limit.min(growth_cap(window).max(f64::from(window.initial_limit)))
        }
    }

    fn full(&mut self, window: &LimitWindow) -> f64 {
        let limit = f64::from(window.limit);
        let seen = Seen::of(window);
        let known = self.full.filter(|full| {
            (seen.throughput / full.throughput).ln().abs() <= CHANGE
                && (seen.log - full.log).abs() * LN_2 <= CHANGE
        });
        let full = known.map_or(seen, |full| full.toward(seen));
        self.full = Some(full);
        self.since += 1;

        let due = known.is_none() || self.since >= self.every;
        match self.base {
            Some(base) if seen.log - base.log < SAME_LATENCY => {
                self.knee = window.concurrency();
                self.above_knee().max(1.5 * limit).min(growth_cap(window))
            }
            Some(base) if !due => {
                self.knee = full.throughput * base.latency;
                self.above_knee().min(growth_cap(window))
            }
            _ => self.probe(limit),
        }
    }

    fn probe(&mut self, limit: f64) -> f64 {
        self.probing = true;
        let from = if self.knee > 0.0 {
            self.knee.min(limit)
        } else {
            limit
        };
        (from * self.depth).floor()
    }

    fn probed(&mut self, window: &LimitWindow) -> f64 {
        self.probing = false;
        self.since = 0;
        let seen = Seen::of(window);
        let known = self
            .base
            .filter(|base| (seen.latency / base.latency).ln().abs() < CHANGE_OF_BASE);
        self.every = if known.is_some() {
            (self.every * 2).min(SELDOM)
        } else {
            OFTEN
        };
        let base = known.map_or(seen, |base| base.toward(seen));
        self.base = Some(base);
        self.knee = self.full.map_or(seen.throughput, |full| full.throughput) * base.latency;

        let limit = f64::from(window.limit);
        if self.knee < 1.1 * limit {
            // What little was let in had to wait still.
            self.depth = DEEP;
            self.every = 1;
        } else {
            self.depth = SHALLOW;
        }
        self.above_knee().min(2.0 * limit.max(1.0 + ROOTS) + 10.0)
    }

    fn above_knee(&self) -> f64 {
        self.knee + ROOTS * self.knee.max(1.0).sqrt()
    }
}

fn growth_cap(window: &LimitWindow) -> f64 {
    2.0 * f64::from(window.max_in_flight)
}
