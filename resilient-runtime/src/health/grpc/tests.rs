//! The service without a wire.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use futures::{FutureExt, StreamExt};
use tokio::time::{Instant, advance};
use tonic::Code;
use tonic_health::pb::health_server::Health as _;

use super::*;
use crate::circuit_breaker::{BreakerLayer, CallOutcome, CircuitBreaker, CircuitBreakerSettings};
use crate::keyed::Keyed;
use crate::site::{Layer, Site};
use ServingStatus::{NotServing, ServiceUnknown, Serving};

static SITE: Site = Site::new(|| "stock", "", 0, &[]);

const SETTINGS: CircuitBreakerSettings = CircuitBreakerSettings::new()
    .consecutive_failures(1)
    .open_for(Duration::from_secs(5));

/// Over these layers of functions of these names, of which the first is required.
fn service<const N: usize>(layers: [(&'static str, &'static dyn Layer); N]) -> HealthService {
    let mut watched = layers.map(|(name, layer)| Watched::new(name, layer).unwrap());
    watched[0].is_required = true;
    let breakers = Arc::new(watched);
    HealthService(Health { breakers })
}

fn request(service: &str) -> Request<HealthCheckRequest> {
    let service = service.to_owned();
    Request::new(HealthCheckRequest { service })
}

async fn check(service: &HealthService, name: &str) -> Result<ServingStatus, Code> {
    let answer = service.check(request(name)).await;
    let answer = answer.map_err(|status| status.code())?;
    Ok(answer.into_inner().status())
}

async fn watch(service: &HealthService, name: &str) -> WatchStream {
    service.watch(request(name)).await.unwrap().into_inner()
}

/// Within a minute.
async fn next(watch: &mut WatchStream) -> ServingStatus {
    let next = timeout(Duration::from_secs(60), watch.next()).await;
    next.unwrap().unwrap().unwrap().status()
}

/// What it says without waiting, if it does.
fn says(watch: &mut WatchStream) -> Option<ServingStatus> {
    next(watch).now_or_never()
}

fn fail(breaker: &CircuitBreaker) {
    breaker.try_acquire().unwrap().record(CallOutcome::Failure);
}

