//! The rule for servers.

use std::time::Duration;

use super::algorithm::{LimitAlgorithm, LimitUpdate, LimitWindow};

/// Does more in flight buy more throughput?
#[derive(Debug)]
pub struct Elasticity {
    phase: Phase,
    /// Seen with nobody waiting: the time that the work itself takes.
    base: Option<Seen>,
    /// Seen at the limit, calls being refused.
    full: Option<Seen>,
    /// The number in flight that suffices for the whole throughput.
    knee: f64,
    /// Full windows since the last drain, and how many there are to be.
    since: u32,
    every: u32,
    depth: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Cruise,
    Drain,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    throughput: f64,
    latency: f64,
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

    fn toward(self, new: Self, share: f64) -> Self {
        let mix = |old: f64, new: f64| old + share * (new - old);
        Self {
            throughput: mix(self.throughput, new.throughput),
            latency: mix(self.latency, new.latency),
            log: mix(self.log, new.log),
        }
    }
}

const SIGMAS: f64 = 3.0;
const SHALLOW: f64 = 0.9;
const DEEP: f64 = 0.6;
const OFTEN: u32 = 2;
const SELDOM: u32 = 24;
const CHANGE: f64 = 0.25;
const FULL: f64 = 0.01;

fn with_headroom(knee: f64) -> f64 {
    knee + SIGMAS * knee.max(1.0).sqrt()
}

impl LimitAlgorithm for Elasticity {
    const NEW: Self = Self {
        phase: Phase::Cruise,
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
        } else if self.phase == Phase::Drain {
            self.drained(window)
        } else if window.refusal_rate() < FULL {
            self.roomy(window)
        } else {
            self.full(window)
        };
        let next = next * (1.0 - 0.5 * window.drop_rate());
        let next = next.clamp(f64::from(window.min_limit), f64::from(window.max_limit));
        let latency = window.latency.max(Duration::from_micros(100));
        let settle = if next.round() == limit { Duration::ZERO } else { latency };
        LimitUpdate::new(next)
            .after(settle)
            .lasting(Duration::from_millis(100).max(latency * 2))
            .of_samples(100, Duration::from_secs(1).max(latency * 10))
    }
}

impl Elasticity {
    fn roomy(&mut self, window: &LimitWindow) -> f64 {
        let limit = f64::from(window.limit);
        self.since = self.every;
        if window.refused > 0 {
            // A little short now and then.
            limit * 1.1
        } else {
            let cap = 2.0 * f64::from(window.max_in_flight);
            limit.min(cap.max(20.0))
        }
    }

    fn full(&mut self, window: &LimitWindow) -> f64 {
        let limit = f64::from(window.limit);
        let seen = Seen::of(window);
        let changed = self.full.is_none_or(|full| {
            (seen.throughput / full.throughput).ln().abs() > CHANGE
                || (seen.log - full.log).abs() * std::f64::consts::LN_2 > CHANGE
        });
        let full = match self.full {
            Some(full) if !changed => full.toward(seen, 0.3),
            _ => seen,
        };
        self.full = Some(full);
        self.since += 1;
        let cap = 2.0 * f64::from(window.max_in_flight);
        let Some(base) = self.base.filter(|base| {
            let queued = seen.log - base.log;
            queued < 0.15 || !(changed || self.since >= self.every)
        }) else {
            return self.drain(limit);
        };
        if seen.log - base.log < 0.15 {
            self.knee = window.concurrency();
            return with_headroom(self.knee).max(1.5 * limit).min(cap);
        }
        self.knee = full.throughput * base.latency;
        with_headroom(self.knee).min(cap)
    }

    fn drain(&mut self, limit: f64) -> f64 {
        self.phase = Phase::Drain;
        let from = if self.knee > 0.0 { self.knee.min(limit) } else { limit };
        (from * self.depth).floor()
    }

    fn drained(&mut self, window: &LimitWindow) -> f64 {
        self.phase = Phase::Cruise;
        self.since = 0;
        let seen = Seen::of(window);
        let base = match self.base {
            Some(base) if (seen.latency / base.latency).ln().abs() < 0.2 => {
                self.every = (self.every * 2).min(SELDOM);
                base.toward(seen, 0.3)
            }
            _ => {
                self.every = OFTEN;
                seen
            }
        };
        self.base = Some(base);
        let throughput = self.full.map_or(seen.throughput, |full| full.throughput);
        self.knee = throughput * base.latency;
        // What little was let in had to wait still.
        let queued = self.knee < 1.1 * f64::from(window.limit);
        self.depth = if queued { DEEP } else { SHALLOW };
        if queued {
            self.every = 1;
        }
        with_headroom(self.knee).min(2.0 * f64::from(window.limit).max(with_headroom(1.0)) + 10.0)
    }
}
