//! The rules of the state machine, each with a clock of its own.

mod closed;
mod extremes;
mod half_open;
mod late;
mod model;
mod modes;
mod open;
mod run;
mod threads;

use std::time::Duration;

use tokio::time::Instant;

use super::{Admitted, BreakerSnapshot, Core, Refused, Report};
use crate::circuit_breaker::change::{BreakerState, ChangeCause, Transition};
use crate::circuit_breaker::settings::{CircuitBreakerSettings, Window};

/// A breaker with settings, a clock, and a listener.
struct Bench {
    core: Core,
    settings: CircuitBreakerSettings,
    now: Instant,
    heard: Vec<Transition>,
}

impl Bench {
    fn new(settings: CircuitBreakerSettings) -> Self {
        Bench {
            core: Core::new(),
            settings,
            now: Instant::now(),
            heard: Vec::new(),
        }
    }

    fn advance(&mut self, by: Duration) {
        self.now += by;
    }

    fn admit(&mut self) -> Result<Admitted, Refused> {
        let (admission, transition) = self.core.admit(&self.settings, || self.now);
        self.heard.extend(transition);
        admission
    }

    fn record(&mut self, admitted: Admitted, report: Report, slow: bool) {
        let now = self.now;
        let transition = self
            .core
            .record(&self.settings, admitted, report, slow, || now);
        self.heard.extend(transition);
    }

    fn report(&mut self, admitted: Admitted, report: Report) {
        self.record(admitted, report, false);
    }

    /// So many calls, one after the other, which all must be admitted.
    fn calls(&mut self, count: u32, report: Report) {
        for _ in 0..count {
            let admitted = self.admit().expect("admitted");
            self.report(admitted, report);
        }
    }

    fn slow_calls(&mut self, count: u32, report: Report) {
        for _ in 0..count {
            let admitted = self.admit().expect("admitted");
            self.record(admitted, report, true);
        }
    }

    fn state(&self) -> BreakerState {
        self.core.state()
    }

    fn causes(&self) -> Vec<ChangeCause> {
        self.heard.iter().map(|change| change.cause).collect()
    }

    fn snapshot(&self) -> BreakerSnapshot {
        self.core.snapshot(&self.settings, self.now)
    }

    /// Opens at the first failure, and is waited for until the next call is a probe.
    fn due_for_a_probe(settings: CircuitBreakerSettings) -> Self {
        let mut bench = Bench::new(settings.consecutive_failures(1));
        bench.calls(1, Report::Failure);
        assert_eq!(bench.state(), BreakerState::Open);
        bench.advance(bench.settings.open_for);
        bench
    }
}

const fn new() -> CircuitBreakerSettings {
    CircuitBreakerSettings::new()
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
