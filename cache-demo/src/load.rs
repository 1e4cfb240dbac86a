//! Many calls at a steady rate, and what became of them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use crate::cli::LoadArgs;
use crate::client::{CacheClient, call_get};
use crate::latency::{Latencies, Short};
use crate::watch::{Answer, Watched, watch};

/// What became of the calls.
#[derive(Debug, Default)]
pub struct Summary {
    took: Duration,
    at_first_try: u64,
    after_retries: u64,
    by_fallback: u64,
    /// By what the error said, in the order of the codes' numbers.
    failed: BTreeMap<i32, u64>,
    left_out: u64,
    latencies: Latencies,
}

/// Begins calls at the rate until the time is up or `stop` says so; those in flight then finish.
pub async fn run(client: &CacheClient, load: &LoadArgs, stop: &CancellationToken) -> Summary {
    let mut summary = Summary::default();
    let mut calls = JoinSet::new();
    let began = Instant::now();
    let mut due = interval(Duration::from_secs(1) / load.rate);
    // Calls that are late are made up for: the latency of those behind a stall is not left out.
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let over = sleep_until((began + load.duration).into());
    tokio::pin!(over);
    let mut keys = ["123", "231"].into_iter().cycle();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = &mut over => break,
            Some(call) = calls.join_next() => summary.add(call),
            at = due.tick() => {
                if calls.len() >= load.in_flight as usize {
                    summary.left_out += 1;
                    continue;
                }
                let (client, key) = (client.clone(), keys.next().unwrap_or_default());
                calls.spawn(async move {
                    let call = watch(call_get(&client, key)).await;
                    (call, at.elapsed())
                });
            }
        }
    }
    while let Some(call) = calls.join_next().await {
        summary.add(call);
    }
    summary.took = began.elapsed();
    summary
}

type Ended = Result<(Watched<Vec<u8>>, Duration), tokio::task::JoinError>;

impl Summary {
    fn add(&mut self, ended: Ended) {
        let (call, since_due) = match ended {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        self.latencies.record(since_due);
        match (call.answer(), &call.result) {
            (Answer::Server { attempts: 1 }, _) => self.at_first_try += 1,
            (Answer::Server { .. }, _) => self.after_retries += 1,
            (Answer::Fallback, _) => self.by_fallback += 1,
            (Answer::Nobody, result) => {
                let code = result.as_ref().map_or_else(Status::code, |_| Code::Ok);
                *self.failed.entry(code as i32).or_default() += 1;
            }
        }
    }

    pub fn calls(&self) -> u64 {
        self.at_first_try + self.after_retries + self.by_fallback + self.failures()
    }

    pub fn failures(&self) -> u64 {
        self.failed.values().sum()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = self.calls();
        let seconds = self.took.as_secs_f64();
        let rate = calls as f64 / seconds.max(f64::MIN_POSITIVE);
        writeln!(
            f,
            "calls              {calls} in {seconds:.1} s ({rate:.1} a second)"
        )?;
        writeln!(
            f,
            "by the server      {} at the first try, {} after retries",
            self.at_first_try, self.after_retries
        )?;
        writeln!(f, "last value seen    {}", self.by_fallback)?;
        writeln!(f, "failed             {}", self.failures())?;
        for (&code, count) in &self.failed {
            writeln!(f, "  {count} x {}", Code::from(code).description())?;
        }
        if self.left_out > 0 {
            writeln!(
                f,
                "left out           {} (too many in flight)",
                self.left_out
            )?;
        }
        write!(f, "latency           ")?;
        for (name, percent) in [
            ("p50", 50.0),
            ("p90", 90.0),
            ("p99", 99.0),
            ("p99.9", 99.9),
            ("max", 100.0),
        ] {
            match self.latencies.percentile(percent) {
                Some(latency) => write!(f, " {name} {}", Short(latency))?,
                None => write!(f, " {name} -")?,
            }
        }
        Ok(())
    }
}
