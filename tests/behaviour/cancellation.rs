//! Why a call was dropped decides what it counts as: by its caller, while it only
//! waited, or in a panic.

mod common;

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use common::{Calls, Error, await_half_open, breaker, counted, ms, succeed};
use futures::FutureExt as _;
use futures::future::{Either, select};
use resilient_runtime::{
    BreakerState, CircuitBreaker, CircuitBreakerSettings, circuit_breaker, retry, timeout,
};
use tokio::time::sleep;

type Call<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Polls the call for so long, then drops it as any caller may.
async fn dropped_after(time: Duration, call: impl Future<Output = Result<(), Error>>) {
    match select(std::pin::pin!(call), std::pin::pin!(sleep(time))).await {
        Either::Left(..) => panic!("it ended by itself"),
        Either::Right(..) => {}
    }
}

fn slow_calls(breaker: &CircuitBreaker) -> u32 {
    breaker.snapshot().slow
}

#[tokio::test(start_paused = true)]
async fn dropped_by_the_caller_it_counts_as_nothing() {
    #[circuit_breaker(name = "by the caller", consecutive_failures = 1)]
    async fn ask() -> Result<(), Error> {
        std::future::pending().await
    }

    dropped_after(Duration::from_secs(3600), ask()).await;
    drop(ask());
    assert_eq!(breaker("by the caller").state(), BreakerState::Closed);
    assert_eq!(breaker("by the caller").snapshot().consecutive, 0);
}

#[tokio::test(start_paused = true)]
async fn dropped_by_the_caller_after_longer_than_slow_call_it_is_a_slow_call() {
    #[circuit_breaker(name = "slow, by the caller", slow_call_ms = 100)]
    async fn ask() -> Result<(), Error> {
        std::future::pending().await
    }

    let breaker = breaker("slow, by the caller");
    dropped_after(ms(100), ask()).await;
    assert_eq!((counted(breaker), slow_calls(breaker)), ((0, 0), 0));
    dropped_after(ms(101), ask()).await;
    assert_eq!((counted(breaker), slow_calls(breaker)), ((1, 0), 1));
    // A foreign limit is a caller like others.
    let _ = tokio::time::timeout(ms(150), ask()).await;
    assert_eq!((counted(breaker), slow_calls(breaker)), ((2, 0), 2));
}

#[tokio::test(start_paused = true)]
async fn dropped_by_the_caller_a_probe_gives_its_place_back() {
    #[circuit_breaker(name = "probe, by the caller", consecutive_failures = 1)]
    async fn ask() -> Result<(), Error> {
        std::future::pending().await
    }

    let breaker = breaker("probe, by the caller");
    await_half_open(breaker).await;
    for _ in 0..3 {
        dropped_after(ms(10), ask()).await;
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
    }
    succeed(breaker, 1);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn dropped_by_the_caller_it_makes_no_further_attempt() {
    #[retry(count = 100, backoff = "constant", delay_ms = 10, jitter = "none")]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    let calls = Calls::new();
    dropped_after(ms(35), ask(&calls)).await;
    sleep(ms(1000)).await;
    assert_eq!(calls.at(), [0, 10, 20, 30]);
}

#[tokio::test(start_paused = true)]
async fn dropped_while_it_only_waits_before_a_retry_it_counts_as_nothing() {
    #[circuit_breaker(name = "waiting")]
    #[retry(
        count = 2,
        backoff = "constant",
        delay = "1h",
        max_delay = "1h",
        jitter = "none"
    )]
    async fn ask() -> Result<(), Error> {
        sleep(ms(10)).await;
        Err(Error::Transient)
    }
    // A deadline that the pause does not see, since it was polled before.
    #[timeout(ms = 100)]
    async fn bounded(call: Call<'_>) -> Result<(), Error> {
        call.await
    }

    dropped_after(ms(500), ask()).await;
    assert_eq!(counted(breaker("waiting")), (0, 0));
    let mut call: Call<'_> = Box::pin(ask());
    assert!(futures::poll!(&mut call).is_pending());
    sleep(ms(10)).await;
    assert!(futures::poll!(&mut call).is_pending());
    let _ = bounded(call).await;
    assert_eq!(counted(breaker("waiting")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn dropped_in_the_attempt_after_a_pause_it_counts_again() {
    #[timeout(ms = 100)]
    #[circuit_breaker(name = "at work again")]
    #[retry(count = 2, backoff = "constant", delay_ms = 10, jitter = "none")]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        match calls.note() {
            1 => Err(Error::Transient),
            _ => std::future::pending().await,
        }
    }

    let _ = ask(&Calls::new()).await;
    assert_eq!(counted(breaker("at work again")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_also_where_it_is_caught_inside_of_the_outer_call() {
    #[circuit_breaker(name = "panicking")]
    async fn inner() -> Result<(), Error> {
        sleep(ms(1)).await;
        panic!("as the test asks")
    }
    #[circuit_breaker(name = "catching")]
    async fn outer() -> Result<(), Error> {
        let _ = AssertUnwindSafe(inner()).catch_unwind().await;
        Ok(())
    }

    assert_eq!(outer().await, Ok(()));
    assert_eq!(counted(breaker("panicking")), (1, 1));
    assert_eq!(counted(breaker("catching")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_sibling_is_none_of_its_own() {
    #[circuit_breaker(name = "sibling")]
    async fn ask() -> Result<(), Error> {
        std::future::pending().await
    }
    #[circuit_breaker(name = "around both")]
    async fn both() -> Result<(), Error> {
        let panics = async {
            sleep(ms(10)).await;
            panic!("as the test asks")
        };
        let _: (Result<(), Error>, ()) = futures::future::join(ask(), panics).await;
        Ok(())
    }

    assert!(AssertUnwindSafe(both()).catch_unwind().await.is_err());
    assert_eq!(counted(breaker("sibling")), (0, 0));
    assert_eq!(counted(breaker("around both")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_a_drop_ends_with_it() {
    #[circuit_breaker(name = "after the cut")]
    async fn guarded() -> Result<(), Error> {
        std::future::pending().await
    }
    #[timeout(ms = 10)]
    async fn cut() -> Result<(), Error> {
        std::future::pending().await
    }

    let _ = cut().await;
    dropped_after(ms(500), guarded()).await;
    assert_eq!(counted(breaker("after the cut")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_permit_taken_by_hand_goes_by_the_same_rules() {
    static BREAKER: CircuitBreaker =
        CircuitBreaker::with(CircuitBreakerSettings::new().slow_call(Duration::from_millis(300)));

    #[timeout(ms = 100)]
    async fn outer(wait: Duration) -> Result<(), Error> {
        sleep(wait).await;
        let _permit = BREAKER.try_acquire().expect("it is closed");
        std::future::pending().await
    }

    for (wait, counts) in [(50, (1, 1)), (51, (0, 0))] {
        BREAKER.reset();
        let _ = outer(ms(wait)).await;
        assert_eq!(counted(&BREAKER), counts, "taken after {wait} ms");
    }
    BREAKER.reset();
    let [quick, slow] = [(); 2].map(|()| BREAKER.try_acquire().expect("it is closed"));
    sleep(ms(300)).await;
    drop(quick);
    assert_eq!((counted(&BREAKER), slow_calls(&BREAKER)), ((0, 0), 0));
    sleep(ms(1)).await;
    drop(slow);
    assert_eq!((counted(&BREAKER), slow_calls(&BREAKER)), ((1, 0), 1));
}
