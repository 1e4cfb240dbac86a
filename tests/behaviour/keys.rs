//! `key = ..`: one state for each value, whichever the layer.

mod common;

use std::fmt;
use std::sync::Arc;

use common::{Error, ms};
use futures::FutureExt as _;
use resilient_runtime::{
    Bulkhead, CircuitBreaker, CircuitBreakerSettings, EventKind, Keyed, RateLimiter,
    RateLimiterSettings, bulkhead, circuit_breaker, rate_limit, retry, testing,
};
use tokio::time::sleep;

const QUICK: CircuitBreakerSettings = CircuitBreakerSettings::new()
    .consecutive_failures(1)
    .open_for(ms(1000));

#[tokio::test(start_paused = true)]
async fn a_breaker_is_one_for_each_key() {
    #[circuit_breaker(key = host, policy = QUICK)]
    async fn ask(host: &str, outcome: Result<u32, Error>) -> Result<u32, Error> {
        outcome
    }

    assert_eq!(
        ask("one", Err(Error::Transient)).await,
        Err(Error::Transient)
    );
    let Err(Error::Policy(error)) = ask("one", Ok(1)).await else {
        panic!("it is open")
    };
    assert!(error.to_string().contains("one"), "{error}");
    assert_eq!(ask("two", Ok(2)).await, Ok(2));
    // Another that is equal.
    assert!(
        ask(&String::from("one"), Ok(3))
            .await
            .unwrap_err()
            .is_open()
    );
    sleep(ms(1000)).await;
    assert_eq!(ask("one", Ok(4)).await, Ok(4));
}

#[tokio::test(start_paused = true)]
async fn a_rate_and_places_are_one_for_each_key() {
    #[rate_limit(permits = 1, per = "1s", key = tenant)]
    async fn rated(tenant: u64) -> Result<u64, Error> {
        Ok(tenant)
    }
    #[bulkhead(max_concurrent = 1, key = tenant)]
    async fn placed(tenant: u64) -> Result<u64, Error> {
        sleep(ms(tenant)).await;
        Ok(tenant)
    }

    assert_eq!((rated(1).await, rated(2).await), (Ok(1), Ok(2)));
    assert!(rated(1).await.is_err() && rated(2).await.is_err());

    let (one, other, again) = tokio::join!(placed(10), placed(20), placed(10));
    assert_eq!((one, other), (Ok(10), Ok(20)));
    assert!(again.is_err());
    assert_eq!(placed(10).await, Ok(10));
}

#[tokio::test(start_paused = true)]
async fn a_body_may_consume_what_the_key_was_read_from() {
    #[derive(Debug)]
    struct Request {
        tenant: String,
    }

    #[circuit_breaker(key = request.tenant, policy = QUICK)]
    async fn consumed(request: Request) -> Result<String, Error> {
        Ok(request.tenant)
    }
    #[retry(count = 2, delay_ms = 1, clone(tenant))]
    #[rate_limit(permits = 5, per = "1h", key = &tenant[..1], cost = tenant.len())]
    async fn changed(mut tenant: String) -> Result<String, Error> {
        tenant.push('!');
        Ok(tenant)
    }

    let request = Request {
        tenant: "blue".to_owned(),
    };
    assert_eq!(consumed(request).await, Ok("blue".to_owned()));
    assert_eq!(changed("red".to_owned()).await, Ok("red!".to_owned()));
    assert!(
        changed("roses".to_owned()).await.is_err(),
        "3 and 5 are more than 5"
    );
    assert_eq!(changed("blue".to_owned()).await, Ok("blue!".to_owned()));
}

/// It can be hashed and nothing else.
#[derive(Hash)]
struct Silent(u32);

#[derive(Hash)]
struct Shown(u32);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "number {}", self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_anything_that_can_be_hashed() {
    #[circuit_breaker(key = key, policy = QUICK)]
    async fn silent(key: Silent) -> Result<u32, Error> {
        Err(Error::Transient)
    }
    #[circuit_breaker(key = (&key, region.clone()), policy = QUICK)]
    async fn shown(key: Shown, region: Arc<str>) -> Result<u32, Error> {
        Err(Error::Transient)
    }
    #[circuit_breaker(key = if wide { 0 } else { 1 }, policy = QUICK)]
    async fn block(wide: bool) -> Result<u32, Error> {
        Err(Error::Transient)
    }
    #[circuit_breaker(key = keys, policy = QUICK)]
    async fn generic<K: std::hash::Hash>(keys: &[K]) -> Result<u32, Error> {
        Err(Error::Transient)
    }

    assert_eq!(silent(Silent(1)).await, Err(Error::Transient));
    assert!(silent(Silent(1)).await.unwrap_err().is_open());
    assert_eq!(silent(Silent(2)).await, Err(Error::Transient));

    let region: Arc<str> = "eu".into();
    assert_eq!(shown(Shown(1), region.clone()).await, Err(Error::Transient));
    let open = shown(Shown(1), region.clone()).await.unwrap_err();
    assert!(open.to_string().contains("number 1"), "{open}");
    assert_eq!(shown(Shown(1), "us".into()).await, Err(Error::Transient));

