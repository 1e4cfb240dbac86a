//! The policies on methods under `#[async_trait]`: what holds for a free function
//! holds there.

mod common;

use async_trait::async_trait;
use common::{Calls, Error, counted, fail, ms};
use resilient_runtime::{
    BreakerState, CircuitBreaker, CircuitBreakerSettings, LayerKind, circuit_breaker, fallback,
    registry, retry, timeout,
};
use tokio::time::sleep;

#[async_trait]
trait Cache: Send + Sync {
    async fn get(&self, key: &str) -> Result<usize, Error>;
    async fn slow(&mut self, takes: u64) -> Result<u64, Error>;
    async fn put(&self, mut values: Vec<u8>) -> Result<usize, Error>;

    #[retry(count = 2, delay_ms = 1)]
    async fn by_default(&self, key: &str) -> Result<usize, Error> {
        self.get(key).await
    }
}

struct Client {
    calls: Calls,
    attempts: u32,
    breaker: CircuitBreaker,
}

impl Client {
    fn new() -> Self {
        let settings = CircuitBreakerSettings::new().consecutive_failures(3);
        Self {
            calls: Calls::new(),
            attempts: 3,
            breaker: CircuitBreaker::with(settings),
        }
    }

    async fn stale(&self, key: &str, _error: Error) -> Result<usize, Error> {
        Ok(key.len())
    }
}

#[async_trait]
impl Cache for Client {
    #[fallback(with = Self::stale)]
    #[retry(count = self.attempts, delay_ms = 1)]
    #[circuit_breaker(state = self.breaker)]
    async fn get(&self, _key: &str) -> Result<usize, Error> {
        self.calls.note();
        Err(Error::Transient)
    }

    #[timeout(ms = 100)]
    async fn slow(&mut self, takes: u64) -> Result<u64, Error> {
        sleep(ms(takes)).await;
        Ok(takes)
    }

    #[retry(count = 3, delay_ms = 1)]
    async fn put(&self, mut values: Vec<u8>) -> Result<usize, Error> {
        values.push(0);
        match self.calls.note() {
            1 | 2 => Err(Error::Transient),
            _ => Ok(values.len()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_whole_stack_works_by_self() {
    let client = Client::new();
    let cache: &dyn Cache = &client;
    assert_eq!(cache.get("four").await, Ok(4));
    assert_eq!(client.calls.count(), 3);
    assert_eq!(client.breaker.state(), BreakerState::Open);
    assert_eq!(cache.get("four").await, Ok(4));
    assert_eq!(client.calls.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_bounds_a_method_by_mut_self() {
    let mut client = Client::new();
    assert_eq!(client.slow(99).await, Ok(99));
    assert!(client.slow(101).await.unwrap_err().is_timed_out());
}

#[tokio::test(start_paused = true)]
async fn a_mut_argument_is_copied_for_each_attempt() {
    assert_eq!(Client::new().put(vec![1, 2]).await, Ok(3));
}

struct Failing(Calls);

#[async_trait]
impl Cache for Failing {
    async fn get(&self, _key: &str) -> Result<usize, Error> {
        self.0.note();
        Err(Error::Transient)
    }

    async fn slow(&mut self, _takes: u64) -> Result<u64, Error> {
        Err(Error::Transient)
    }

    #[timeout(ms = 10)]
    #[circuit_breaker(name = "boxed put", consecutive_failures = 1)]
    async fn put(&self, values: Vec<u8>) -> Result<usize, Error> {
        sleep(ms(u64::from(values[0]))).await;
        Ok(values.len())
    }
}

#[tokio::test(start_paused = true)]
async fn a_default_method_is_retried() {
    let failing = Failing(Calls::new());
    assert_eq!(failing.by_default("a").await, Err(Error::Transient));
    assert_eq!(failing.0.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_below_a_timeout_sees_it() {
    let failing = Failing(Calls::new());
    let breaker = common::breaker("boxed put");
    assert_eq!(failing.put(vec![9]).await, Ok(1));
    assert!(failing.put(vec![11]).await.unwrap_err().is_timed_out());
    assert!(failing.put(vec![9]).await.unwrap_err().is_open());
    breaker.reset();
    fail(breaker, 1);
    assert_eq!(counted(breaker), (0, 0));
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[test]
fn its_sites_are_listed_with_their_paths() {
    let site = registry()
        .sites()
        .iter()
        .find(|site| site.name().ends_with("::get"))
        .expect("listed before the first call");
    assert_eq!(
        site.name(),
        "<async_trait::Client as async_trait::Cache>::get"
    );
    let kinds: Vec<_> = site.layers().iter().map(|layer| layer.kind()).collect();
    assert_eq!(
        kinds,
        [
            LayerKind::Fallback,
            LayerKind::Retry,
            LayerKind::CircuitBreaker
        ]
    );
}
