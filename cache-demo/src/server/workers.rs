//! What makes the server finite: so many workers, each busy for a while over one call.

use std::sync::Arc;
use std::time::Duration;

use resilient_runtime::{deadline, spawn};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};
use tonic::Status;

use super::counters::Counters;

/// How much a server can do.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    pub workers: u16,
    /// What a worker takes over a call, and over each item of a dump; with nothing, no call waits for one.
    pub time: Duration,
    /// Whether they leave out what cannot be done in the time that the caller has. If not, they do for callers who have
    /// left what was asked of them.
    pub skip_expired: bool,
}

impl Work {
    /// Calls a second that the workers can do, if they can be counted.
    pub fn per_second(self) -> Option<f64> {
        (!self.time.is_zero()).then(|| f64::from(self.workers) / self.time.as_secs_f64())
    }
}

/// First come, first served. Like a disk or a database they do not notice that a caller has left: what was asked of
/// them is done, unless they are to look at the clock before they begin.
#[derive(Clone, Debug)]
pub(super) struct Workers {
    free: Arc<Semaphore>,
    work: Work,
    counters: Arc<Counters>,
}

/// Workers that stand still until this is dropped.
#[derive(Debug)]
#[must_use = "they go on as soon as this is dropped"]
pub struct Standstill(#[expect(dead_code, reason = "held, not read")] Option<OwnedSemaphorePermit>);

impl Workers {
    pub(super) fn new(work: Work, counters: Arc<Counters>) -> Self {
        Workers {
            free: Arc::new(Semaphore::new(work.workers.into())),
            work,
            counters,
        }
    }

    /// Returns when a worker has done its work.
    pub(super) async fn work(&self) -> Result<(), Status> {
        let Work { time, .. } = self.work;
        if time.is_zero() {
            return Ok(());
        }
        let workers = self.clone();
        // Part of the call: as long as there is work left for it, it has its place, and it knows its deadline.
        let work = spawn(async move {
            let _worker = workers.free.acquire().await.map_err(|_| ended())?;
            let too_late = |deadline| deadline < Instant::now() + time;
            if workers.work.skip_expired && deadline().is_some_and(too_late) {
                workers.counters.count_skipped();
                return Err(Status::deadline_exceeded("there is no time for it left"));
            }
            sleep(time).await;
            Ok(())
        });
        work.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Returns when all have done what they were at.
    pub(super) async fn stand_still(&self) -> Standstill {
        let all = self.work.workers.into();
        Standstill(Arc::clone(&self.free).acquire_many_owned(all).await.ok())
    }

    /// Whoever waits for a worker gets none any more.
    pub(super) fn end(&self) {
        self.free.close();
    }
}

fn ended() -> Status {
    Status::unavailable("the server has ended")
}
