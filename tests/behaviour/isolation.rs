//! `testing::isolated`: a world of its own for each test.

mod common;

use std::thread;
use std::time::Duration;

use common::{Calls, Error, breaker, counted, fail, ms};
use resilient_runtime::{
    BreakerState, CircuitBreaker, CircuitBreakerSettings, LayerKind, Value, circuit_breaker,
    registry, retry, testing, timeout,
};
use tokio::time::sleep;

const QUICK: CircuitBreakerSettings = CircuitBreakerSettings::new()
    .consecutive_failures(1)
    .open_for(Duration::from_secs(1));

#[circuit_breaker(name = "shared by tests", policy = QUICK)]
async fn shared(outcome: Result<(), Error>) -> Result<(), Error> {
    outcome
}

/// A test that opens the breaker, and moves a clock of its own until it is closed again.
fn through_all_states(pauses: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(testing::isolated(async {
        for round in 0..pauses {
            assert_eq!(shared(Ok(())).await, Ok(()), "round {round}");
            assert_eq!(shared(Err(Error::Transient)).await, Err(Error::Transient));
            assert!(shared(Ok(())).await.unwrap_err().is_open());
            sleep(ms(999)).await;
            thread::yield_now();
            assert!(shared(Ok(())).await.unwrap_err().is_open());
            sleep(ms(u64::from(1 + round))).await;
        }
    }));
}

#[test]
fn tests_that_move_different_clocks_over_one_function_pass_side_by_side() {
    let tests: Vec<_> = [300, 20, 150]
        .map(|pauses| thread::spawn(move || through_all_states(pauses)))
        .into();
    for test in tests {
        test.join().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_of_it_is_seen_outside_or_in_another_world() {
    static BY_HAND: CircuitBreaker = CircuitBreaker::with(QUICK);
    #[retry(name = "world", count = 3, delay_ms = 1)]
    #[timeout(ms = 100)]
    #[circuit_breaker]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }
    async fn attempts() -> usize {
        let calls = Calls::new();
        let _ = ask(&calls).await;
        calls.count()
    }

    fail(breaker("world"), 4);
    testing::isolated(async {
        assert_eq!(counted(breaker("world")), (0, 0), "it begins fresh");
        let retry = registry()
            .site("world")
            .unwrap()
            .layer(LayerKind::Retry)
            .unwrap();
        retry.set("count", Value::Count(5)).unwrap();
        assert_eq!(attempts().await, 5);
        assert_eq!(counted(breaker("world")), (5, 5));
        retry.set_enabled(false);
        assert_eq!(attempts().await, 1);
        retry.set_enabled(true);
        registry().set_enabled(false);
        assert_eq!(attempts().await, 1);
        BY_HAND.force_open();
        breaker("world").force_open();

        testing::isolated(async {
            assert_eq!(attempts().await, 3);
            assert_eq!(BY_HAND.state(), BreakerState::Closed);
        })
        .await;
        assert_eq!(
            BY_HAND.state(),
            BreakerState::Open,
            "and it is restored behind it"
        );
        assert_eq!(attempts().await, 1);
    })
    .await;
    assert_eq!(counted(breaker("world")), (4, 4));
    assert_eq!(BY_HAND.state(), BreakerState::Closed);
    assert_eq!(attempts().await, 3);
}

#[tokio::test(start_paused = true)]
async fn within_it_the_state_lives_on_from_call_to_call_and_over_awaits() {
    testing::isolated(async {
        let _ = shared(Err(Error::Transient)).await;
        tokio::task::yield_now().await;
        assert!(shared(Ok(())).await.unwrap_err().is_open());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn side_by_side_in_one_task_each_has_its_own() {
    let one = testing::isolated(async {
        let _ = shared(Err(Error::Transient)).await;
        sleep(ms(10)).await;
        shared(Ok(())).await.unwrap_err().is_open()
    });
    let other = testing::isolated(async {
        sleep(ms(5)).await;
        shared(Ok(())).await.is_ok()
    });
    assert_eq!(tokio::join!(one, other), (true, true));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_spawned_is_outside_unless_it_is_isolated_too() {
    #[circuit_breaker(name = "outside", policy = QUICK)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    testing::isolated(async {
        fail(breaker("outside"), 1);
        assert_eq!(tokio::spawn(ask()).await.unwrap(), Ok(()));
        assert_eq!(
            tokio::spawn(testing::isolated(ask())).await.unwrap(),
            Ok(())
        );
        assert!(ask().await.unwrap_err().is_open());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_it_drops_it_drops_within() {
    #[circuit_breaker(name = "dropped within", slow_call_ms = 10)]
    async fn ask() -> Result<(), Error> {
        std::future::pending().await
    }

    let world = testing::isolated(ask());
    let _ = tokio::time::timeout(ms(20), world).await;
    assert_eq!(breaker("dropped within").snapshot().calls, 0);
}

#[tokio::test(start_paused = true)]
async fn chance_is_the_same_in_every_world() {
    #[retry(count = 10)]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }
    async fn pauses() -> Vec<u64> {
        let calls = Calls::new();
        let _ = ask(&calls).await;
        calls.pauses()
    }

    assert_eq!(
        testing::isolated(pauses()).await,
        testing::isolated(pauses()).await
    );
    assert_ne!(pauses().await, pauses().await);
}
