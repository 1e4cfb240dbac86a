//! Why a call was dropped decides what it counts as: dropped by its caller, by a
//! timeout of ours, by a stranger, while it only waited, or in a panic.

mod common;

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use common::{Calls, Error, await_half_open, breaker, counted, ms, succeed};
use futures::FutureExt as _;
use futures::future::{Either, select};
use resilient_runtime::{
    BreakerState, CallOutcome, CircuitBreaker, CircuitBreakerSettings, Permit, circuit_breaker,
    retry, timeout,
};
use tokio::time::{advance, sleep};

type Call<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Polls the call for so long, then drops it as any caller may.
async fn dropped_after(time: Duration, call: impl Future<Output = Result<(), Error>>) {
    match select(std::pin::pin!(call), std::pin::pin!(sleep(time))).await {
        Either::Left(..) => panic!("it ended by itself"),
        Either::Right(..) => {}
    }
}

/// Lets the clock go on inside of one poll.
fn clock_goes_on(time: Duration) {
    advance(time).now_or_never();
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
async fn dropped_by_our_timeout_it_is_a_failure_from_half_of_that_time_on() {
    #[circuit_breaker(name = "half")]
    async fn inner() -> Result<(), Error> {
        std::future::pending().await
    }
    // Through a function without attributes and a box.
    async fn between(wait: Duration) -> Result<(), Error> {
        sleep(wait).await;
        let call: Call<'_> = Box::pin(inner());
        call.await
    }
    #[timeout(ms = 100)]
    async fn outer(wait: Duration) -> Result<(), Error> {
        between(wait).await
    }

    let breaker = breaker("half");
    for (wait, counts) in [
        (0, (1, 1)),
        (49, (1, 1)),
        (50, (1, 1)),
        (51, (0, 0)),
        (99, (0, 0)),
    ] {
        breaker.reset();
        assert!(outer(ms(wait)).await.unwrap_err().is_timed_out());
        assert_eq!(counted(breaker), counts, "begun after {wait} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_by_our_timeout_a_probe_fails_or_gives_its_place_back_likewise() {
    #[circuit_breaker(name = "half, probe", consecutive_failures = 1)]
    async fn inner() -> Result<(), Error> {
        std::future::pending().await
    }
    #[timeout(ms = 100)]
    async fn outer(wait: Duration) -> Result<(), Error> {
        sleep(wait).await;
        inner().await
    }

    let breaker = breaker("half, probe");
    for (wait, state) in [(51, BreakerState::HalfOpen), (50, BreakerState::Open)] {
        await_half_open(breaker).await;
        let _ = outer(ms(wait)).await;
        assert_eq!(breaker.state(), state, "begun after {wait} ms");
        breaker.reset();
    }
}

#[tokio::test(start_paused = true)]
async fn of_nested_timeouts_the_one_that_fired_is_the_measure() {
    #[timeout(ms = 150)]
    #[circuit_breaker(name = "nested limits")]
    async fn inner() -> Result<(), Error> {
        std::future::pending().await
    }
    #[timeout(ms = 200)]
    async fn outer(wait: Duration) -> Result<(), Error> {
        sleep(wait).await;
        inner().await
    }

    let breaker = breaker("nested limits");
    // The inner fires at 150 of 150; the outer after 100, and after 99, of 200.
    for (wait, counts) in [(0, (1, 1)), (100, (1, 1)), (101, (0, 0))] {
        breaker.reset();
        let _ = outer(ms(wait)).await;
        assert_eq!(counted(breaker), counts, "begun after {wait} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_by_our_timeout_before_half_of_it_its_time_does_not_count_either() {
    #[circuit_breaker(name = "half, slow", slow_call_ms = 10)]
    async fn inner() -> Result<(), Error> {
        std::future::pending().await
    }
    #[timeout(ms = 100)]
    async fn outer() -> Result<(), Error> {
        sleep(ms(60)).await;
        inner().await
    }

    let _ = outer().await;
    assert_eq!(counted(breaker("half, slow")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_under_way_before_the_timeout_began_is_cut_off_by_it_too() {
    #[circuit_breaker(name = "begun before")]
    async fn inner() -> Result<(), Error> {
        std::future::pending().await
    }
    #[timeout(ms = 100)]
    async fn bounded(call: Call<'_>) -> Result<(), Error> {
        call.await
    }

    let mut call: Call<'_> = Box::pin(inner());
    assert!(futures::poll!(&mut call).is_pending());
    sleep(ms(500)).await;
    assert!(bounded(call).await.unwrap_err().is_timed_out());
    assert_eq!(counted(breaker("begun before")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn dropped_by_a_stranger_after_the_deadline_it_is_cut_off_by_that() {
    #[circuit_breaker(name = "overdue")]
    async fn inner() -> Result<(), Error> {
        std::future::pending().await
    }
    #[timeout(ms = 100)]
    async fn outer(wait: u64, dropped_at: u64) -> Result<(), Error> {
        sleep(ms(wait)).await;
        let mut call = Box::pin(inner());
        let _ = futures::poll!(&mut call);
        clock_goes_on(ms(dropped_at - wait));
        drop(call);
        Ok(())
    }

    let breaker = breaker("overdue");
    for (wait, dropped_at, counts) in [
        (0, 99, (0, 0)),
        (0, 100, (1, 1)),
        (0, 101, (1, 1)),
        (60, 109, (0, 0)),
        (60, 110, (1, 1)),
    ] {
        breaker.reset();
        assert_eq!(outer(wait, dropped_at).await, Ok(()));
        assert_eq!(counted(breaker), counts, "from {wait} to {dropped_at} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_stack_that_is_dropped_after_its_deadline_counts_too() {
    #[timeout(ms = 100)]
    #[circuit_breaker(name = "overdue stack")]
    async fn ask() -> Result<(), Error> {
        std::future::pending().await
    }

    let mut call = Box::pin(ask());
    assert!(futures::poll!(&mut call).is_pending());
    sleep(ms(150)).await;
    drop(call);
    assert_eq!(counted(breaker("overdue stack")), (1, 1));
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
async fn a_task_that_was_spawned_is_not_reached_by_the_timeout() {
    #[circuit_breaker(name = "spawned")]
    async fn inner() -> Result<(), Error> {
        sleep(ms(200)).await;
        Ok(())
    }
    #[timeout(ms = 100)]
    async fn outer() -> Result<(), Error> {
        tokio::spawn(inner()).await.unwrap()
    }

    assert!(outer().await.unwrap_err().is_timed_out());
    assert_eq!(counted(breaker("spawned")), (0, 0));
    sleep(ms(200)).await;
    assert_eq!(counted(breaker("spawned")), (1, 0), "it ran to its end");
}

#[tokio::test(start_paused = true)]
async fn what_the_drop_of_a_body_begins_is_not_cut_off_itself() {
    #[circuit_breaker(name = "begun in a drop")]
    async fn last_words() -> Result<(), Error> {
        Ok(())
    }
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            let _ = last_words().now_or_never();
        }
    }
    #[timeout(ms = 10)]
    async fn ask() -> Result<(), Error> {
        let _last = Last;
        std::future::pending().await
    }

    assert!(ask().await.is_err());
    assert_eq!(counted(breaker("begun in a drop")), (1, 0));
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
        CircuitBreaker::new(CircuitBreakerSettings::new().slow_call(Duration::from_millis(300)));

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

#[tokio::test(start_paused = true)]
async fn a_permit_taken_before_the_timeout_began_is_cut_off_by_it_too() {
    static BREAKER: CircuitBreaker = CircuitBreaker::new(CircuitBreakerSettings::new());

    #[timeout(ms = 100)]
    async fn work(permit: Permit<'static>) -> Result<(), Error> {
        sleep(ms(500)).await;
        permit.record(CallOutcome::Success);
        Ok(())
    }

    let permit = BREAKER.try_acquire().expect("it is closed");
    assert!(work(permit).await.unwrap_err().is_timed_out());
    assert_eq!(counted(&BREAKER), (1, 1));
}
