//! The figures of these acts.

use std::time::Duration;

use serde::Serialize;
use tonic::Code;

use crate::latency::Short;
use crate::load::{Outcome, Summary};

#[derive(Clone, Debug, Serialize)]
pub struct Crowd {
    pub overload: Overload,
    pub dump: Dumps,
}

#[derive(Clone, Debug, Serialize)]
pub struct Overload {
    pub can_do_per_second: f64,
    pub asked_per_second: u32,
    pub without_limits: Served,
    pub with_limits: Served,
}

/// How calls for values fared beside a few dozen dumps.
#[derive(Clone, Debug, Serialize)]
pub struct Dumps {
    pub alone: Served,
    pub without_bulkhead: BesideDumps,
    pub with_bulkhead: BesideDumps,
}

#[derive(Clone, Debug, Serialize)]
pub struct BesideDumps {
    pub gets: Served,
    pub dumps: u64,
    pub dumps_refused: u64,
    /// Dumps that arrived to the last item.
    pub dumps_whole: u64,
}

/// What became of calls that were made at a steady rate.
#[derive(Clone, Debug, Serialize)]
pub struct Served {
    pub calls: u64,
    /// By the server, before the caller went away.
    pub answered: u64,
    /// Those, a second.
    pub goodput: f64,
    pub refused: u64,
    /// Callers who went away without an answer.
    pub gave_up: u64,
    /// Latencies of the answers, from when the call was due.
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub refused_p50_ms: Option<f64>,
}

impl Served {
    pub(super) fn of(summary: &Summary, time: Duration) -> Self {
        const REFUSED: Outcome = Outcome::Code(Code::ResourceExhausted);
        let millis = |latency: Duration| latency.as_secs_f64() * 1e3;
        let answers = summary.latencies(Outcome::is_answer);
        let refused = summary.latencies(|outcome| outcome == REFUSED);
        Served {
            calls: summary.calls(),
            answered: answers.len(),
            goodput: answers.len() as f64 / time.as_secs_f64(),
            refused: refused.len(),
            gave_up: summary.count(Outcome::Code(Code::DeadlineExceeded)),
            p50_ms: answers.percentile(50.0).map(millis),
            p99_ms: answers.percentile(99.0).map(millis),
            refused_p50_ms: refused.percentile(50.0).map(millis),
        }
    }
}

/// Milliseconds as a person says them.
pub(super) fn shown(millis: Option<f64>) -> String {
    match millis {
        Some(millis) => Short(Duration::from_secs_f64(millis / 1e3)).to_string(),
        None => "-".to_owned(),
    }
}
