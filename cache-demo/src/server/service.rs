//! The business of the server, and above it what the server does when too much is asked of it.

use std::pin::Pin;
use std::sync::Arc;

use resilient_runtime::{PolicyError, bulkhead, carry, fault, resilient};
use tokio_stream::{Stream, StreamExt, iter};
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status};

use super::counters::Counters;
use super::store::{Limits, Store};
use super::trouble::Trouble;
use super::workers::Workers;
use crate::proto::cache_service_server::CacheService;
use crate::proto::{DumpRequest, GetRequest, GetResponse, Item, StoreRequest, StoreResponse};

/// Stands in the metadata of an error after which the caller can be sure that nothing was stored.
pub const NOTHING_STORED: &str = "cache-nothing-stored";

/// Under this seed no three in a row of the first 150 gets, or of the first 50 stores, fail when a third of them does:
/// three attempts win.
const SEED: u64 = 1038;

/// How many calls a second are let in.
const PER_SECOND: u32 = if cfg!(feature = "out-of-reach") {
    1_000_000
} else {
    5000
};

/// The service itself, for a server that has its own transport. A [`Server`](super::Server) has one.
#[derive(Debug)]
pub struct Service {
    store: Store,
    pub(super) workers: Workers,
    pub(super) trouble: Arc<Trouble>,
}

impl Service {
    /// Keeps this much, does this much, and counts in `counters` the work that it leaves out.
    pub fn new(limits: Limits, counters: Arc<Counters>) -> Self {
        Service {
            store: Store::new(limits),
            workers: Workers::new(limits.work, counters),
            trouble: Arc::default(),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.workers.end();
    }
}

/// A call that was turned away at the door has changed nothing.
fn turned_away(error: PolicyError) -> Status {
    nothing_stored(error.into())
}

fn in_trouble() -> Status {
    nothing_stored(Status::unavailable("the server is in trouble"))
}

fn nothing_stored(mut status: Status) -> Status {
    let yes = MetadataValue::from_static("yes");
    status.metadata_mut().insert(NOTHING_STORED, yes);
    status
}

fn named(key: &str) -> Result<(), Status> {
    if key.is_empty() {
        return Err(Status::invalid_argument("the key is empty"));
    }
    Ok(())
}

// Callers read these names in refusals: they are those of the schema.
#[resilient(
    name = "CacheService",
    rate_limit(per_second = PER_SECOND),
    adaptive_concurrency(side = "server"),
    fault(
        error = in_trouble(),
        error_rate = self.trouble.error_rate(),
        latency = self.trouble.latency(),
        seed = SEED
    ),
    into_error = turned_away
)]
#[tonic::async_trait]
impl CacheService for Service {
    async fn store(
        &self,
        request: Request<StoreRequest>,
    ) -> Result<Response<StoreResponse>, Status> {
        let StoreRequest { key, value } = request.into_inner();
        named(&key)?;
        if !self.store.fits(&key, &value) {
            return Err(Status::invalid_argument(format!(
                "{} bytes are more than the whole cache holds",
                key.len() + value.len()
            )));
        }
        self.workers.work().await?;
        self.store.put(key, value);
        Ok(Response::new(StoreResponse {}))
    }

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let GetRequest { key } = request.into_inner();
        named(&key)?;
        self.workers.work().await?;
        let value = self
            .store
            .get(&key)
            .ok_or_else(|| Status::not_found(format!("nothing is kept under {key:?}")))?;
        Ok(Response::new(GetResponse { value }))
    }

    type DumpStream = Pin<Box<dyn Stream<Item = Result<Item, Status>> + Send>>;

    // Its own attributes take the place of those above: a dump has nothing in common with the short calls. It keeps
    // its place until the last item has left.
    #[bulkhead(name = "CacheService::dump", max_concurrent = 2, into_error = turned_away)]
    #[fault(
        error = in_trouble(),
        error_rate = self.trouble.error_rate(),
        latency = self.trouble.latency(),
        seed = SEED
    )]
    async fn dump(
        &self,
        _request: Request<DumpRequest>,
    ) -> Result<Response<Self::DumpStream>, Status> {
        let workers = self.workers.clone();
        let items = iter(self.store.items()).then(move |(key, value)| {
            let workers = workers.clone();
            async move {
                workers.work().await?;
                Ok(Item {
                    key: key.to_string(),
                    value,
                })
            }
        });
        Ok(Response::new(Box::pin(carry(items))))
    }
}
