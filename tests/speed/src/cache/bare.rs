//! What the cache's client and service are without attributes: as far as a `Get` goes, line by line the same.

use cache_demo::proto::cache_service_client::CacheServiceClient;
use cache_demo::proto::cache_service_server::CacheService;
use cache_demo::proto::{DumpRequest, GetRequest, GetResponse, Item, StoreRequest, StoreResponse};
use cache_demo::server::{Limits, Store};
use moka::sync::Cache;
use tonic::codegen::BoxStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status, async_trait};

/// Remembers what it saw, as the other does: that is no attribute.
#[derive(Clone, Debug)]
pub struct BareClient {
    stub: CacheServiceClient<Channel>,
    seen: Cache<String, Vec<u8>>,
}

impl BareClient {
    #[must_use]
    pub fn new(server: &Endpoint) -> Self {
        Self {
            stub: CacheServiceClient::new(server.connect_lazy()),
            seen: Cache::new(10_000),
        }
    }

    pub async fn get(&self, key: &str) -> Result<Vec<u8>, Status> {
        let request = GetRequest {
            key: key.to_owned(),
        };
        let answer = self.stub.clone().get(request).await?;
        let value = Vec::from(answer.into_inner().value);
        self.seen.insert(key.to_owned(), value.clone());
        Ok(value)
    }
}

/// Answers a `Get` from the same store as the other, and nothing else.
#[derive(Debug)]
pub struct BareService {
    store: Store,
}

impl BareService {
    #[must_use]
    pub fn new() -> Self {
        Self {
            store: Store::new(Limits::default()),
        }
    }
}

impl Default for BareService {
    fn default() -> Self {
        Self::new()
    }
}

pub(super) fn get(
    store: &Store,
    request: Request<GetRequest>,
) -> Result<Response<GetResponse>, Status> {
    let GetRequest { key } = request.into_inner();
    if key.is_empty() {
        return Err(Status::invalid_argument("the key is empty"));
    }
    let value = store
        .get(&key)
        .ok_or_else(|| Status::not_found(format!("nothing is kept under {key:?}")))?;
    Ok(Response::new(GetResponse { value }))
}

#[async_trait]
impl CacheService for BareService {
    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        get(&self.store, request)
    }

    async fn store(&self, _: Request<StoreRequest>) -> Result<Response<StoreResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }

    type DumpStream = BoxStream<Item>;

    async fn dump(&self, _: Request<DumpRequest>) -> Result<Response<Self::DumpStream>, Status> {
        Err(Status::unimplemented("not measured"))
    }
}
