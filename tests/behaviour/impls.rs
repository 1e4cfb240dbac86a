//! `#[resilient(..)]` on an `impl`: a stack for each async method, and whose state it is.

mod common;

use async_trait::async_trait;
use common::{Calls, Error, breaker, fail, ms};
use resilient_runtime::{
    Bulkhead, CircuitBreaker, CircuitBreakerSettings, LayerKind, PolicyErrorKind, Vegas, registry,
    resilient, retry,
};
use tokio::time::sleep;

const QUICK: CircuitBreakerSettings = CircuitBreakerSettings::new()
    .consecutive_failures(1)
    .open_for(ms(1000));

/// The kinds of the layers at a call site, the outermost first.
fn stack(site: &str) -> Vec<LayerKind> {
    let site = registry()
        .site(site)
        .unwrap_or_else(|| panic!("no site {site}"));
    site.layers().iter().map(|layer| layer.kind()).collect()
}

fn is_limited(outcome: Result<u32, Error>) -> bool {
    matches!(
        outcome,
        Err(Error::Policy(error)) if matches!(error.kind(), PolicyErrorKind::RateLimited { .. })
    )
}

mod by_default {
    use super::*;

    pub(super) struct Store;

    #[resilient(rate_limit(permits = 2, per = "1s"), circuit_breaker(policy = QUICK))]
    impl Store {
        pub(super) async fn get(&self, outcome: Result<u32, Error>) -> Result<u32, Error> {
            outcome
        }

        pub(super) async fn put(&self, outcome: Result<u32, Error>) -> Result<u32, Error> {
            outcome
        }

