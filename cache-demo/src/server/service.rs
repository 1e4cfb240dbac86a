use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio_stream::{Stream, iter};
use tonic::{Request, Response, Status};

use super::counters::Counters;
use super::store::Store;
use super::trouble::Trouble;
use crate::proto::cache_service_server::CacheService;
use crate::proto::{DumpRequest, GetRequest, GetResponse, Item, StoreRequest, StoreResponse};

/// Stands in the metadata of an error after which the caller can be sure that nothing was stored.
pub const NOTHING_STORED: &str = "cache-nothing-stored";

#[derive(Debug)]
pub(super) struct Service {
    pub(super) store: Store,
    pub(super) trouble: Arc<Trouble>,
    pub(super) counters: Arc<Counters>,
}

impl Service {
    /// Every call comes through here first: it is counted, and then perhaps in trouble.
    fn arrive(&self, counter: &AtomicU64) -> Result<(), Status> {
        counter.fetch_add(1, Relaxed);
        if self.trouble.strikes() {
            return Err(nothing_stored(Status::unavailable(
                "the server is in trouble",
            )));
        }
        Ok(())
    }
}

fn nothing_stored(mut status: Status) -> Status {
    let yes = tonic::metadata::MetadataValue::from_static("yes");
    status.metadata_mut().insert(NOTHING_STORED, yes);
    status
}

fn named(key: &str) -> Result<(), Status> {
    if key.is_empty() {
        return Err(Status::invalid_argument("the key is empty"));
    }
    Ok(())
}

#[tonic::async_trait]
impl CacheService for Service {
    async fn store(
        &self,
        request: Request<StoreRequest>,
    ) -> Result<Response<StoreResponse>, Status> {
        self.arrive(&self.counters.store)?;
        let StoreRequest { key, value } = request.into_inner();
        named(&key)?;
        if !self.store.fits(&key, &value) {
            return Err(Status::invalid_argument(format!(
                "{} bytes are more than the whole cache holds",
                key.len() + value.len()
            )));
        }
        self.store.put(key, value);
        Ok(Response::new(StoreResponse {}))
    }

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        self.arrive(&self.counters.get)?;
        let GetRequest { key } = request.into_inner();
        named(&key)?;
        let value = self
            .store
            .get(&key)
            .ok_or_else(|| Status::not_found(format!("nothing is kept under {key:?}")))?;
        Ok(Response::new(GetResponse { value }))
    }

    type DumpStream = Pin<Box<dyn Stream<Item = Result<Item, Status>> + Send>>;

    async fn dump(
        &self,
        _request: Request<DumpRequest>,
    ) -> Result<Response<Self::DumpStream>, Status> {
        self.arrive(&self.counters.dump)?;
        let items = self.store.items().into_iter().map(|(key, value)| {
            Ok(Item {
                key: key.to_string(),
                value,
            })
        });
        Ok(Response::new(Box::pin(iter(items))))
    }
}
