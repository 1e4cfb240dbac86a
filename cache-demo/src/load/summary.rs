//! What became of the calls of a load.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::latency::{Latencies, Short};

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What the server answered, be it `Code::Ok` or an error.
    Code(Code),
    /// `Code::Ok`, but not at the first attempt.
    AfterRetries,
    /// The fallback's answer.
    LastSeen,
}

impl<T> From<Result<T, Status>> for Outcome {
    fn from(result: Result<T, Status>) -> Self {
        Outcome::Code(result.map_or_else(|error| error.code(), |_| Code::Ok))
    }
}

impl Outcome {
    pub fn is_answer(self) -> bool {
        matches!(self, Outcome::Code(Code::Ok) | Outcome::AfterRetries)
    }

    /// Answers first, then the codes in the order of their numbers.
    fn rank(self) -> i32 {
        match self {
            Outcome::Code(Code::Ok) => -3,
            Outcome::AfterRetries => -2,
            Outcome::LastSeen => -1,
            Outcome::Code(code) => code as i32,
        }
    }
}

impl Ord for Outcome {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Outcome {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Code(code) => f.pad(&format!("{code:?}")),
            Outcome::AfterRetries => f.pad("Ok after retries"),
            Outcome::LastSeen => f.pad("last value seen"),
        }
    }
}

/// What became of the calls.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    took: Duration,
    outcomes: BTreeMap<Outcome, Latencies>,
    left_out: u64,
}

const PERCENTILES: [(&str, f64); 7] = [
    ("p50", 50.0),
    ("p75", 75.0),
    ("p90", 90.0),
    ("p99", 99.0),
    ("p99.9", 99.9),
    ("p99.99", 99.99),
    ("max", 100.0),
];

/// The columns of the longest bar.
const BAR: u64 = 40;

impl Summary {
    pub(super) fn add(&mut self, outcome: Outcome, since_due: Duration) {
        let latencies = self.outcomes.entry(outcome).or_default();
        latencies.record(since_due);
    }

    pub(super) fn leave_out(&mut self) {
        self.left_out += 1;
    }

    pub(super) fn took(&mut self, took: Duration) {
        self.took = took;
    }

    pub fn calls(&self) -> u64 {
        self.outcomes.values().map(Latencies::len).sum()
    }

