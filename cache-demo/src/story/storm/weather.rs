//! One outage, and what became of the calls that were made in it and after it.

use std::io;
use std::mem::take;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::{ASKED, KEY, LAST, OUTAGE};
use crate::client::CacheClient;
use crate::latency::Short;
use crate::load::{self, Outcome, Pace};
use crate::server::{Counts, Work};
use crate::story::client_of;
use crate::story::crowd::start;
use crate::story::narrator::Narrator;

/// Calls are judged in groups, of those that were made in this time.
const GROUP: Duration = Duration::from_millis(200);

/// The share of a group's calls that has to be answered for the server to be well.
const WELL: f64 = 0.9;

#[derive(Clone, Debug, Serialize)]
pub struct Weathered {
    pub asked: u64,
    /// Attempts, as the server counted them.
    pub reached_server: u64,
    /// Attempts for each call.
    pub amplification: f64,
    /// The same in the last second.
    pub amplification_at_the_end: f64,
    pub answered: u64,
    /// The share of the calls of the last second that was answered.
    pub answered_at_the_end: f64,
    /// How long after the outage calls were answered again, if they were before the end.
    pub well_after_ms: Option<f64>,
    /// Attempts that said of themselves that they were not the first.
    pub retries_seen: u64,
    /// Attempts that the server ended with `DEADLINE_EXCEEDED`, those included whose work it skipped.
    pub out_of_time: u64,
    /// Work that was not begun because there was no time left for it.
    pub skipped: u64,
}

/// A server of its own, which does nothing at first and is well after that.
pub(super) async fn weather<C>(
    get: impl Fn(CacheClient) -> C,
    work: Work,
    after: Duration,
    narrator: &Narrator,
) -> io::Result<Weathered>
where
    C: Future<Output = Result<Vec<u8>, Status>> + Send + 'static,
{
    let server = start(work)?;
    let client = client_of(&server)?;
    client.get(KEY).await.map_err(io::Error::other)?;
    let counters = server.counters();
    let standstill = server.stand_still().await;
    let before = counters.read();

    let bar = narrator.bar(OUTAGE + after);
    let pace = Pace {
        rate: ASKED,
        duration: OUTAGE + after,
        in_flight: u32::MAX,
    };
    let calls = Arc::new(Mutex::new(Vec::new()));
    let call = |number| {
        let (call, calls) = (get(client.clone()), Arc::clone(&calls));
        async move {
            let outcome = Outcome::from(call.await);
            let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.push((number, outcome.is_answer()));
            outcome
        }
    };
    let never = CancellationToken::new();
    let (_, at_the_end) = tokio::join!(load::run(pace, &never, &bar, call), async {
        sleep(OUTAGE).await;
        drop(standstill);
        sleep(after.saturating_sub(LAST)).await;
        let before = counters.read();
        sleep(LAST).await;
        counters.read() - before
    });
    let all = counters.read() - before;
    drop((bar, client));
    server.drain().await?;

    let mut calls = take(&mut *calls.lock().unwrap_or_else(PoisonError::into_inner));
    calls.sort_unstable();
    let answered: Vec<_> = calls.into_iter().map(|(_, answered)| answered).collect();
    Ok(Weathered::of(&answered, all, at_the_end))
}

/// Calls that are made in this time.
fn made_in(time: Duration) -> usize {
    (time.as_secs_f64() * f64::from(ASKED)) as usize
}

fn share(answered: &[bool]) -> f64 {
    count(answered) as f64 / answered.len().max(1) as f64
}

fn count(answered: &[bool]) -> u64 {
    answered.iter().filter(|&&answered| answered).count() as u64
}

impl Weathered {
    /// Of whether each call was answered, in the order in which they were made.
    fn of(answered: &[bool], all: Counts, at_the_end: Counts) -> Self {
        let last = &answered[answered.len().saturating_sub(made_in(LAST))..];
        Weathered {
            asked: answered.len() as u64,
            reached_server: all.get,
            amplification: all.get as f64 / answered.len().max(1) as f64,
            amplification_at_the_end: at_the_end.get as f64 / last.len().max(1) as f64,
            answered: count(answered),
            answered_at_the_end: share(last),
            well_after_ms: well_after(answered).map(|time| time.as_secs_f64() * 1e3),
            retries_seen: all.retries,
            out_of_time: all.out_of_time,
            skipped: all.skipped,
        }
    }

    pub(super) fn well_again(&self) -> String {
        match self.well_after_ms {
            None => "never".to_owned(),
            Some(0.0) => "at once".to_owned(),
            Some(millis) => format!("after {}", Short(Duration::from_secs_f64(millis / 1e3))),
        }
    }
}

/// From when on, after the outage, there is no group any more that is not answered.
fn well_after(answered: &[bool]) -> Option<Duration> {
    let after = answered.get(made_in(OUTAGE)..)?;
    let groups: Vec<_> = after.chunks(made_in(GROUP)).map(share).collect();
    let unwell = groups.iter().rposition(|&share| share < WELL);
    let well = unwell.map_or(0, |last| last + 1);
    (well < groups.len()).then(|| GROUP.saturating_mul(well as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(parts: &[(usize, bool)]) -> Vec<bool> {
        let calls = |&(count, answered)| std::iter::repeat_n(answered, count);
        parts.iter().flat_map(calls).collect()
    }

    #[test]
    fn well_again_is_from_when_on_all_are_answered() {
        let outage = made_in(OUTAGE);
        let group = made_in(GROUP);
        for (after, well) in [
            (vec![(4 * group, true)], Some(Duration::ZERO)),
            (vec![(group, false), (3 * group, true)], Some(GROUP)),
            (
                vec![(group, true), (group, false), (2 * group, true)],
                Some(2 * GROUP),
            ),
            (vec![(3 * group, true), (group, false)], None),
        ] {
            let mut all = calls(&[(outage, false)]);
            all.extend(calls(&after));
            assert_eq!(well_after(&all), well, "{after:?}");
        }
    }

    #[test]
    fn one_call_in_ten_may_fail_of_a_server_that_is_well() {
        let mut all = calls(&[(made_in(OUTAGE), false), (2 * made_in(GROUP), true)]);
        let last = all.len() - 1;
        all[last] = false;
        assert_eq!(well_after(&all), Some(Duration::ZERO));
        all[last - 1] = false;
        assert_eq!(well_after(&all), None);
    }
}
