//! The rule of the runtime's `Hedger` with every constant a knob, for those that were tried.

use super::rule::{Answer, Hedging, MIN_SAMPLES};
use super::scenario::SECOND;
use crate::limiter::Nanos;

/// A percentile of the first attempts' latencies, and a bucket that pays for the hedges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knobs {
    pub percentile: f64,
    /// Tokens for each call.
    pub budget: f64,
    /// The most that the bucket holds; it is full at first.
    pub cap: f64,
    /// If that is more, it holds what the calls of so many seconds pay.
    pub span: f64,
    /// Samples in each half of the window.
    pub half: usize,
    /// What is not known of a loser is told by its age (else it is left out).
    pub censored: bool,
}

pub(super) struct Modelled {
    knobs: Knobs,
    tokens: f64,
    delay: Option<Nanos>,
    /// Latencies in steps of a sixteenth of their power of two.
    bins: [Vec<u32>; 2],
    counts: [usize; 2],
    cap: f64,
    /// When the calls began to be counted.
    since: Nanos,
    calls: u32,
}

const STEPS: u32 = 16;
const EVERY: usize = 16;

impl Knobs {
    /// What the others differ from: the runtime's rule, with a bucket that goes by the traffic.
    pub const DEFAULT: Self = Self {
        percentile: 95.0,
        budget: 0.1,
        cap: 5.0,
        span: 0.5,
        half: 250,
        censored: true,
    };
}

impl Modelled {
    pub(super) fn new(knobs: Knobs) -> Self {
        let bins = || vec![0; (64 * STEPS) as usize];
        Self {
            knobs,
            tokens: knobs.cap,
            delay: None,
            bins: [bins(), bins()],
            counts: [0, 0],
            cap: knobs.cap,
            since: 0,
            calls: 0,
        }
    }

    /// Once a second it is worked out what the bucket holds.
    fn count(&mut self, now: Nanos) {
        self.calls += 1;
        let passed = now - self.since;
        if passed >= SECOND {
            let rate = f64::from(self.calls) * SECOND as f64 / passed as f64;
            self.cap = (rate * self.knobs.span * self.knobs.budget).max(self.knobs.cap);
            self.since = now;
            self.calls = 0;
        }
    }

    fn record(&mut self, latency: Nanos) {
        self.bins[0][bin(latency)] += 1;
        self.counts[0] += 1;
        if self.counts[0].is_multiple_of(EVERY) {
            self.delay = self.percentile();
        }
        if self.counts[0] == self.knobs.half {
            self.bins.swap(0, 1);
            self.counts.swap(0, 1);
            self.bins[0].fill(0);
            self.counts[0] = 0;
        }
    }

    fn percentile(&self) -> Option<Nanos> {
        let samples = self.counts[0] + self.counts[1];
        if samples < MIN_SAMPLES {
            return None;
        }
        let rank = samples as f64 * self.knobs.percentile / 100.0;
        let mut seen = 0.0;
        (0..self.bins[0].len())
            .find(|&bin| {
                seen += f64::from(self.bins[0][bin] + self.bins[1][bin]);
                seen >= rank
            })
            .map(upper)
    }
}

fn bin(latency: Nanos) -> usize {
    let power = latency.max(1).ilog2();
    let step = ((u128::from(latency) * u128::from(STEPS)) >> power) as u32 - STEPS;
    (power * STEPS + step) as usize
}

/// The longest latency in a bin.
fn upper(bin: usize) -> Nanos {
    let (power, step) = (bin as u32 / STEPS, bin as u32 % STEPS);
    ((u128::from(STEPS + step + 1) << power) / u128::from(STEPS)) as Nanos
}

impl Hedging for Modelled {
    fn begin(&mut self, now: Nanos) -> Option<Nanos> {
        self.count(now);
        self.tokens = (self.tokens + self.knobs.budget).min(self.cap);
        self.delay
    }

    fn try_hedge(&mut self) -> bool {
        let pays = self.tokens >= 1.0;
        if pays {
            self.tokens -= 1.0;
        }
        pays
    }

    fn answered(&mut self, answer: Answer, _now: Nanos) {
        if !answer.hedged || self.knobs.censored && Some(answer.latency) >= self.delay {
            self.record(answer.latency);
        }
    }
}