    /// Calls with this outcome.
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).map_or(0, Latencies::len)
    }

    /// Calls that the server answered with `Code::Ok`.
    pub fn answered(&self) -> u64 {
        let answers = self.outcomes.iter();
        answers
            .filter(|(outcome, _)| outcome.is_answer())
            .map(|(_, latencies)| latencies.len())
            .sum()
    }

    /// The latencies of the calls with such outcomes.
    pub fn latencies(&self, of: impl Fn(Outcome) -> bool) -> Latencies {
        let mut latencies = Latencies::default();
        for (_, some) in self.outcomes.iter().filter(|(outcome, _)| of(**outcome)) {
            latencies.add(some);
        }
        latencies
    }

    pub(super) fn in_short(&self) -> String {
        let (calls, answered) = (self.calls(), self.answered());
        format!("{answered} answered, {} not", calls - answered)
    }

    fn per_second(&self, calls: u64) -> f64 {
        calls as f64 / self.took.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// All figures; latencies in microseconds.
    pub fn to_json(&self) -> Value {
        let latencies = |of: fn(Outcome) -> bool| -> Value {
            let latencies = self.latencies(of);
            let percentiles = PERCENTILES.iter().map(|&(name, percent)| {
                let micros = |latency: Duration| latency.as_secs_f64() * 1e6;
                (
                    name.to_owned(),
                    json!(latencies.percentile(percent).map(micros)),
                )
            });
            Value::Object(percentiles.collect())
        };
        json!({
            "seconds": self.took.as_secs_f64(),
            "calls": self.calls(),
            "calls_per_second": self.per_second(self.calls()),
            "answered_per_second": self.per_second(self.answered()),
            "left_out": self.left_out,
            "outcomes": self.outcomes.iter()
                .map(|(outcome, latencies)| (outcome.to_string(), json!(latencies.len())))
                .collect::<serde_json::Map<_, _>>(),
            "latency_us": {
                "answered": latencies(Outcome::is_answer),
                "all": latencies(|_| true),
            },
        })
    }

    fn outcomes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = self.calls().max(1) as f64;
        for (outcome, latencies) in &self.outcomes {
            let count = latencies.len();
            let percent = count as f64 / calls * 100.0;
            writeln!(f, "  {outcome:<18} {count:>9}  {percent:>5.1} %")?;
        }
        if self.left_out > 0 {
            let left_out = self.left_out;
            writeln!(
                f,
                "  {:<18} {left_out:>9}  (too many in flight)",
                "left out"
            )?;
        }
        Ok(())
    }

    fn percentiles(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "latency, from when a call was due")?;
        writeln!(f, "  {:<8} {:>11} {:>11}", "", "answered", "all")?;
        let columns = [self.latencies(Outcome::is_answer), self.latencies(|_| true)];
        let cell = |latencies: &Latencies, percent| match latencies.percentile(percent) {
            Some(latency) => Short(latency).to_string(),
            None => "-".to_owned(),
        };
        for (name, percent) in PERCENTILES {
            let [answered, all] = columns.each_ref().map(|column| cell(column, percent));
            writeln!(f, "  {name:<8} {answered:>11} {all:>11}")?;
        }
        Ok(())
    }

    fn bars(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bars = self.latencies(|_| true).bars();
        let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(1);
        for (within, count) in bars {
            let bar = (count * BAR).div_ceil(most.max(1)) as usize;
            let within = Short(within).to_string();
            write!(f, "\n  <= {within:<8} {count:>9} {}", "#".repeat(bar))?;
        }
        Ok(())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (calls, seconds) = (self.calls(), self.took.as_secs_f64());
        let (rate, goodput) = (self.per_second(calls), self.per_second(self.answered()));
        writeln!(
            f,
            "{calls} calls in {seconds:.1} s: {rate:.1} a second, {goodput:.1} of them answered"
        )?;
        self.outcomes(f)?;
        self.percentiles(f)?;
        write!(f, "all calls, by latency")?;
        self.bars(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        let mut summary = Summary::default();
        for millis in 1..=98 {
            summary.add(Outcome::Code(Code::Ok), Duration::from_millis(millis));
        }
        summary.add(Outcome::AfterRetries, Duration::from_millis(99));
        summary.add(
            Outcome::Code(Code::ResourceExhausted),
            Duration::from_micros(100),
        );
        summary.took(Duration::from_secs(2));
        summary
    }

    #[test]
    fn outcomes_are_counted_by_what_the_server_said() {
        let summary = summary();
        assert_eq!((summary.calls(), summary.answered()), (100, 99));
        assert_eq!(summary.count(Outcome::Code(Code::ResourceExhausted)), 1);
        let json = summary.to_json();
        assert_eq!(json["outcomes"]["Ok"], 98);
        assert_eq!(json["outcomes"]["Ok after retries"], 1);
        assert_eq!(json["outcomes"]["ResourceExhausted"], 1);
        assert_eq!(json["answered_per_second"], 49.5);
    }

    #[test]
    fn a_quick_refusal_does_not_improve_the_latency_of_answers() {
        let mut summary = summary();
        let median = |summary: &Summary| summary.latencies(Outcome::is_answer).percentile(50.0);
        let before = median(&summary);
        for _ in 0..1000 {
            summary.add(
                Outcome::Code(Code::ResourceExhausted),
                Duration::from_micros(100),
            );
        }
        assert_eq!(median(&summary), before);
    }

    #[test]
    fn the_bars_hold_every_call() {
        let bars = summary().latencies(|_| true).bars();
        assert_eq!(bars.iter().map(|(_, count)| count).sum::<u64>(), 100);
        assert_eq!(bars[0], (Duration::from_micros(100), 1));
        assert_eq!(bars.last(), Some(&(Duration::from_millis(100), 49)));
    }
}
