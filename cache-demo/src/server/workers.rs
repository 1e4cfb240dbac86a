//! What makes the server finite: so many workers, each busy for a while over one call.

use std::sync::Arc;
use std::time::Duration;

use resilient_runtime::Carry;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tonic::Status;

/// How much a server can do.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    pub workers: u16,
    /// What a worker takes over a call, and over each item of a dump; with nothing, no call waits for one.
    pub time: Duration,
}

impl Work {
    /// Calls a second that the workers can do, if they can be counted.
    pub fn per_second(self) -> Option<f64> {
        (!self.time.is_zero()).then(|| f64::from(self.workers) / self.time.as_secs_f64())
    }
}

/// First come, first served. Like a disk or a database they do not notice that a caller has left: what was asked of
/// them is done.
#[derive(Clone, Debug)]
pub(super) struct Workers {
    free: Arc<Semaphore>,
    time: Duration,
}

impl Workers {
    pub(super) fn new(work: Work) -> Self {
        Workers {
            free: Arc::new(Semaphore::new(work.workers.into())),
            time: work.time,
        }
    }

    /// Returns when a worker has done its work.
    pub(super) async fn work(&self) -> Result<(), Status> {
        if self.time.is_zero() {
            return Ok(());
        }
        let (free, time) = (Arc::clone(&self.free), self.time);
        // As long as there is work left for the call, it has its place.
        let places = Carry::new();
        let work = tokio::spawn(async move {
            let _places = places;
            let _worker = free.acquire().await.ok()?;
            sleep(time).await;
            Some(())
        });
        match work.await {
            Ok(Some(())) => Ok(()),
            _ => Err(Status::unavailable("the server has ended")),
        }
    }

    /// Whoever waits for a worker gets none any more.
    pub(super) fn end(&self) {
        self.free.close();
    }
}
