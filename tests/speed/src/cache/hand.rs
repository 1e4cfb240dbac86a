//! The cache's client and service as a careful person writes them without attributes, to the settings of those that have
//! some.

use std::num::NonZeroU32;
use std::time::Duration;

use backon::{FibonacciBuilder, Retryable};
use cache_demo::proto::cache_service_client::CacheServiceClient;
use cache_demo::proto::cache_service_server::CacheService;
use cache_demo::proto::{DumpRequest, GetRequest, GetResponse, Item, StoreRequest, StoreResponse};
use cache_demo::server::{Limits, Store};
use failsafe::backoff::{self, Exponential};
use failsafe::failure_policy::{self, SuccessRateOverTimeWindow};
use failsafe::futures::CircuitBreaker as _;
use failsafe::{Config, StateMachine};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};
use tonic::codegen::BoxStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status, async_trait};

use super::bare;

type Breaker = StateMachine<SuccessRateOverTimeWindow<Exponential>, ()>;

const WHOLE: Duration = Duration::from_secs(1);
const ATTEMPT: Duration = Duration::from_millis(400);

/// Fallback, time limit, retry, time limit and breaker, and the server is told of the limit.
#[derive(Clone, Debug)]
pub struct HandClient {
    stub: CacheServiceClient<Channel>,
    seen: Cache<String, Vec<u8>>,
    breaker: Breaker,
}

impl HandClient {
    #[must_use]
    pub fn new(server: &Endpoint) -> Self {
        let open = backoff::exponential(Duration::from_secs(1), Duration::from_secs(2));
        let window = Duration::from_secs(10);
        let policy = failure_policy::success_rate_over_time_window(0.4, 10, window, open);
        Self {
            stub: CacheServiceClient::new(server.connect_lazy()),
            seen: Cache::new(10_000),
            breaker: Config::new().failure_policy(policy).build(),
        }
    }

    pub async fn get(&self, key: &str) -> Result<Vec<u8>, Status> {
        let until = Instant::now() + WHOLE;
        let pauses = FibonacciBuilder::new()
            .with_jitter()
            .with_min_delay(Duration::from_millis(50))
            .with_max_times(2);
        let attempts = (|| self.attempt(key, until)).retry(pauses).when(is_failure);
        let outcome = timeout_at(until, attempts).await;
        outcome
            .unwrap_or_else(|_| Err(timed_out()))
            .or_else(|error| self.seen.get(key).ok_or(error))
    }

    async fn attempt(&self, key: &str, until: Instant) -> Result<Vec<u8>, Status> {
        let limit = ATTEMPT.min(until - Instant::now());
        let asked = async {
            let asked = timeout(limit, self.ask(key, limit)).await;
            asked.unwrap_or_else(|_| Err(timed_out()))
        };
        let admitted = self.breaker.call_with(is_failure, asked).await;
        admitted.map_err(|error| match error {
            failsafe::Error::Inner(status) => status,
            failsafe::Error::Rejected => Status::unavailable("the breaker is open"),
        })
    }

    async fn ask(&self, key: &str, limit: Duration) -> Result<Vec<u8>, Status> {
        let mut request = Request::new(GetRequest {
            key: key.to_owned(),
        });
        request.set_timeout(limit);
        let answer = self.stub.clone().get(request).await?;
        let value = Vec::from(answer.into_inner().value);
        self.seen.insert(key.to_owned(), value.clone());
        Ok(value)
    }
}

fn timed_out() -> Status {
    Status::deadline_exceeded("timed out")
}

/// Of the service, and not the caller's own.
fn is_failure(error: &Status) -> bool {
    matches!(
        error.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::Internal
            | Code::Unknown
            | Code::DataLoss
    )
}

/// A rate limit and a limit of calls at a time. tonic itself ends what takes longer than its caller waits.
#[derive(Debug)]
pub struct HandService {
    store: Store,
    limiter: DefaultDirectRateLimiter,
    places: Semaphore,
}

impl HandService {
    #[must_use]
    pub fn new() -> Self {
        const QUOTA: Quota = Quota::per_second(NonZeroU32::new(1_000_000).unwrap());
        Self {
            store: Store::new(Limits::default()),
            limiter: RateLimiter::direct(QUOTA),
            places: Semaphore::new(1_000),
        }
    }
}

impl Default for HandService {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl CacheService for HandService {
    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let too_much = || Status::resource_exhausted("too much is asked of it");
        self.limiter.check().map_err(|_| too_much())?;
        let _place = self.places.try_acquire().map_err(|_| too_much())?;
        bare::get(&self.store, request)
    }

    async fn store(&self, _: Request<StoreRequest>) -> Result<Response<StoreResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }

    type DumpStream = BoxStream<Item>;

    async fn dump(&self, _: Request<DumpRequest>) -> Result<Response<Self::DumpStream>, Status> {
        Err(Status::unimplemented("not measured"))
    }
}
