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
    /// Once the limit has had time to find its height.
    pub with_limits: Served,
    pub limit: Limit,
}

/// How many calls were let in at once.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limit {
    pub at_first: u32,
    /// The median while it was measured; now and then the limit goes lower, to see whether less does.
    pub at_last: u32,
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
    /// Dumps that were still arriving when their readers had enough.
    pub dumps_left: u64,
}

/// What became of calls that were made at a steady rate.
#[derive(Clone, Debug, Serialize)]
pub struct Served {
    pub calls: u64,
    /// By the server, before the caller went away.
    pub answered: u64,
    /// Answers that arrived a second, while calls were made.
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
    pub(super) fn of(summary: &Summary, goodput: f64) -> Self {
        const REFUSED: Outcome = Outcome::Code(Code::ResourceExhausted);
        let millis = |latency: Duration| latency.as_secs_f64() * 1e3;
        let answers = summary.latencies(Outcome::is_answer);
        let refused = summary.latencies(|outcome| outcome == REFUSED);
        Served {
            calls: summary.calls(),
            answered: answers.len(),
            goodput,
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
