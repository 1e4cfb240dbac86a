//! So many callers, each of which asks again as soon as it is answered.

use std::time::{Duration, Instant};

use cache_demo::client::{CacheClient, call_get};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use tokio::task::JoinSet;
use tonic::Status;

use super::bare::BareClient;
use super::hand::HandClient;
use super::pair::Pair;

/// A key that every store has from the beginning, and the value under it.
const KEY: &str = "123";

/// What became of a load.
#[derive(Debug, Default)]
pub struct Sample {
    pub took: Duration,
    /// What the process, client and server, spent on the processors meanwhile.
    pub cpu: Duration,
    /// One for each call.
    pub latencies: Vec<Duration>,
}

impl Sample {
    pub fn add(&mut self, other: Self) {
        self.took += other.took;
        self.cpu += other.cpu;
        self.latencies.extend(other.latencies);
    }

    /// Of all latencies, the shortest that is longer than 99 of 100.
    #[must_use]
    pub fn p99(&mut self) -> Option<Duration> {
        let last = self.latencies.len().checked_sub(1)?;
        let (_, p99, _) = self.latencies.select_nth_unstable(last * 99 / 100);
        Some(*p99)
    }
}

/// Asks for that long.
///
/// # Errors
///
/// Those of the first call that failed, or that brought another value.
pub async fn load(pair: &Pair, callers: usize, time: Duration) -> Result<Sample, Status> {
    match pair {
        Pair::Bare(client) => crowd(client, callers, time).await,
        Pair::Hand(client) => crowd(client, callers, time).await,
        Pair::Annotated(client) => crowd(client, callers, time).await,
    }
}

trait Ask: Clone + Send + Sync + 'static {
    fn ask(&self, key: &str) -> impl Future<Output = Result<Vec<u8>, Status>> + Send;
}

impl Ask for BareClient {
    fn ask(&self, key: &str) -> impl Future<Output = Result<Vec<u8>, Status>> + Send {
        self.get(key)
    }
}

impl Ask for HandClient {
    fn ask(&self, key: &str) -> impl Future<Output = Result<Vec<u8>, Status>> + Send {
        self.get(key)
    }
}

impl Ask for CacheClient {
    fn ask(&self, key: &str) -> impl Future<Output = Result<Vec<u8>, Status>> + Send {
        call_get(self, key)
    }
}

async fn crowd(client: &impl Ask, callers: usize, time: Duration) -> Result<Sample, Status> {
    let spent = cpu();
    let began = Instant::now();
    let mut crowd = JoinSet::new();
    for _ in 0..callers {
        crowd.spawn(caller(client.clone(), began + time));
    }
    let mut latencies = Vec::new();
    while let Some(ended) = crowd.join_next().await {
        latencies.extend(ended.map_err(|error| Status::from_error(error.into()))??);
    }
    Ok(Sample {
        took: began.elapsed(),
        cpu: cpu() - spent,
        latencies,
    })
}

async fn caller(client: impl Ask, until: Instant) -> Result<Vec<Duration>, Status> {
    let mut latencies = Vec::new();
    let mut began = Instant::now();
    while began < until {
        let value = client.ask(KEY).await?;
        if value != KEY.as_bytes() {
            return Err(Status::data_loss(format!("{value:?} is kept under {KEY}")));
        }
        let ended = Instant::now();
        latencies.push(ended - began);
        began = ended;
    }
    Ok(latencies)
}

/// What this process has spent on the processors.
fn cpu() -> Duration {
    getrusage(UsageWho::RUSAGE_SELF).map_or(Duration::ZERO, |usage| {
        let spent = usage.user_time() + usage.system_time();
        Duration::from_micros(spent.num_microseconds().unsigned_abs())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_hundred_is_longer_than_the_p99() {
        let mut sample = Sample {
            latencies: (1..=1000).rev().map(Duration::from_micros).collect(),
            ..Sample::default()
        };
        assert_eq!(sample.p99(), Some(Duration::from_micros(990)));
        assert_eq!(Sample::default().p99(), None);
    }
}