    assert_eq!(block(true).await, Err(Error::Transient));
    assert_eq!(block(false).await, Err(Error::Transient));
    assert!(block(true).await.unwrap_err().is_open());

    assert_eq!(generic(&["a"]).await, Err(Error::Transient));
    assert!(generic(&["a".to_owned()]).await.unwrap_err().is_open());
    assert_eq!(generic(&["b"]).await, Err(Error::Transient));
}

#[tokio::test(start_paused = true)]
async fn a_key_is_read_once_for_each_call_and_before_it() {
    struct Client {
        asked: std::sync::atomic::AtomicU32,
    }
    impl Client {
        fn next(&self) -> u32 {
            self.asked
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
        }
        #[retry(count = 3, delay_ms = 1)]
        #[circuit_breaker(key = self.next(), policy = QUICK)]
        async fn ask(&mut self) -> Result<u32, Error> {
            *self.asked.get_mut() += 10;
            Err(Error::Transient)
        }
    }

    let mut client = Client { asked: 0.into() };
    // One failure opens the breaker of 0, and the second attempt goes to that one.
    assert!(client.ask().await.unwrap_err().is_open());
    assert_eq!(*client.asked.get_mut(), 11);
}

#[tokio::test(start_paused = true)]
async fn states_of_many_keys_may_be_shared() {
    static TENANTS: Keyed<RateLimiter> =
        Keyed::new(RateLimiter::with(RateLimiterSettings::per_second(2)));
    struct Client {
        hosts: Arc<Keyed<CircuitBreaker>>,
        places: Keyed<Bulkhead>,
    }
    #[rate_limit(state = TENANTS, key = tenant)]
    async fn read(tenant: &str) -> Result<u32, Error> {
        Ok(1)
    }
    #[rate_limit(state = TENANTS, key = tenant, cost = 2)]
    async fn write(tenant: String) -> Result<u32, Error> {
        drop(tenant);
        Ok(2)
    }
    impl Client {
        #[circuit_breaker(state = self.hosts, key = host)]
        #[bulkhead(state = self.places, key = host)]
        async fn ask(&self, host: &str) -> Result<u32, Error> {
            if host == "slow" {
                sleep(ms(10)).await;
            }
            Err(Error::Transient)
        }
    }

    assert_eq!(write("blue".to_owned()).await, Ok(2));
    assert!(read("blue").await.is_err());
    assert_eq!(read("red").await, Ok(1));
    assert!(write("red".to_owned()).await.is_err());

    let client = Client {
        hosts: Arc::new(Keyed::new(CircuitBreaker::with(QUICK))),
        places: Keyed::new(Bulkhead::new(1)),
    };
    let (slow, full) = tokio::join!(client.ask("slow"), client.ask("slow"));
    assert_eq!(slow, Err(Error::Transient));
    assert!(full.unwrap_err().kind().is_some());
    assert!(client.ask("slow").await.unwrap_err().is_open());
    assert_eq!(client.ask("other").await, Err(Error::Transient));
    assert_eq!((client.hosts.len(), client.places.len()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn beyond_max_keys_an_idle_one_is_forgotten_and_else_they_share() {
    const FEW: u32 = 2;
    #[circuit_breaker(key = host, max_keys = FEW, policy = QUICK)]
    async fn ask(host: u32, outcome: Result<u32, Error>) -> Result<u32, Error> {
        outcome
    }

    let ((), events) = testing::events(async {
        for host in 0..9 {
            assert_eq!(ask(host, Ok(1)).await, Ok(1));
        }
        // These are kept, for they are open.
        for host in [100, 101] {
            assert_eq!(
                ask(host, Err(Error::Transient)).await,
                Err(Error::Transient)
            );
        }
        assert!(ask(100, Ok(1)).await.unwrap_err().is_open());
        assert!(ask(101, Ok(1)).await.unwrap_err().is_open());
        // The others have one together.
        assert_eq!(ask(102, Err(Error::Transient)).await, Err(Error::Transient));
        assert!(ask(103, Ok(1)).await.unwrap_err().is_open());
    })
    .await;
    let exhausted = events
        .iter()
        .filter(|event| matches!(event.kind(), EventKind::KeysExhausted { .. }))
        .count();
    assert!(exhausted >= 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_in_flight_keeps_the_state_of_its_key() {
    #[bulkhead(max_concurrent = 1, key = host, max_keys = 1)]
    async fn ask(host: u32) -> Result<u32, Error> {
        sleep(ms(10)).await;
        Ok(host)
    }

    let mut held = Box::pin(ask(1));
    assert_eq!((&mut held).now_or_never(), None);
    assert_eq!(ask(2).await, Ok(2));
    // `held` is done in the meantime, but has its place until it is polled.
    assert!(ask(1).await.is_err());
    assert_eq!(held.await, Ok(1));
    assert_eq!(ask(1).await, Ok(1));
}

#[test]
fn a_future_with_a_key_can_be_sent() {
    #[circuit_breaker(key = host)]
    #[rate_limit(per_second = 5, key = (host, cost), cost = cost)]
    async fn ask(host: &str, cost: u32) -> Result<u32, Error> {
        Ok(cost)
    }
    fn sent<T: Send>(_: T) {}

    sent(ask("one", 1));
}
