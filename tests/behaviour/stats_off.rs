//! Nothing is counted before somebody asks for it; then all is. In a process of its own, for that is for good.

mod common;

use common::{Error, ms};
use futures::FutureExt as _;
use resilient_runtime::{Count, Timing, bulkhead, fallback, registry, resilient, retry, timeout};
use tokio::time::sleep;

#[fallback(value = Ok(0))]
#[timeout("1s")]
#[resilient(
    rate_limit(per_second = 100),
    bulkhead,
    adaptive_concurrency(side = "server")
)]
#[retry(count = 2, delay_ms = 1, name = "all")]
async fn all(outcome: Result<u32, Error>) -> Result<u32, Error> {
    sleep(ms(1)).await;
    outcome.clone()
}

#[bulkhead(name = "begun before")]
async fn begun_before() -> Result<u32, Error> {
    sleep(ms(10)).await;
    Ok(1)
}

#[tokio::test(start_paused = true)]
async fn nothing_moves_before_it_is_measured_and_from_then_on_all_does() {
    let site = registry().site("all").unwrap();
    let moved = || {
        let stats = site.stats();
        let counts = Count::ALL.iter().map(|count| stats.count(*count));
        let times = Timing::ALL
            .iter()
            .map(|timing| stats.latencies(*timing).count());
        counts.chain(times).sum::<u64>() + stats.in_flight()
    };

    assert!(!registry().is_measured());
    let _ = all(Ok(1)).await;
    let _ = all(Err(Error::Transient)).await;
    let mut begun = Box::pin(begun_before());
    assert!(begun.as_mut().now_or_never().is_none());
    assert_eq!(moved(), 0);

    registry().measure();
    registry().measure();
    assert!(registry().is_measured());
    assert_eq!(moved(), 0);
    let _ = all(Ok(1)).await;
    assert_eq!(site.stats().count(Count::CallSucceeded), 1);
    assert_eq!(site.stats().count(Count::RetryNotNeeded), 1);

    // What has begun before is no call, neither now nor at its end.
    let stats = || registry().site("begun before").unwrap().stats();
    assert_eq!(stats().in_flight(), 0);
    let _ = begun.await;
    assert_eq!(stats().count(Count::CallSucceeded), 0);
    assert_eq!(stats().latencies(Timing::BulkheadHeld).count(), 0);
    assert_eq!(stats().in_flight(), 0);
}
