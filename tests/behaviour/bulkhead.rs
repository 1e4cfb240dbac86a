//! `#[bulkhead]`, and places that are taken along.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, Stream, StreamExt, stream};
use resilient_runtime::{
    Bulkhead, BulkheadSettings, Carried, Keyed, LayerKind, PolicyError, PolicyErrorKind,
    adaptive_concurrency, bulkhead, carry, circuit_breaker, registry, retry, spawn_blocking,
    testing, timeout,
};

fn kind<T>(answer: &io::Result<T>) -> Option<PolicyErrorKind> {
    let error = answer.as_ref().err()?.get_ref()?;
    Some(error.downcast_ref::<PolicyError>()?.kind())
}

const FULL: Option<PolicyErrorKind> = Some(PolicyErrorKind::BulkheadFull);

#[tokio::test]
async fn ten_at_a_time_and_nobody_waits_unless_said_otherwise() {
    #[bulkhead]
    async fn hangs() -> io::Result<()> {
        pending().await
    }
    let mut calls: Vec<_> = (0..11).map(|_| Box::pin(hangs())).collect();
    let mut ended = calls.iter_mut().filter_map(|call| call.now_or_never());
    assert_eq!(kind(&ended.next().unwrap()), FULL);
    assert!(ended.next().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_queue_and_a_wait_are_said_by_knobs() {
    #[bulkhead(max_concurrent = 1, max_queue = 1, max_wait = "100ms")]
    async fn slow() -> io::Result<()> {
        tokio::time::sleep(Duration::from_millis(60)).await;
        Ok(())
    }
    let began = tokio::time::Instant::now();
    let (first, second, third) = tokio::join!(slow(), slow(), slow());
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(kind(&third), FULL);
    assert_eq!(began.elapsed(), Duration::from_millis(120));
}

#[tokio::test]
async fn each_key_has_its_places_and_a_call_costs_what_it_says() {
    #[bulkhead(max_concurrent = 4, key = host, cost = cost)]
    async fn ask(host: &str, cost: u32) -> io::Result<()> {
        pending().await
    }
    let mut three = Box::pin(ask("one", 3));
    assert!(three.as_mut().now_or_never().is_none());
    assert_eq!(kind(&ask("one", 2).now_or_never().unwrap()), FULL);
    assert!(ask("two", 2).now_or_never().is_none());
    assert_eq!(kind(&ask("two", 5).now_or_never().unwrap()), FULL);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_place_says_nothing_of_the_service() {
    #[timeout(ms = 100, name = "queued")]
    #[circuit_breaker(window = 10)]
    #[bulkhead(max_concurrent = 1, max_queue = 9)]
    async fn call() -> io::Result<()> {
        pending().await
    }
    let hangs = call();
    let queued = futures::future::join_all((0..5).map(|_| call()));
    let (hung, queued) = tokio::join!(hangs, queued);
    assert!(matches!(
        kind(&hung),
        Some(PolicyErrorKind::TimedOut { .. })
    ));
    assert_eq!(queued.len(), 5);
    let site = registry().site("queued").unwrap();
    let snapshot = site
        .layer(LayerKind::CircuitBreaker)
        .unwrap()
        .breaker()
        .unwrap()
        .snapshot();
    assert_eq!(snapshot.failures, 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_bulkhead_is_tried_again() {
    static ONE: Bulkhead = Bulkhead::new(1);
    #[retry(count = 3, delay = "10ms", jitter = "none")]
    #[bulkhead(state = ONE)]
    async fn call() -> io::Result<u32> {
        Ok(1)
    }
    let place = ONE.try_acquire().unwrap();
    let frees = async {
        tokio::time::sleep(Duration::from_millis(15)).await;
        drop(place);
    };
    let (answer, ()) = tokio::join!(call(), frees);
    assert_eq!(answer.unwrap(), 1);
}

fn in_use(site: &str) -> u32 {
    let site = registry().site(site).expect("it is listed");
    let layer = site.layer(LayerKind::Bulkhead).expect("it has one");
    layer.state::<Bulkhead>().expect("its own").in_use()
}

type Lines = Carried<stream::Iter<std::vec::IntoIter<u32>>>;

#[bulkhead(max_concurrent = 1, name = "dump")]
async fn dump(lines: Vec<u32>) -> io::Result<Lines> {
    tokio::task::yield_now().await;
    Ok(carry(stream::iter(lines)))
}

#[retry(count = 2)]
#[timeout(ms = 500)]
#[bulkhead(max_concurrent = 1, name = "outer dump")]
#[circuit_breaker]
async fn outer_dump(lines: Vec<u32>) -> io::Result<impl Stream<Item = u32>> {
    let lines = lines.clone();
    dump(lines).await
}

#[tokio::test]
async fn a_stream_holds_the_places_of_all_bulkheads_around_until_it_ends() {
    testing::isolated(async {
        let mut lines = Box::pin(outer_dump(vec![1, 2]).await.unwrap());
        assert_eq!(kind(&dump(vec![]).await), FULL);
        assert_eq!(lines.next().await, Some(1));
        assert_eq!(lines.next().await, Some(2));
        assert_eq!((in_use("dump"), in_use("outer dump")), (1, 1));
        assert_eq!(lines.next().await, None);
        assert_eq!((in_use("dump"), in_use("outer dump")), (0, 0));

        let lines = dump(vec![1]).await.unwrap();
        assert_eq!(in_use("dump"), 1);
        drop(lines);
        assert_eq!(in_use("dump"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_stream_holds_the_place_of_an_adaptive_limit_too() {
    #[adaptive_concurrency(side = "server", initial = 1, max = 1)]
    async fn dump() -> io::Result<Lines> {
        Ok(carry(stream::iter(vec![1])))
    }
    let lines = dump().await.unwrap();
    let limited = Some(PolicyErrorKind::ConcurrencyLimited);
    assert_eq!(kind(&dump().await), limited);
    drop(lines);
    assert!(dump().await.is_ok());
}

#[tokio::test]
async fn a_stream_of_one_key_leaves_the_others_untouched() {
    #[bulkhead(max_concurrent = 1, key = tenant)]
    async fn dump(tenant: &str) -> io::Result<Lines> {
        Ok(carry(stream::iter(vec![1])))
    }
    let one = dump("one").await.unwrap();
    assert_eq!(kind(&dump("one").await), FULL);
    assert!(dump("two").await.is_ok());
    drop(one);
    assert!(dump("one").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn blocking_work_keeps_its_place_when_its_call_is_cut_off() {
    let (release, held) = std::sync::mpsc::channel::<()>();

    #[timeout(ms = 10)]
    #[bulkhead(max_concurrent = 1, name = "digest")]
    async fn digest(held: std::sync::mpsc::Receiver<()>) -> io::Result<()> {
        let work = spawn_blocking(move || held.recv().is_err());
        // A paused clock stands still while blocking work runs.
        tokio::time::advance(Duration::from_millis(20)).await;
        let _ = work.await;
        Ok(())
    }
    let answer = digest(held).await;
    assert!(
        matches!(kind(&answer), Some(PolicyErrorKind::TimedOut { .. })),
        "{answer:?}"
    );
    assert_eq!(in_use("digest"), 1);
    drop(release);
    while in_use("digest") > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_field_is_taken_along_by_an_owned_permit() {
    struct Store {
        dumps: Arc<Bulkhead>,
    }
    impl Store {
        #[bulkhead(state = self.dumps)]
        async fn get(&self) -> io::Result<u32> {
            Ok(1)
        }
    }
    let store = Store {
        dumps: Arc::new(Bulkhead::with(BulkheadSettings::new().max_concurrent(1))),
    };
    let place = Arc::clone(&store.dumps).acquire_owned().await.unwrap();
    assert_eq!(kind(&store.get().await), FULL);
    drop(place);
    assert_eq!(store.get().await.unwrap(), 1);
}

#[tokio::test]
async fn keys_of_a_static_are_shared_by_all_that_name_them() {
    static HOSTS: Keyed<Bulkhead> = Keyed::new(Bulkhead::new(1));
    #[bulkhead(state = HOSTS, key = host)]
    async fn ask(host: &str) -> io::Result<()> {
        pending().await
    }
    let mut asks = Box::pin(ask("one"));
    assert!(asks.as_mut().now_or_never().is_none());
    assert_eq!(HOSTS.get("one").in_use(), 1);
    drop(asks);
    assert_eq!(HOSTS.get("one").in_use(), 0);
}
