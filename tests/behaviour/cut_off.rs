//! A call that is cut off by a limit of ours, or dropped after its deadline: a
//! failure from half of that limit on.

mod common;

use std::pin::Pin;
use std::time::Duration;

use common::{Error, await_half_open, breaker, counted, ms};
use futures::FutureExt as _;
use resilient_runtime::{
    BreakerPermit, BreakerState, CallOutcome, CircuitBreaker, circuit_breaker, timeout,
};
use tokio::time::{advance, sleep};

type Call<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Lets the clock go on inside of one poll.
fn clock_goes_on(time: Duration) {
    advance(time).now_or_never();
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
async fn a_permit_taken_before_the_timeout_began_is_cut_off_by_it_too() {
    static BREAKER: CircuitBreaker = CircuitBreaker::new();

    #[timeout(ms = 100)]
    async fn work(permit: BreakerPermit<'static>) -> Result<(), Error> {
        sleep(ms(500)).await;
        permit.record(CallOutcome::Success);
        Ok(())
    }

    let permit = BREAKER.try_acquire().expect("it is closed");
    assert!(work(permit).await.unwrap_err().is_timed_out());
    assert_eq!(counted(&BREAKER), (1, 1));
}
