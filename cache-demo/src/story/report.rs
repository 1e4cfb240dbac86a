//! The figures of a story: what the table shows, `--json` prints and the claims are checked against.

use std::time::Duration;

use resilient_runtime::{Cause, EventKind, PolicyErrorKind, StopReason};
use serde::Serialize;

use super::claims::Claim;
use super::crowd::Crowd;
use super::script::LAST;
use super::storm::Storm;
use crate::latency::Latencies;
use crate::watch::{Answer, Watched};

#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub acts: Acts,
    pub store: StoreFigures,
    #[serde(flatten)]
    pub crowd: Option<Crowd>,
    pub storm: Option<Storm>,
    pub claims: Vec<Claim>,
    /// Whether every claim held.
    pub held: bool,
    pub seconds: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Acts {
    pub healthy: Figures,
    pub flaky: Figures,
    pub slow: Figures,
    pub dead: Figures,
    pub back: Figures,
}

impl Acts {
    pub(super) fn in_order(&self) -> [(&'static str, &Figures); 5] {
        [
            ("healthy", &self.healthy),
            ("flaky", &self.flaky),
            ("slow", &self.slow),
            ("dead", &self.dead),
            ("back", &self.back),
        ]
    }
}

/// One act, in figures.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    pub calls: u64,
    /// With the right value, by whomever.
    pub answered: u64,
    pub by_server_at_first_try: u64,
    pub by_server_after_retries: u64,
    pub by_fallback: u64,
    /// How many of the last ten calls the server answered.
    pub last_ten_by_server: u64,
    /// Calls that reached the server, as the server counted them.
    pub reached_server: u64,
    pub p50_us: Option<f64>,
    pub p99_us: Option<f64>,
    pub fallback_p50_us: Option<f64>,
    pub attempts_failed: u64,
    pub attempts_timed_out: u64,
    pub retries: u64,
    /// Calls that the limit around all attempts ended, or in which it left no time for another attempt.
    pub ended_by_total_timeout: u64,
    pub refused_by_breaker: u64,
    pub breaker: Vec<Change>,
}

/// The limit around all attempts of a get. Whatever ends a call for it says so: the limit itself, or the call over the
/// wire, which has a little less time.
const TOTAL: Duration = Duration::from_secs(1);

/// One change of the breaker's state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    pub from: &'static str,
    pub to: &'static str,
    pub why: String,
}

/// The one store that a slow server was given.
#[derive(Clone, Debug, Serialize)]
pub struct StoreFigures {
    pub calls: u64,
    pub timed_out: u64,
    pub reached_server: u64,
    /// Whether the value was found in the server at the end.
    pub kept: bool,
}

impl Figures {
    pub(super) fn of(calls: &[Watched<()>], reached_server: u64) -> Self {
        let answered_by =
            |who: fn(Answer) -> bool| calls.iter().filter(|call| who(call.answer())).count() as u64;
        let latencies: Latencies = calls.iter().map(|call| call.took).collect();
        let fallbacks: Latencies = calls
            .iter()
            .filter(|call| call.answer() == Answer::Fallback)
            .map(|call| call.took)
            .collect();
        let last = &calls[calls.len().saturating_sub(LAST)..];
        let mut figures = Figures {
            calls: calls.len() as u64,
            answered: answered_by(|answer| answer != Answer::Nobody),
            by_server_at_first_try: answered_by(|answer| answer == Answer::Server { attempts: 1 }),
            by_server_after_retries: answered_by(
                |answer| matches!(answer, Answer::Server { attempts } if attempts > 1),
            ),
            by_fallback: answered_by(|answer| answer == Answer::Fallback),
            last_ten_by_server: last
                .iter()
                .filter(|call| matches!(call.answer(), Answer::Server { .. }))
                .count() as u64,
            reached_server,
            p50_us: latencies.percentile(50.0).map(micros),
            p99_us: latencies.percentile(99.0).map(micros),
            fallback_p50_us: fallbacks.percentile(50.0).map(micros),
            ..Figures::default()
        };
        for call in calls {
            figures.count(&call.events);
        }
        figures
    }

    fn count(&mut self, events: &[EventKind]) {
        for event in events {
            match event {
                // It never began.
                EventKind::AttemptFailed {
                    cause: Some(Cause::Policy(PolicyErrorKind::CircuitOpen { .. })),
                    ..
                } => {}
                EventKind::AttemptFailed { .. } => self.attempts_failed += 1,
                EventKind::RetryScheduled { .. } => self.retries += 1,
                EventKind::TimedOut { after } if *after >= TOTAL => {
                    self.ended_by_total_timeout += 1
                }
                EventKind::TimedOut { .. } => self.attempts_timed_out += 1,
                EventKind::RetryStopped {
                    why: StopReason::Deadline,
                    ..
                } => self.ended_by_total_timeout += 1,
                EventKind::Refused(PolicyErrorKind::CircuitOpen { .. }) => {
                    self.refused_by_breaker += 1;
                }
                EventKind::BreakerChanged(change) => self.breaker.push(Change {
                    from: change.from().as_str(),
                    to: change.to().as_str(),
                    why: change.cause().to_string(),
                }),
                _ => {}
            }
        }
    }

    pub(super) fn by_server(&self) -> u64 {
        self.by_server_at_first_try + self.by_server_after_retries
    }

    /// `closed -> open -> half-open`; nothing if it stayed what it was.
    pub(super) fn breaker_path(&self) -> String {
        let first = self.breaker.first().map(|change| change.from);
        let states: Vec<_> = first
            .into_iter()
            .chain(self.breaker.iter().map(|change| change.to))
            .collect();
        states.join(" -> ")
    }

    pub(super) fn breaker_became(&self, state: &str) -> bool {
        self.breaker.iter().any(|change| change.to == state)
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e3
}
