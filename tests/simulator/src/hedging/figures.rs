//! What a run is worth.

use crate::limiter::Nanos;

use super::scenario::{SECOND, SERVICE_MS, Scenario, Slowdown};

/// Everything that was seen in a run.
#[derive(Debug, Default)]
pub struct Record {
    calls: Vec<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Nanos,
    latency: Option<Nanos>,
    hedged: bool,
}

/// One run in figures; latencies in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    /// Hedges against calls.
    pub share: f64,
    pub after: Option<After>,
}

/// What a slowdown did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct After {
    /// Calls that are answered when the run ends, but for those of its last second.
    pub completed: f64,
    /// Of the calls during the slowdown and the five seconds after it.
    pub p99: f64,
    /// Of those that came later.
    pub p99_later: f64,
    /// Hedges against calls while the fleet is slow.
    pub share: f64,
    /// Seconds after the slowdown until five seconds come in each of whose halves the median is at most twice the service time.
    pub recovered: f64,
}

impl Figures {
    /// The worse of two runs in each figure.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        Self {
            p50: self.p50.max(other.p50),
            p99: self.p99.max(other.p99),
            p999: self.p999.max(other.p999),
            share: self.share.max(other.share),
            after: match (self.after, other.after) {
                (Some(one), Some(two)) => Some(After {
                    completed: one.completed.min(two.completed),
                    p99: one.p99.max(two.p99),
                    p99_later: one.p99_later.max(two.p99_later),
                    share: one.share.max(two.share),
                    recovered: one.recovered.max(two.recovered),
                }),
                (one, two) => one.or(two),
            },
        }
    }
}

impl Record {
    pub(super) fn called(&mut self, at: Nanos) {
        self.calls.push(Seen {
            at,
            latency: None,
            hedged: false,
        });
    }

    pub(super) fn hedged(&mut self, call: usize) {
        self.calls[call].hedged = true;
    }

    pub(super) fn answered(&mut self, call: usize, latency: Nanos) {
        self.calls[call].latency = Some(latency);
    }

    pub fn figures(&self, scenario: &Scenario) -> Figures {
        let span = (scenario.from, scenario.until);
        Figures {
            p50: self.percentile(scenario, span, 0.5),
            p99: self.percentile(scenario, span, 0.99),
            p999: self.percentile(scenario, span, 0.999),
            share: self.share(span),
            after: scenario.slowdown.map(|slow| self.after(scenario, slow)),
        }
    }

    fn after(&self, scenario: &Scenario, slow: Slowdown) -> After {
        let mild = slow.end + 5 * SECOND;
        let last = (scenario.from, scenario.until - SECOND);
        let answered = self.between(last).filter(|seen| seen.latency.is_some());
        After {
            completed: answered.count() as f64 / self.between(last).count() as f64,
            p99: self.percentile(scenario, (slow.start, mild), 0.99),
            p99_later: self.percentile(scenario, (mild, scenario.until), 0.99),
            share: self.share((slow.start, slow.end)),
            recovered: self.recovered(scenario, slow),
        }
    }

    fn recovered(&self, scenario: &Scenario, slow: Slowdown) -> f64 {
        const BIN: Nanos = SECOND / 2;
        const FIVE_SECONDS: usize = 10;
        let mut good = 0;
        let mut bin = slow.end;
        while bin + BIN <= scenario.until {
            let median = self.percentile(scenario, (bin, bin + BIN), 0.5);
            good = if median <= 2.0 * SERVICE_MS {
                good + 1
            } else {
                0
            };
            bin += BIN;
            if good == FIVE_SECONDS {
                return (bin - slow.end) as f64 / 1e9 - 5.0;
            }
        }
        f64::INFINITY
    }

    fn between(&self, (from, until): (Nanos, Nanos)) -> impl Iterator<Item = &Seen> {
        let first = self.calls.partition_point(|seen| seen.at < from);
        let end = self.calls.partition_point(|seen| seen.at < until);
        self.calls[first..end].iter()
    }

    fn share(&self, span: (Nanos, Nanos)) -> f64 {
        let hedged = self.between(span).filter(|seen| seen.hedged).count();
        hedged as f64 / self.between(span).count() as f64
    }

    /// In milliseconds; what is not answered when the run ends has taken until then at least.
    fn percentile(&self, scenario: &Scenario, span: (Nanos, Nanos), part: f64) -> f64 {
        let latency = |seen: &Seen| seen.latency.unwrap_or(scenario.until - seen.at);
        let mut latencies: Vec<Nanos> = self.between(span).map(latency).collect();
        if latencies.is_empty() {
            return 0.0;
        }
        let rank = ((latencies.len() as f64 * part) as usize).min(latencies.len() - 1);
        let (_, found, _) = latencies.select_nth_unstable(rank);
        *found as f64 / 1e6
    }
}