        pub(super) fn len(&self) -> u32 {
            7
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_one_for_the_whole_impl() {
    let store = by_default::Store;
    assert_eq!(store.get(Ok(1)).await, Ok(1));
    assert_eq!(store.put(Ok(2)).await, Ok(2));
    assert!(is_limited(store.get(Ok(3)).await));
    assert!(is_limited(store.put(Ok(4)).await));
    assert_eq!(store.len(), 7);
    sleep(ms(500)).await;
    assert_eq!(store.put(Ok(5)).await, Ok(5));
}

mod breakers {
    use super::*;

    pub(super) struct EachItsOwn;

    #[resilient(circuit_breaker(policy = QUICK))]
    impl EachItsOwn {
        pub(super) async fn fail(&self) -> Result<u32, Error> {
            Err(Error::Transient)
        }

        pub(super) async fn work(&self) -> Result<u32, Error> {
            Ok(1)
        }
    }

    pub(super) struct OneForAll;

    #[resilient(circuit_breaker(policy = QUICK, scope = "impl"))]
    impl OneForAll {
        pub(super) async fn fail(&self) -> Result<u32, Error> {
            Err(Error::Transient)
        }

        pub(super) async fn work(&self) -> Result<u32, Error> {
            Ok(1)
        }
    }

    /// Another `impl` of the same type, whose state is another.
    #[resilient(circuit_breaker(policy = QUICK, scope = "impl"))]
    impl OneForAll {
        pub(super) async fn elsewhere(&self) -> Result<u32, Error> {
            Ok(2)
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_breaker_is_one_for_each_method() {
    let client = breakers::EachItsOwn;
    assert_eq!(client.fail().await, Err(Error::Transient));
    assert!(client.fail().await.unwrap_err().is_open());
    assert_eq!(client.work().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_scope_makes_a_breaker_one_for_the_whole_impl_and_for_no_other() {
    let client = breakers::OneForAll;
    assert_eq!(client.fail().await, Err(Error::Transient));
    let Err(Error::Policy(error)) = client.work().await else {
        panic!("it is open for both")
    };
    assert!(error.site().ends_with("::work"), "{}", error.site());
    assert_eq!(client.elsewhere().await, Ok(2));
}

mod rates {
    use super::*;

    pub(super) struct EachItsOwn;

    #[resilient(rate_limit(permits = 1, per = "1s", scope = "method"))]
    impl EachItsOwn {
        pub(super) async fn get(&self) -> Result<u32, Error> {
            Ok(1)
        }

        pub(super) async fn put(&self) -> Result<u32, Error> {
            Ok(2)
        }
    }

    pub(super) struct ForEachTenant;

    #[resilient(rate_limit(permits = 1, per = "1s", key = tenant))]
    impl ForEachTenant {
        pub(super) async fn get(&self, tenant: &str) -> Result<u32, Error> {
            Ok(tenant.len() as u32)
        }

        pub(super) async fn take(&self, tenant: String) -> Result<u32, Error> {
            drop(tenant);
            Ok(2)
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_scope_gives_each_method_a_rate_of_its_own() {
    let store = rates::EachItsOwn;
    assert_eq!(store.get().await, Ok(1));
    assert_eq!(store.put().await, Ok(2));
    assert!(is_limited(store.get().await));
    assert!(is_limited(store.put().await));
}

#[tokio::test(start_paused = true)]
async fn a_key_has_one_state_for_the_whole_impl() {
    let store = rates::ForEachTenant;
    assert_eq!(store.get("blue").await, Ok(4));
    assert!(is_limited(store.take("blue".to_owned()).await));
    assert_eq!(store.take("red".to_owned()).await, Ok(2));
    assert!(is_limited(store.get("red").await));
}

mod replaced {
    use super::*;

    pub(super) struct Client {
        pub(super) calls: Calls,
        pub(super) breaker: CircuitBreaker,
    }

    #[resilient(standard)]
    impl Client {
        pub(super) async fn whole(&self) -> Result<u32, Error> {
            Ok(1)
        }

        #[retry(count = 2, delay_ms = 1)]
        pub(super) async fn own(&self) -> Result<u32, Error> {
            self.calls.note();
            Err(Error::Transient)
        }

        #[resilient(retry(count = 2), circuit_breaker(state = self.breaker))]
        pub(super) async fn own_stack(&self) -> Result<u32, Error> {
            Ok(2)
        }

        #[cfg_attr(all(), retry(count = 4, delay_ms = 1))]
        #[cfg_attr(any(), retry(count = 9))]
        pub(super) async fn by_condition(&self) -> Result<u32, Error> {
            self.calls.note();
            Err(Error::Transient)
        }

        #[resilient(skip)]
        pub(super) async fn skipped(&self) -> u32 {
            3
        }

        #[cfg_attr(all(), resilient(skip))]
        pub(super) async fn skipped_by_condition(&self) -> u32 {
            4
        }

        #[cfg_attr(any(), resilient(skip))]
        pub(super) async fn not_skipped(&self) -> Result<u32, Error> {
            Ok(5)
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_method_says_of_itself_stands_in_the_place_of_the_stack() {
    let client = replaced::Client {
        calls: Calls::new(),
        breaker: CircuitBreaker::with(QUICK),
    };
    assert_eq!(client.whole().await, Ok(1));
    assert_eq!(client.own().await, Err(Error::Transient));
    assert_eq!(client.calls.count(), 2);
    assert_eq!(client.by_condition().await, Err(Error::Transient));
    assert_eq!(client.calls.count(), 6);
    assert_eq!(client.own_stack().await, Ok(2));
    fail(&client.breaker, 1);
    assert!(client.own_stack().await.unwrap_err().is_open());
    assert_eq!(
        (client.skipped().await, client.skipped_by_condition().await),
        (3, 4)
    );
    assert_eq!(client.not_skipped().await, Ok(5));

    let standard = [
        LayerKind::Timeout,
        LayerKind::Retry,
        LayerKind::CircuitBreaker,
        LayerKind::Timeout,
    ];
    let site = |method| format!("impls::replaced::Client::{method}");
    assert_eq!(stack(&site("whole")), standard);
    assert_eq!(stack(&site("not_skipped")), standard);
    assert_eq!(stack(&site("own")), [LayerKind::Retry]);
    assert_eq!(stack(&site("by_condition")), [LayerKind::Retry]);
    assert_eq!(
        stack(&site("own_stack")),
        [LayerKind::Retry, LayerKind::CircuitBreaker]
    );
    for skipped in ["skipped", "skipped_by_condition"] {
        assert!(registry().site(&site(skipped)).is_none());
    }
}

#[async_trait]
trait Cache: Send + Sync {
    async fn get(&self, key: &str) -> Result<u32, Error>;
    async fn take(&mut self, key: String) -> Result<u32, Error>;
    async fn ping(&self) -> u32;
    fn len(&self) -> u32;
}

struct Above(u32);
struct Below(u32);
struct BelowTonic(u32);

#[resilient(
    timeout(ms = 100),
    circuit_breaker(policy = QUICK, key = (key.len(), self.0), scope = "impl"),
)]
#[async_trait]
impl Cache for Above {
    async fn get(&self, key: &str) -> Result<u32, Error> {
        sleep(ms(u64::from(self.0))).await;
        Ok(key.len() as u32)
    }
    async fn take(&mut self, key: String) -> Result<u32, Error> {
        self.0 += 1;
        drop(key);
        Err(Error::Transient)
    }
    #[resilient(skip)]
    async fn ping(&self) -> u32 {
        self.0
    }
    fn len(&self) -> u32 {
        self.0
    }
}

#[async_trait]
#[resilient(
    timeout(ms = 100),
    circuit_breaker(policy = QUICK, key = (key.len(), self.0), scope = "impl"),
)]
impl Cache for Below {
    async fn get(&self, key: &str) -> Result<u32, Error> {
        sleep(ms(u64::from(self.0))).await;
        Ok(key.len() as u32)
    }
    async fn take(&mut self, key: String) -> Result<u32, Error> {
        self.0 += 1;
        drop(key);
        Err(Error::Transient)
    }
    #[resilient(skip)]
    async fn ping(&self) -> u32 {
        self.0
    }
    fn len(&self) -> u32 {
        self.0
    }
}

#[tonic::async_trait]
#[resilient(
    timeout(ms = 100),
    circuit_breaker(policy = QUICK, key = (key.len(), self.0), scope = "impl"),
)]
impl Cache for BelowTonic {
    async fn get(&self, key: &str) -> Result<u32, Error> {
        sleep(ms(u64::from(self.0))).await;
        Ok(key.len() as u32)
    }
    async fn take(&mut self, key: String) -> Result<u32, Error> {
        self.0 += 1;
        drop(key);
        Err(Error::Transient)
    }
    #[cfg_attr(all(), resilient(skip))]
    async fn ping(&self) -> u32 {
        self.0
    }
    fn len(&self) -> u32 {
        self.0
    }
}

#[tokio::test(start_paused = true)]
async fn the_stack_stands_above_and_below_async_trait() {
    type Both = (&'static str, Box<dyn Cache>, Box<dyn Cache>);
    let kinds: [Both; 3] = [
        ("Above", Box::new(Above(7)), Box::new(Above(200))),
        ("Below", Box::new(Below(7)), Box::new(Below(200))),
        (
            "BelowTonic",
            Box::new(BelowTonic(7)),
            Box::new(BelowTonic(200)),
        ),
    ];
    for (name, mut quick, slow) in kinds {
        assert_eq!(quick.get("abc").await, Ok(3), "{name}");
        assert!(slow.get("abcd").await.unwrap_err().is_timed_out(), "{name}");
        assert_eq!((quick.ping().await, quick.len()), (7, 7), "{name}");

        // One breaker for both methods, for each value of the key at the call.
        assert_eq!(
            quick.take("abc".to_owned()).await,
            Err(Error::Transient),
            "{name}"
        );
        assert_eq!(
            quick.get("abc").await,
            Ok(3),
            "{name}: now its key is another"
        );
        assert_eq!(
            quick.take("ab".to_owned()).await,
            Err(Error::Transient),
            "{name}"
        );
        let again: Box<dyn Cache> = match name {
            "Above" => Box::new(Above(7)),
            "Below" => Box::new(Below(7)),
            _ => Box::new(BelowTonic(7)),
        };
        assert!(again.get("abc").await.unwrap_err().is_open(), "{name}");

        let site = format!("<impls::{name} as impls::Cache>::get");
        assert_eq!(
            stack(&site),
            [LayerKind::Timeout, LayerKind::CircuitBreaker]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_stands_before_that_of_each_method() {
    struct Client;
    #[resilient(circuit_breaker(policy = QUICK), name = "client")]
    impl Client {
        async fn get(&self) -> Result<u32, Error> {
            Ok(1)
        }
        #[retry(name = "the writer")]
        async fn put(&self) -> Result<u32, Error> {
            Ok(2)
        }
    }

    assert_eq!(stack("client::get"), [LayerKind::CircuitBreaker]);
    assert_eq!(stack("the writer"), [LayerKind::Retry]);
    fail(breaker("client::get"), 1);
    assert!(Client.get().await.unwrap_err().is_open());
    assert_eq!(Client.put().await, Ok(2));
}

mod limited {
    use super::*;

    pub(super) struct Store;

    #[resilient(
        adaptive_concurrency(side = "server", initial = 1),
        adaptive_concurrency(algorithm = Vegas, key = tenant, scope = "method", initial = 2),
        fault(error = Error::CallerFault, latency = ms(tenant)),
    )]
    impl Store {
        pub(super) async fn get(&self, tenant: u64) -> Result<u64, Error> {
            sleep(ms(10)).await;
            Ok(tenant)
        }

        pub(super) async fn put(&self, tenant: u64) -> Result<u64, Error> {
            sleep(ms(10)).await;
            Ok(tenant)
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_adaptive_limit_is_one_for_the_whole_impl() {
    let store = limited::Store;
    let (got, put) = tokio::join!(store.get(1), store.put(2));
    assert_eq!(got, Ok(1));
    assert_eq!(
        put.unwrap_err().kind(),
        Some(PolicyErrorKind::ConcurrencyLimited)
    );
    assert_eq!(store.put(2).await, Ok(2));
}

mod lines {
    use super::*;

    pub(super) struct Store;
    pub(super) const LINE: u32 = line!();

    #[resilient(timeout)]
    impl Store {
        async fn first(&self) -> Result<u32, Error> {
            Ok(1)
        }

        async fn r#move(&self) -> Result<u32, Error> {
            self.first().await
        }
    }

    pub(super) async fn both() -> Result<u32, Error> {
        Store.r#move().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_site_is_where_its_method_stands() {
    assert_eq!(lines::both().await, Ok(1));
    let line = |method| {
        let site = registry().site(&format!("impls::lines::Store::{method}"));
        site.expect("a site").line() - lines::LINE
    };
    assert_eq!((line("first"), line("move")), (4, 8));
}

struct Generic<T>(T);

#[resilient(bulkhead(max_concurrent = 1))]
impl<T: Send + Sync> Generic<T> {
    async fn hold(&self) -> Result<u32, Error> {
        let _of = &self.0;
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn all_instantiations_of_a_generic_impl_share_one() {
    let (one, other) = (Generic(1_u8), Generic("two"));
    let mut held = Box::pin(one.hold());
    assert!(futures::poll!(&mut held).is_pending());
    let refused = other.hold().await;
    assert_eq!(
        refused.unwrap_err().kind(),
        Some(PolicyErrorKind::BulkheadFull)
    );
}

struct Instance {
    places: Bulkhead,
}

#[resilient(bulkhead(state = self.places))]
impl Instance {
    async fn hold(&self) -> Result<u32, Error> {
        std::future::pending().await
    }
    async fn get(&self) -> Result<u32, Error> {
        Ok(1)
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_of_the_instance_is_one_for_its_methods() {
    let [one, other] = [(); 2].map(|()| Instance {
        places: Bulkhead::new(1),
    });
    let mut held = Box::pin(one.hold());
    assert!(futures::poll!(&mut held).is_pending());
    assert!(one.get().await.is_err());
    assert_eq!(other.get().await, Ok(1));
    drop(held);
    assert_eq!(one.get().await, Ok(1));
}
