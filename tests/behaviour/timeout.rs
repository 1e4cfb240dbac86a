//! `#[timeout]`: what it bounds, what it drops, and the deadline that it sets.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{Calls, Error, breaker, ms};
use futures::FutureExt as _;
use resilient_runtime::{
    PolicyErrorKind, Timeout, circuit_breaker, deadline, fallback, retry, timeout,
};
use tokio::time::{Instant, sleep};

/// What a call came to, and after how many milliseconds.
async fn timed<T>(call: impl Future<Output = T>) -> (T, u64) {
    let began = Instant::now();
    let outcome = call.await;
    (outcome, began.elapsed().as_millis() as u64)
}

fn timed_out(after: Duration) -> Option<PolicyErrorKind> {
    Some(PolicyErrorKind::TimedOut { after })
}

/// How far away the deadline is, in milliseconds.
fn left() -> Option<u64> {
    deadline().map(|at| (at - Instant::now()).as_millis() as u64)
}

#[tokio::test(start_paused = true)]
async fn the_time_is_written_in_milliseconds_as_text_or_as_an_expression() {
    const LIMIT: Duration = Duration::from_millis(70);

    #[timeout]
    async fn by_default() -> Result<(), Error> {
        std::future::pending().await
    }
    #[timeout(ms = 500)]
    async fn millis() -> Result<(), Error> {
        std::future::pending().await
    }
    #[timeout("1m 30s")]
    async fn text() -> Result<(), Error> {
        std::future::pending().await
    }
    #[timeout(after = "20ms")]
    async fn named() -> Result<(), Error> {
        std::future::pending().await
    }
    #[timeout(after_ms = 30)]
    async fn suffixed() -> Result<(), Error> {
        std::future::pending().await
    }
    #[timeout(after = LIMIT * 2)]
    async fn expression() -> Result<(), Error> {
        std::future::pending().await
    }
    #[timeout(policy = Timeout::new(LIMIT))]
    async fn policy() -> Result<(), Error> {
        std::future::pending().await
    }

    for ((outcome, took), expected) in [
        (timed(by_default()).await, 1000),
        (timed(millis()).await, 500),
        (timed(text()).await, 90_000),
        (timed(named()).await, 20),
        (timed(suffixed()).await, 30),
        (timed(expression()).await, 140),
        (timed(policy()).await, 70),
    ] {
        assert_eq!(outcome.unwrap_err().kind(), timed_out(ms(expected)));
        assert_eq!(took, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_may_be_worked_out_from_arguments_and_self() {
    struct Client(Duration);
    impl Client {
        #[timeout(after = self.0 * factor)]
        async fn ask(&self, factor: u32) -> Result<(), Error> {
            std::future::pending().await
        }
    }
    #[timeout(ms = millis)]
    async fn ask(millis: u64) -> Result<(), Error> {
        std::future::pending().await
    }

    assert_eq!(timed(Client(ms(20)).ask(3)).await.1, 60);
    assert_eq!(timed(ask(45)).await.1, 45);
    assert_eq!(timed(ask(5)).await.1, 5);
}

#[tokio::test(start_paused = true)]
async fn the_error_names_the_site() {
    #[timeout(ms = 10, name = "slow one")]
    async fn ask() -> Result<(), Error> {
        std::future::pending().await
    }

    let Err(Error::Policy(error)) = ask().await else {
        panic!("it has to time out")
    };
    assert_eq!(error.site(), "slow one");
    assert_eq!(error.to_string(), "slow one: timed out after 10ms");
    assert_eq!(error.retry_after(), None);
}

struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn when_it_fires_the_body_is_dropped_before_the_error_is_there() {
    #[timeout(ms = 50)]
    async fn ask(dropped: &AtomicBool, went_on: &AtomicBool) -> Result<(), Error> {
        let _guard = OnDrop(dropped);
        sleep(ms(60)).await;
        went_on.store(true, Ordering::Relaxed);
        Ok(())
    }

    let (dropped, went_on) = (AtomicBool::new(false), AtomicBool::new(false));
    assert!(ask(&dropped, &went_on).await.is_err());
    assert!(dropped.load(Ordering::Relaxed));
    sleep(ms(100)).await;
    assert!(!went_on.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn what_ends_in_time_is_left_as_it_is() {
    #[timeout(ms = 50)]
    async fn ask(takes: Duration, outcome: &Result<u32, Error>) -> Result<u32, Error> {
        sleep(takes).await;
        outcome.clone()
    }

    assert_eq!(ask(ms(49), &Ok(7)).await, Ok(7));
    assert_eq!(
        ask(ms(49), &Err(Error::CallerFault)).await,
        Err(Error::CallerFault)
    );
    assert!(ask(ms(51), &Ok(7)).await.unwrap_err().is_timed_out());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_ready_at_once_is_never_timed_out() {
    #[timeout(after = limit)]
    async fn ask(limit: Duration) -> Result<u32, Error> {
        // Its time passes while it is polled.
        tokio::time::advance(ms(20)).now_or_never();
        Ok(7)
    }
    assert_eq!(ask(ms(10)).await, Ok(7));
    assert_eq!(ask(Duration::ZERO).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn no_time_at_all_ends_what_has_to_wait() {
    #[timeout(after = limit)]
    async fn ask(limit: Duration) -> Result<u32, Error> {
        std::future::pending().await
    }

    let (outcome, took) = timed(ask(Duration::ZERO)).await;
    assert_eq!(outcome.unwrap_err().kind(), timed_out(Duration::ZERO));
    assert!(took <= 1);
}

#[tokio::test(start_paused = true)]
async fn more_time_than_the_clock_has_is_no_limit() {
    #[timeout(after = Duration::MAX)]
    async fn ask() -> Result<Option<u64>, Error> {
        sleep(Duration::from_secs(1_000_000)).await;
        Ok(left())
    }
    #[timeout(ms = 100)]
    async fn outer() -> Result<Option<u64>, Error> {
        ask().await
    }

    assert_eq!(ask().await, Ok(None));
    assert_eq!(outer().await.unwrap_err().kind(), timed_out(ms(100)));
}

#[tokio::test(start_paused = true)]
async fn it_counts_from_the_entry_and_not_from_when_the_call_was_made() {
    #[timeout(ms = 100)]
    async fn ask() -> Result<Option<u64>, Error> {
        let left = left();
        sleep(ms(90)).await;
        Ok(left)
    }

    let call = ask();
    sleep(ms(500)).await;
    assert_eq!(call.await, Ok(Some(100)));
}

#[tokio::test(start_paused = true)]
async fn time_that_the_first_poll_takes_counts() {
    #[timeout(ms = 100)]
    async fn ask() -> Result<(), Error> {
        tokio::time::advance(ms(80)).now_or_never();
        sleep(ms(30)).await;
        Ok(())
    }

    let (outcome, took) = timed(ask()).await;
    assert!(outcome.unwrap_err().is_timed_out());
    assert_eq!(took, 100);
}

/// What is left of 100 ms, seen after 50 ms have passed without a wait.
async fn left_of_a_later_one() -> Result<Option<u64>, Error> {
    #[timeout(ms = 100)]
    async fn later() -> Result<Option<u64>, Error> {
        Ok(left())
    }
    tokio::time::advance(ms(50)).now_or_never();
    later().await
}

#[tokio::test(start_paused = true)]
async fn one_that_begins_later_in_the_same_poll_counts_from_its_own_entry() {
    #[timeout(ms = 900)]
    async fn in_the_body() -> Result<Option<u64>, Error> {
        left_of_a_later_one().await
    }
    #[timeout(ms = 900)]
    #[fallback(with = |_error| left_of_a_later_one(), when = |_| true)]
    #[circuit_breaker(name = "refusing at once")]
    async fn in_the_fallback() -> Result<Option<u64>, Error> {
        Ok(None)
    }
    #[timeout(ms = 900)]
    #[retry(count = 2, delay_ms = 0)]
    #[timeout(ms = 100)]
    async fn in_the_next_attempt(calls: &Calls) -> Result<Option<u64>, Error> {
        if calls.note() == 2 {
            return Ok(left());
        }
        tokio::time::advance(ms(50)).now_or_never();
        Err(Error::Transient)
    }

    assert_eq!(in_the_body().await, Ok(Some(100)));
    breaker("refusing at once").force_open();
    assert_eq!(in_the_fallback().await, Ok(Some(100)));
    assert_eq!(in_the_next_attempt(&Calls::new()).await, Ok(Some(100)));
}

#[tokio::test(start_paused = true)]
async fn above_a_retry_it_bounds_the_whole_below_it_each_attempt() {
    #[timeout(ms = 250)]
    #[retry(count = 10, backoff = "constant", delay_ms = 10, jitter = "none")]
    async fn above(calls: &Calls) -> Result<(), Error> {
        calls.note();
        sleep(ms(80)).await;
        Err(Error::Transient)
    }
    #[retry(count = 3, backoff = "constant", delay_ms = 10, jitter = "none")]
    #[timeout(ms = 250)]
    async fn below(calls: &Calls) -> Result<(), Error> {
        calls.note();
        std::future::pending().await
    }

    let calls = Calls::new();
    assert_eq!(above(&calls).await.unwrap_err().kind(), timed_out(ms(250)));
    assert_eq!((calls.at(), calls.elapsed()), (vec![0, 90, 180], 250));
    let calls = Calls::new();
    assert_eq!(below(&calls).await.unwrap_err().kind(), timed_out(ms(250)));
    assert_eq!((calls.at(), calls.elapsed()), (vec![0, 260, 520], 770));
}

#[tokio::test(start_paused = true)]
async fn of_two_on_one_function_each_bounds_its_own() {
    #[timeout(ms = 300)]
    #[retry(count = 10, backoff = "constant", delay_ms = 10, jitter = "none")]
    #[timeout(ms = 100)]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        std::future::pending().await
    }

    let calls = Calls::new();
    assert_eq!(ask(&calls).await.unwrap_err().kind(), timed_out(ms(300)));
    assert_eq!(calls.at(), [0, 110, 220]);
}

#[tokio::test(start_paused = true)]
async fn the_code_inside_sees_the_deadline_and_the_code_outside_does_not() {
    #[timeout(ms = 200)]
    async fn ask() -> Result<[Option<u64>; 2], Error> {
        let before = left();
        sleep(ms(50)).await;
        Ok([before, left()])
    }

    assert_eq!(left(), None);
    assert_eq!(ask().await, Ok([Some(200), Some(150)]));
    assert_eq!(left(), None);
}

#[tokio::test(start_paused = true)]
async fn of_nested_deadlines_the_smaller_is_seen_and_the_outer_restored() {
    #[timeout(after = limit)]
    async fn inner(limit: Duration) -> Result<Option<u64>, Error> {
        sleep(ms(1)).await;
        Ok(left())
    }
    #[timeout(ms = 200)]
    async fn outer(limit: Duration) -> Result<[Option<u64>; 3], Error> {
        Ok([left(), inner(limit).await?, left()])
    }

    assert_eq!(outer(ms(100)).await, Ok([Some(200), Some(99), Some(199)]));
    assert_eq!(outer(ms(900)).await, Ok([Some(200), Some(199), Some(199)]));
}

#[tokio::test(start_paused = true)]
async fn the_outer_one_fires_first_where_it_is_nearer() {
    #[timeout(ms = 900)]
    async fn inner() -> Result<(), Error> {
        std::future::pending().await
    }
    #[timeout(ms = 200)]
    async fn outer() -> Result<(), Error> {
        inner().await
    }

    let (outcome, took) = timed(outer()).await;
    assert_eq!(outcome.unwrap_err().kind(), timed_out(ms(200)));
    assert_eq!(took, 200);
}

#[tokio::test(start_paused = true)]
async fn side_by_side_each_sees_its_own_deadline() {
    #[timeout(after = limit)]
    async fn ask(limit: Duration) -> Result<Option<u64>, Error> {
        sleep(ms(10)).await;
        Ok(left())
    }

    let (one, other) = tokio::join!(ask(ms(100)), ask(ms(70)));
    assert_eq!((one, other), (Ok(Some(90)), Ok(Some(60))));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_the_body_spawns_is_neither_bounded_nor_sees_the_deadline() {
    #[timeout(ms = 50)]
    async fn ask() -> Result<Option<u64>, Error> {
        let task = tokio::spawn(async {
            sleep(ms(10)).await;
            left()
        });
        Ok(task.await.unwrap())
    }

    assert_eq!(ask().await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_uses_up_the_budget_of_its_task_is_timed_out_all_the_same() {
    #[timeout(ms = 10)]
    async fn ask() -> Result<(), Error> {
        for _ in 0..10_000 {
            // Waits only for the budget, so that each poll leaves nothing of it.
            tokio::task::consume_budget().await;
            tokio::time::advance(ms(1)).now_or_never();
        }
        Ok(())
    }

    assert!(ask().await.unwrap_err().is_timed_out());
}