#[tokio::test(start_paused = true)]
async fn the_program_is_what_is_required_and_a_function_is_its_own_breaker() {
    static FIRST: BreakerLayer = BreakerLayer::new(&SITE, SETTINGS);
    static SECOND: BreakerLayer = BreakerLayer::new(&SITE, SETTINGS);
    let service = service([("first", &FIRST), ("second", &SECOND)]);
    let all = async || {
        let mut all = Vec::new();
        for name in ["", "first", "second", "third"] {
            all.push(check(&service, name).await);
        }
        all
    };
    let unknown = Err(Code::NotFound);
    let (up, down) = (Ok(Serving), Ok(NotServing));
    assert_eq!(all().await, [up, up, up, unknown]);
    SECOND.breaker().unwrap().force_open();
    assert_eq!(all().await, [up, up, down, unknown]);
    FIRST.breaker().unwrap().force_open();
    assert_eq!(all().await, [down, down, down, unknown]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_says_what_holds_and_then_each_change() {
    static LAYER: BreakerLayer = BreakerLayer::new(&SITE, SETTINGS);
    let breaker = LAYER.breaker().unwrap();
    let service = service([("stock", &LAYER)]);
    for name in ["", "stock"] {
        let mut watch = watch(&service, name).await;
        assert_eq!(says(&mut watch), Some(Serving));
        assert_eq!(says(&mut watch), None);

        fail(breaker);
        assert_eq!(says(&mut watch), Some(NotServing));
        assert_eq!(says(&mut watch), None);

        // Nothing happens but that time passes.
        let opened = Instant::now();
        assert_eq!(next(&mut watch).await, Serving);
        assert_eq!(opened.elapsed(), Duration::from_secs(5));

        // Half-open and closed are no change of what is said.
        breaker.try_acquire().unwrap().record(CallOutcome::Success);
        assert_eq!(says(&mut watch), None);

        // What comes and goes unseen is not said.
        breaker.force_open();
        breaker.reset();
        assert_eq!(says(&mut watch), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_hears_of_a_switch() {
    static LAYER: BreakerLayer = BreakerLayer::new(&SITE, SETTINGS);
    LAYER.breaker().unwrap().force_open();
    let mut watch = watch(&service([("stock", &LAYER)]), "").await;
    assert_eq!(says(&mut watch), Some(NotServing));
    assert_eq!(says(&mut watch), None);
    LAYER.set_enabled(false);
    assert_eq!(says(&mut watch), Some(Serving));
    assert_eq!(says(&mut watch), None);
    LAYER.set_enabled(true);
    assert_eq!(says(&mut watch), Some(NotServing));
}

#[tokio::test(start_paused = true)]
async fn a_change_wakes_whoever_watches_wherever_it_happens() {
    static LAYER: BreakerLayer = BreakerLayer::new(&SITE, SETTINGS);
    let service = service([("stock", &LAYER)]);
    let mut watches = [watch(&service, "").await, watch(&service, "stock").await];
    for watch in &mut watches {
        assert_eq!(says(watch), Some(Serving));
    }
    let heard = watches.map(|mut watch| tokio::spawn(async move { next(&mut watch).await }));
    // They wait: time is all that is left to pass.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let elsewhere = tokio::task::spawn_blocking(|| LAYER.breaker().unwrap().force_open());
    elsewhere.await.unwrap();
    for heard in heard {
        assert_eq!(heard.await.unwrap(), NotServing);
    }
}

#[tokio::test(start_paused = true)]
async fn two_that_are_down_are_waited_for_both() {
    static FIRST: BreakerLayer = BreakerLayer::new(&SITE, SETTINGS);
    static SECOND: BreakerLayer = BreakerLayer::new(&SITE, SETTINGS);
    let service = service([("stock", &FIRST), ("stock", &SECOND)]);
    let mut watch = watch(&service, "stock").await;
    fail(FIRST.breaker().unwrap());
    advance(Duration::from_secs(2)).await;
    fail(SECOND.breaker().unwrap());
    let began = Instant::now();
    assert_eq!(next(&mut watch).await, NotServing);
    assert_eq!(next(&mut watch).await, Serving);
    assert_eq!(began.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_comes_and_is_served_is_seen_within_a_second() {
    static LAYER: BreakerLayer = BreakerLayer::keyed(&SITE, SETTINGS, 10);
    let layer: &dyn Layer = &LAYER;
    let breakers = layer.state::<Keyed<CircuitBreaker>>().unwrap();
    breakers.get("a").force_open();
    let mut watch = watch(&service([("stock", &LAYER)]), "").await;
    assert_eq!(says(&mut watch), Some(NotServing));
    assert_eq!(says(&mut watch), None);
    drop(breakers.get("b"));
    let came = Instant::now();
    assert_eq!(next(&mut watch).await, Serving);
    assert!(came.elapsed() <= KEYS_COME);
}

#[tokio::test(start_paused = true)]
async fn what_is_unknown_stays_so_and_the_watch_goes_on() {
    static LAYER: BreakerLayer = BreakerLayer::new(&SITE, SETTINGS);
    let mut watch = watch(&service([("stock", &LAYER)]), "sock").await;
    assert_eq!(says(&mut watch), Some(ServiceUnknown));
    LAYER.breaker().unwrap().force_open();
    assert_eq!(says(&mut watch), None);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_dropped_leaves_nothing_behind() {
    struct Woken;
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {}
    }

    static LAYER: BreakerLayer = BreakerLayer::new(&SITE, SETTINGS);
    let breaker = LAYER.breaker().unwrap();
    let service = service([("stock", &LAYER)]);
    // One that waits for a change, and one that waits for time as well.
    for prepare in [CircuitBreaker::reset, |breaker: &CircuitBreaker| {
        fail(breaker);
    }] {
        prepare(breaker);
        let woken = Arc::new(Woken);
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        {
            let mut watch = pin!(watch(&service, "").await);
            assert!(watch.as_mut().poll_next(&mut cx).is_ready());
            assert_eq!(watch.as_mut().poll_next(&mut cx).map(drop), Poll::Pending);
            assert!(Arc::strong_count(&woken) > 2);
        }
        assert_eq!(Arc::strong_count(&woken), 2);
    }
}
