//! The client: a connection that remembers what it saw, and the calls that business code makes over it.

mod calls;

use moka::sync::Cache;
use resilient_runtime::grpc::PropagateService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Status, Streaming};

pub use calls::{
    call_get, call_store, dump, fill, get_at_any_cost, get_within, get_within_budget, last_seen,
    nothing_was_stored, store_within,
};

use crate::proto::cache_service_client::CacheServiceClient;
use crate::proto::{DumpRequest, GetRequest, Item, StoreRequest};

/// How many keys' last values a client remembers.
const REMEMBERED: u64 = 10_000;

/// The cache as its clients see it: bare calls, one round trip each, that tell the server how much time they have. Clones
/// share connection and memory.
#[derive(Clone, Debug)]
pub struct CacheClient {
    stub: CacheServiceClient<PropagateService<Channel>>,
    seen: Cache<String, Vec<u8>>,
}

impl CacheClient {
    /// Connects when the first call is made, and again whenever the connection was lost.
    pub fn new(server: &Endpoint) -> Self {
        CacheClient {
            stub: CacheServiceClient::new(PropagateService::new(server.connect_lazy())),
            seen: Cache::new(REMEMBERED),
        }
    }

    pub async fn get(&self, key: &str) -> Result<Vec<u8>, Status> {
        let request = GetRequest {
            key: key.to_owned(),
        };
        // A stub is a handle: its clone uses the same connection.
        let answer = self.stub.clone().get(request).await?;
        let value = Vec::from(answer.into_inner().value);
        self.seen.insert(key.to_owned(), value.clone());
        Ok(value)
    }

    /// What the server last answered for this key, if it ever did.
    pub fn seen(&self, key: &str) -> Option<Vec<u8>> {
        self.seen.get(key)
    }

    pub async fn store(&self, key: &str, value: &[u8]) -> Result<(), Status> {
        let request = StoreRequest {
            key: key.to_owned(),
            value: value.to_vec().into(),
        };
        self.stub.clone().store(request).await?;
        Ok(())
    }

    pub async fn dump(&self) -> Result<Streaming<Item>, Status> {
        let answer = self.stub.clone().dump(DumpRequest {}).await?;
        Ok(answer.into_inner())
    }
}
