//! A server that says when to come back, and clients that obey.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cache_demo::proto::cache_service_client::CacheServiceClient;
use cache_demo::proto::cache_service_server::CacheService;
use cache_demo::proto::{DumpRequest, GetRequest, GetResponse, Item, StoreRequest, StoreResponse};
use resilient_runtime::grpc::propagate;
use resilient_runtime::{Classify, rate_limit, retry};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status, async_trait};

use super::{asks_for, wire};

const PUSHBACK: &str = "grpc-retry-pushback-ms";
const PERIOD: Duration = Duration::from_millis(200);

/// A get that came, and what came of it.
#[derive(Clone, Debug)]
struct Came {
    at: Instant,
    attempts_before: Option<String>,
    /// When it was welcome again, if it was refused.
    refused_until: Option<Instant>,
}

#[derive(Clone, Debug, Default)]
struct Strict {
    came: Arc<Mutex<Vec<Came>>>,
}

impl Strict {
    #[rate_limit(permits = 1, per = PERIOD)]
    async fn limited(&self) -> Result<(), Status> {
        Ok(())
    }

    #[rate_limit(permits = 1, per = "1h")]
    async fn limited_for_long(&self) -> Result<(), Status> {
        Ok(())
    }

    fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }
}

#[async_trait]
impl CacheService for Strict {
    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let at = Instant::now();
        let outcome = match &*request.get_ref().key {
            "limited" => self.limited().await,
            "limited for long" => self.limited_for_long().await,
            "never" => {
                let mut status = Status::unavailable("for good");
                status
                    .metadata_mut()
                    .insert(PUSHBACK, "-1".parse().unwrap());
                Err(status)
            }
            key => Err(Status::not_found(key)),
        };
        let attempts = request.metadata().get("grpc-previous-rpc-attempts");
        self.came.lock().unwrap().push(Came {
            at,
            attempts_before: attempts.map(|attempts| attempts.to_str().unwrap().to_owned()),
            refused_until: outcome
                .as_ref()
                .err()
                .and_then(Status::retry_after)
                .and_then(|wait| at.checked_add(wait)),
        });
        outcome.map(|()| Response::new(GetResponse::default()))
    }

    async fn store(&self, _: Request<StoreRequest>) -> Result<Response<StoreResponse>, Status> {
        Err(Status::unimplemented("nobody asks for it here"))
    }

    type DumpStream = tokio_stream::Empty<Result<Item, Status>>;

    async fn dump(&self, _: Request<DumpRequest>) -> Result<Response<Self::DumpStream>, Status> {
        Err(Status::unimplemented("nobody asks for it here"))
    }
}

type Propagate = fn(Request<()>) -> Result<Request<()>, Status>;
type Client = CacheServiceClient<InterceptedService<Channel, Propagate>>;

async fn client_of(server: &Strict) -> Client {
    let channel = wire::on_loopback(server.clone()).await;
    CacheServiceClient::with_interceptor(channel, propagate)
}

#[retry(count = 3, delay_ms = 1, jitter = "none")]
async fn get(client: &Client, key: &str) -> Result<(), Status> {
    client.clone().get(asks_for(key)).await?;
    Ok(())
}

#[tokio::test]
async fn a_refusal_of_the_servers_rate_limit_is_obeyed_by_the_clients_retry() {
    let server = Strict::default();
    let client = client_of(&server).await;
    get(&client, "limited").await.unwrap();
    get(&client, "limited").await.unwrap();

    let [first, refused, welcome] = &server.came()[..] else {
        panic!("{:?}", server.came())
    };
    assert_eq!(first.refused_until, None);
    let until = refused.refused_until.unwrap();
    assert!(welcome.at >= until, "{:?}", server.came());
    assert_eq!(welcome.refused_until, None);
    let attempts = [first, refused, welcome].map(|came| came.attempts_before.as_deref());
    assert_eq!(attempts, [None, None, Some("1")]);
}

#[tokio::test]
async fn a_wait_longer_than_max_delay_means_no_retry() {
    let server = Strict::default();
    let client = client_of(&server).await;
    get(&client, "limited for long").await.unwrap();
    let status = get(&client, "limited for long").await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let wait = status.retry_after().unwrap();
    assert!(
        wait > Duration::from_secs(3_000) && wait <= Duration::from_secs(3_600),
        "{wait:?}"
    );
    assert_eq!(server.came().len(), 2);
}

#[tokio::test]
async fn a_negative_pushback_means_no_retry() {
    let server = Strict::default();
    let client = client_of(&server).await;
    let status = get(&client, "never").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.metadata().get(PUSHBACK).unwrap(), "-1");
    assert_eq!(server.came().len(), 1);
}
