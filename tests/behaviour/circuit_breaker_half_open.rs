//! `#[circuit_breaker]`: how long it stays open, its probes, its periods, and the
//! hand on it.

mod common;

use std::time::Duration;

use common::{Calls, Error, await_half_open, breaker, counted, fail, ms, succeed};
use resilient_runtime::{
    BreakerMode, BreakerState, CallOutcome, CircuitBreaker, CircuitBreakerSettings,
    PolicyErrorKind, circuit_breaker,
};
use tokio::time::{Instant, sleep};

const QUICK: CircuitBreakerSettings = CircuitBreakerSettings::new()
    .consecutive_failures(1)
    .open_for(Duration::from_secs(1));

#[tokio::test(start_paused = true)]
async fn after_open_for_one_call_goes_through_as_a_probe_and_closes_it() {
    #[circuit_breaker(name = "probed", consecutive_failures = 2)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }

    fail(breaker("probed"), 2);
    let calls = Calls::new();
    sleep(ms(4999)).await;
    assert!(ask(&calls).await.unwrap_err().is_open());
    sleep(ms(1)).await;
    assert_eq!(
        breaker("probed").state(),
        BreakerState::Open,
        "until somebody asks"
    );
    assert_eq!(ask(&calls).await, Ok(1));
    assert_eq!(breaker("probed").state(), BreakerState::Closed);
    assert_eq!(ask(&calls).await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn half_open_admits_so_many_probes_and_refuses_the_others() {
    #[circuit_breaker(name = "three probes", policy = QUICK, half_open_calls = 3)]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        sleep(ms(10)).await;
        Ok(())
    }

    await_half_open(breaker("three probes")).await;
    let calls = Calls::new();
    let outcomes = futures::future::join_all((0..5).map(|_| ask(&calls))).await;
    let refused: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().err())
        .collect();
    assert_eq!((calls.count(), refused.len()), (3, 2));
    // When a probe reports is not known.
    let kind = PolicyErrorKind::CircuitOpen {
        retry_after: Duration::ZERO,
    };
    assert!(refused.iter().all(|error| error.kind() == Some(kind)));
    assert_eq!(breaker("three probes").state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn that_many_successes_close_it_and_not_one_less() {
    let breaker = CircuitBreaker::with(QUICK.half_open_calls(3));
    await_half_open(&breaker).await;
    for _ in 0..2 {
        succeed(&breaker, 1);
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
    }
    succeed(&breaker, 1);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn one_failure_reopens_it_at_once() {
    for outcome in [CallOutcome::Failure, CallOutcome::Overload] {
        let breaker = CircuitBreaker::with(QUICK.half_open_calls(3));
        await_half_open(&breaker).await;
        succeed(&breaker, 2);
        breaker.try_acquire().unwrap().record(outcome);
        assert_eq!(breaker.state(), BreakerState::Open, "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn open_for_grows_with_each_reopening_and_closing_takes_it_back() {
    async fn open_times(breaker: &CircuitBreaker, reopenings: u32) -> Vec<u128> {
        fail(breaker, 1);
        let mut times = Vec::new();
        for _ in 0..reopenings {
            let left = breaker.snapshot().open_for_remaining.unwrap();
            times.push(left.as_millis());
            sleep(left).await;
            fail(breaker, 1);
        }
        times
    }
    let growing = CircuitBreaker::with(QUICK.open_max(Duration::from_secs(10)));
    assert_eq!(
        open_times(&growing, 6).await,
        [1000, 2000, 4000, 8000, 10_000, 10_000]
    );
    sleep(ms(10_000)).await;
    succeed(&growing, 1);
    assert_eq!(open_times(&growing, 2).await, [1000, 2000]);

    let steady = CircuitBreaker::with(QUICK.open_factor(1.0));
    assert_eq!(open_times(&steady, 3).await, [1000, 1000, 1000]);
    // Doubled from 5 s to 60 s where nothing is said.
    let plain = CircuitBreaker::with(CircuitBreakerSettings::new().consecutive_failures(1));
    assert_eq!(
        open_times(&plain, 5).await,
        [5000, 10_000, 20_000, 40_000, 60_000]
    );
}

#[tokio::test(start_paused = true)]
async fn the_knobs_of_the_open_time_reach_the_breaker() {
    #[circuit_breaker(
        name = "grown",
        consecutive_failures = 1,
        open_for = "100ms",
        open_factor = 3.0,
        open_max_ms = 500
    )]
    #[allow(dead_code)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    let breaker = breaker("grown");
    for expected in [100, 300, 500, 500] {
        fail(breaker, 1);
        assert_eq!(breaker.snapshot().open_for_remaining, Some(ms(expected)));
        sleep(ms(expected)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_probe_has_failed_whatever_it_says() {
    let breaker = CircuitBreaker::with(QUICK.slow_call(ms(100)));
    for (takes, state) in [(101, BreakerState::Open), (100, BreakerState::Closed)] {
        breaker.reset();
        await_half_open(&breaker).await;
        let probe = breaker.try_acquire().unwrap();
        sleep(ms(takes)).await;
        probe.record(CallOutcome::Success);
        assert_eq!(breaker.state(), state, "{takes} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_neutral_probe_gives_its_place_back() {
    let breaker = CircuitBreaker::with(QUICK);
    await_half_open(&breaker).await;
    for _ in 0..3 {
        let probe = breaker.try_acquire().unwrap();
        assert!(breaker.try_acquire().is_err());
        probe.record(CallOutcome::Neutral);
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
    }
    succeed(&breaker, 1);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_does_not_report_loses_its_place_and_its_late_result() {
    #[circuit_breaker(name = "hung", policy = QUICK, half_open_max = "2s")]
    async fn ask(takes: Duration, outcome: Result<(), Error>) -> Result<(), Error> {
        sleep(takes).await;
        outcome
    }

    let breaker = breaker("hung");
    for late in [Ok(()), Err(Error::Transient)] {
        breaker.reset();
        await_half_open(breaker).await;
        let hung = ask(ms(2500), late);
        let others = async {
            sleep(ms(1999)).await;
            assert!(ask(ms(0), Ok(())).await.unwrap_err().is_open());
            sleep(ms(1)).await;
            let next = breaker.try_acquire().expect("the place is free again");
            sleep(ms(1000)).await;
            assert_eq!(
                breaker.state(),
                BreakerState::HalfOpen,
                "the late result is ignored"
            );
            next.record(CallOutcome::Success);
            assert_eq!(breaker.state(), BreakerState::Closed);
        };
        let _ = tokio::join!(hung, others);
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_may_take_a_minute_where_nothing_is_said() {
    let breaker = CircuitBreaker::with(QUICK);
    await_half_open(&breaker).await;
    let probe = breaker.try_acquire().unwrap();
    sleep(ms(59_999)).await;
    assert!(breaker.try_acquire().is_err());
    probe.record(CallOutcome::Success);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_result_counts_only_for_the_period_that_admitted_it() {
    let breaker = CircuitBreaker::with(QUICK);
    let [early, late] = [(); 2].map(|()| breaker.try_acquire().unwrap());
    fail(&breaker, 1);
    early.record(CallOutcome::Success);
    assert_eq!(breaker.state(), BreakerState::Open);
    sleep(ms(1000)).await;
    let probe = breaker.try_acquire().unwrap();
    late.record(CallOutcome::Failure);
    assert_eq!(breaker.state(), BreakerState::HalfOpen, "it was no probe");
    probe.record(CallOutcome::Success);
    assert_eq!(breaker.state(), BreakerState::Closed);

    let [over_a_reset, after] = [(); 2].map(|()| breaker.try_acquire().unwrap());
    breaker.reset();
    over_a_reset.record(CallOutcome::Failure);
    drop(after);
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert_eq!(breaker.snapshot().consecutive, 0);
}

#[tokio::test(start_paused = true)]
async fn closed_again_it_begins_with_an_empty_window() {
    let settings = CircuitBreakerSettings::new().min_calls(4).open_for(ms(100));
    let breaker = CircuitBreaker::with(settings);
    fail(&breaker, 4);
    sleep(ms(100)).await;
    succeed(&breaker, 1);
    assert_eq!(counted(&breaker), (0, 0));
    fail(&breaker, 3);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn by_hand_it_is_held_open_held_closed_switched_off_watched_and_reset() {
    #[circuit_breaker(name = "by hand", min_calls = 2)]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    let (calls, breaker) = (Calls::new(), breaker("by hand"));
    breaker.force_open();
    assert_eq!(
        (breaker.state(), breaker.mode()),
        (BreakerState::Open, BreakerMode::ForcedOpen)
    );
    sleep(Duration::from_secs(1_000_000)).await;
    let kind = ask(&calls).await.unwrap_err().kind();
    assert_eq!(
        kind,
        Some(PolicyErrorKind::CircuitOpen {
            retry_after: Duration::MAX
        })
    );
    assert_eq!(calls.count(), 0);

    breaker.force_close();
    for _ in 0..10 {
        let _ = ask(&calls).await;
    }
    assert_eq!((calls.count(), counted(breaker)), (10, (10, 10)));
    assert_eq!(breaker.state(), BreakerState::Closed);

    breaker.disable();
    for _ in 0..10 {
        let _ = ask(&calls).await;
    }
    assert_eq!((calls.count(), counted(breaker)), (20, (0, 0)));

    breaker.observe_only();
    for _ in 0..10 {
        let _ = ask(&calls).await;
    }
    assert_eq!(calls.count(), 30, "all go through");
    assert_eq!(breaker.state(), BreakerState::Open, "it would be");

    breaker.reset();
    assert_eq!(
        (breaker.state(), breaker.mode()),
        (BreakerState::Closed, BreakerMode::Automatic)
    );
    for _ in 0..10 {
        let _ = ask(&calls).await;
    }
    assert_eq!(calls.count(), 32, "and it decides again");
}

static SHARED: CircuitBreaker = CircuitBreaker::with(QUICK).named("shared");

#[tokio::test(start_paused = true)]
async fn a_static_breaker_is_held_by_the_same_hand() {
    #[circuit_breaker(state = SHARED)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    SHARED.force_open();
    assert!(ask().await.unwrap_err().is_open());
    SHARED.reset();
    assert_eq!(ask().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn used_by_hand_its_errors_bear_its_own_name() {
    let breaker = CircuitBreaker::with(QUICK).named("cache");
    fail(&breaker, 1);
    let began = Instant::now();
    let error = breaker.try_acquire().unwrap_err();
    assert_eq!(
        error.to_string(),
        "cache: circuit breaker open, retry after 1s"
    );
    assert_eq!(began.elapsed(), Duration::ZERO);
}
