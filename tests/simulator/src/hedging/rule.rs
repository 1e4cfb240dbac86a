//! When a call is hedged, and what is learned from it.

use std::time::Duration;

use resilient_runtime::{Hedge, Hedger};

use super::modelled::{Knobs, Modelled};
use crate::limiter::{Nanos, instant};

/// Of those rules that measure; the runtime's default.
pub(super) const MIN_SAMPLES: usize = 100;

/// A rule; each client process has one of its own.
pub trait Hedging {
    /// A call begins: after how long without an answer it is to be hedged.
    fn begin(&mut self, now: Nanos) -> Option<Nanos>;

    /// That time has passed. `false` if there is nothing left to pay for it.
    fn try_hedge(&mut self) -> bool {
        true
    }

    /// The first answer has come.
    fn answered(&mut self, answer: Answer, now: Nanos) {
        let _ = (answer, now);
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// A hedge brought it.
    pub hedged: bool,
    /// From the beginning of the call, and so of its first attempt.
    pub latency: Nanos,
    /// From the beginning of the attempt that brought it.
    pub of_attempt: Nanos,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    None,
    /// 18.5 ms, the 95th percentile of an idle fleet.
    Fixed,
    /// Tower's.
    WinnersOnly,
    /// The runtime's own.
    Hedger(Hedge),
    /// One that was tried.
    Modelled(Knobs),
}

impl Rule {
    pub fn hedging(self) -> Box<dyn Hedging> {
        match self {
            Self::None => Box::new(Never),
            Self::Fixed => Box::new(Fixed(18_500_000)),
            Self::WinnersOnly => Box::new(WinnersOnly::default()),
            Self::Hedger(settings) => Box::new(Real(Hedger::with(settings))),
            Self::Modelled(knobs) => Box::new(Modelled::new(knobs)),
        }
    }
}

struct Never;

impl Hedging for Never {
    fn begin(&mut self, _now: Nanos) -> Option<Nanos> {
        None
    }
}

struct Fixed(Nanos);

impl Hedging for Fixed {
    fn begin(&mut self, _now: Nanos) -> Option<Nanos> {
        Some(self.0)
    }
}

struct Real(Hedger);

impl Hedging for Real {
    fn begin(&mut self, now: Nanos) -> Option<Nanos> {
        self.0.begin_at(instant(now));
        let delay = self.0.delay()?;
        Some(delay.as_nanos().try_into().unwrap_or(Nanos::MAX))
    }

    fn try_hedge(&mut self) -> bool {
        self.0.try_hedge()
    }

    fn answered(&mut self, answer: Answer, _now: Nanos) {
        let latency = Duration::from_nanos(answer.latency);
        if answer.hedged {
            self.0.record_at_least(latency);
        } else {
            self.0.record(latency);
        }
    }
}

/// `tower::hedge`: the 95th percentile, in whole milliseconds, of the answers in the ten seconds before these, each measured from
/// the beginning of the attempt that brought it.
#[derive(Default)]
struct WinnersOnly {
    written: Vec<u64>,
    /// Of the ten seconds before.
    percentile: Option<Nanos>,
    rotated: Nanos,
}

impl WinnersOnly {
    fn rotate(&mut self, now: Nanos) {
        const PERIOD: Nanos = 10_000_000_000;
        if now < self.rotated + PERIOD {
            return;
        }
        self.rotated = now;
        self.percentile = None;
        if self.written.len() >= MIN_SAMPLES {
            let rank = (self.written.len() as f64 * 0.95) as usize;
            let (_, millis, _) = self.written.select_nth_unstable(rank);
            self.percentile = Some(*millis * 1_000_000);
        }
        self.written.clear();
    }
}

impl Hedging for WinnersOnly {
    fn begin(&mut self, now: Nanos) -> Option<Nanos> {
        self.rotate(now);
        self.percentile
    }

    fn answered(&mut self, answer: Answer, now: Nanos) {
        self.rotate(now);
        let millis = Duration::from_nanos(answer.of_attempt).as_millis();
        self.written.push(millis.try_into().unwrap_or(u64::MAX));
    }
}
