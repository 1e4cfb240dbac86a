//! What each layer counts and times.

mod common;
mod watched;

use std::panic::AssertUnwindSafe;

use common::{Error, breaker, ms};
use futures::{FutureExt as _, stream};
use resilient_runtime::Count::*;
use resilient_runtime::{
    Bulkhead, Carried, Count, RetryBudget, RetryBudgetSettings, Timing, adaptive_concurrency,
    bulkhead, carry, circuit_breaker, fault, faults, hedge, rate_limit, retry, testing, timeout,
};
use tokio::time::sleep;
use watched::{Watched, watch};

type Outcome = Result<u32, Error>;

/// What the layers have counted.
fn of_layers(site: &mut Watched) -> Vec<(Count, u64)> {
    let mut counts = site.counts();
    counts.retain(|(count, _)| count.layer().is_some());
    counts
}

/// What the layers have timed.
fn times_of_layers(site: &Watched) -> Vec<(Timing, u64, std::time::Duration)> {
    let mut times = site.times();
    times.retain(|(timing, ..)| timing.layer().is_some());
    times
}

#[tokio::test(start_paused = true)]
async fn a_retry_counts_how_it_ended_and_times_each_attempt() {
    #[retry(
        name = "retries", count = 3, delay_ms = 100, jitter = "none", backoff = "constant", budget = "none",
        when_ok = |value| *value == 0
    )]
    async fn ask(calls: &common::Calls, outcomes: &[Outcome]) -> Outcome {
        sleep(ms(7)).await;
        outcomes[calls.note() - 1].clone()
    }
    let ask = async |outcomes: &[Outcome]| ask(&common::Calls::new(), outcomes).await;
    let failed = || Err(Error::Transient);

    let mut site = watch("retries");
    let _ = ask(&[Ok(1)]).await;
    assert_eq!(of_layers(&mut site), [(RetryNotNeeded, 1)]);
    let _ = ask(&[failed(), Ok(0), Ok(1)]).await;
    assert_eq!(times_of_layers(&site), [(Timing::Attempt, 3, ms(21))]);
    let expected = [(RetrySucceeded, 1), (AttemptFailed, 2), (Retries, 2)];
    assert_eq!(of_layers(&mut site), expected);
    let _ = ask(&[failed(), failed(), failed()]).await;
    let expected = [(RetryExhausted, 1), (AttemptFailed, 3), (Retries, 2)];
    assert_eq!(of_layers(&mut site), expected);
    let _ = ask(&[failed(), Err(Error::CallerFault)]).await;
    let expected = [(RetryNotRetried, 1), (AttemptFailed, 2), (Retries, 1)];
    assert_eq!(of_layers(&mut site), expected);
    let _ = ask(&[Err(Error::CallerFault)]).await;
    let expected = [
        (RetryNotRetried, 1),
        (RetryNotRetriedAtOnce, 1),
        (AttemptFailed, 1),
    ];
    assert_eq!(of_layers(&mut site), expected);
    // Dropped in its pause, it has not ended.
    let outcomes = [failed()];
    let call = tokio::time::timeout(ms(50), ask(&outcomes));
    assert!(call.await.is_err());
    assert_eq!(of_layers(&mut site), [(AttemptFailed, 1), (Retries, 1)]);
}

static ONE_RETRY: RetryBudget = RetryBudget::with(
    RetryBudgetSettings::new()
        .capacity(1)
        .ratio(0.0)
        .per_second(0.0),
);

#[tokio::test(start_paused = true)]
async fn each_reason_to_stop_is_a_count_of_its_own_with_and_without_a_retry() {
    #[timeout("20s")]
    #[retry(
        name = "stops", count = count, backoff = |retry| ms(if retry == 1 { first } else { then }), jitter = "none",
        max_delay = "30s", max_elapsed = "5s", budget = ONE_RETRY
    )]
    async fn ask(count: u32, first: u64, then: u64, error: Error) -> Outcome {
        Err(error.clone())
    }
    let stopped = async |count, first, then, error: &Error| {
        testing::isolated(async {
            let mut site = watch("stops");
            let _ = ask(count, first, then, error.clone()).await;
            let mut counts = of_layers(&mut site);
            let rest = [AttemptFailed, Retries, TimeoutKept];
            counts.retain(|(count, _)| !rest.contains(count));
            counts
        })
        .await
    };

    let failed = Error::Transient;
    assert_eq!(stopped(2, 1, 1, &failed).await, [(RetryExhausted, 1)]);
    let expected = [(RetryExhausted, 1), (RetryExhaustedAtOnce, 1)];
    assert_eq!(stopped(1, 1, 1, &failed).await, expected);
    assert_eq!(stopped(9, 1, 5_000, &failed).await, [(RetryElapsed, 1)]);
    let expected = [(RetryElapsed, 1), (RetryElapsedAtOnce, 1)];
    assert_eq!(stopped(9, 5_001, 1, &failed).await, expected);
    assert_eq!(stopped(9, 1, 20_000, &failed).await, [(RetryDeadline, 1)]);
    let expected = [(RetryDeadline, 1), (RetryDeadlineAtOnce, 1)];
    assert_eq!(stopped(9, 20_000, 1, &failed).await, expected);
    assert_eq!(stopped(9, 1, 1, &failed).await, [(RetryBudgetSpent, 1)]);
    testing::isolated(async {
        assert!(ONE_RETRY.try_withdraw());
        let mut site = watch("stops");
        let _ = ask(9, 1, 1, failed).await;
        let expected = [
            (RetryBudgetSpent, 1),
            (RetryBudgetSpentAtOnce, 1),
            (AttemptFailed, 1),
            (TimeoutKept, 1),
        ];
        assert_eq!(of_layers(&mut site), expected);
    })
    .await;
    let expected = [(RetryAfterTooLong, 1), (RetryAfterTooLongAtOnce, 1)];
    let later = Error::Overload(Some(ms(30_001)));
    assert_eq!(stopped(9, 1, 1, &later).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_retry_whose_service_asks_for_too_much_later_on_was_retried() {
    #[retry(name = "later", delay_ms = 1, max_delay = "1s")]
    async fn ask(calls: &common::Calls) -> Outcome {
        let wait = ms(2_000) * (calls.note() as u32 - 1);
        Err(Error::Overload(Some(wait)))
    }

    let mut site = watch("later");
    let _ = ask(&common::Calls::new()).await;
    let expected = [(RetryAfterTooLong, 1), (AttemptFailed, 2), (Retries, 1)];
    assert_eq!(of_layers(&mut site), expected);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_kept_or_not_and_times_both() {
    #[timeout("100ms", name = "limited")]
    async fn ask(takes: u64) -> Outcome {
        if takes > 0 {
            sleep(ms(takes)).await;
        }
        Ok(1)
    }

    let mut site = watch("limited");
    let _ = ask(0).await;
    let _ = ask(30).await;
    let _ = ask(1_000).await;
    // Dropped, it is neither.
    let _ = tokio::time::timeout(ms(10), ask(50)).await;
    assert_eq!(times_of_layers(&site), [(Timing::Timeout, 3, ms(130))]);
    assert_eq!(of_layers(&mut site), [(TimeoutKept, 2), (TimedOut, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_counts_results_refusals_and_each_change() {
    #[circuit_breaker(
        name = "breaks",
        consecutive_failures = 2,
        open_for_ms = 1000,
        slow_call_ms = 100
    )]
    async fn ask(outcome: Outcome, takes: u64) -> Outcome {
        sleep(ms(takes)).await;
        outcome
    }

    let mut site = watch("breaks");
    let _ = ask(Ok(1), 1).await;
    let _ = ask(Err(Error::CallerFault), 1).await;
    assert_eq!(of_layers(&mut site), [(BreakerSucceeded, 2)]);
    let _ = ask(Err(Error::Overload(None)), 1).await;
    let _ = tokio::time::timeout(ms(1), ask(Ok(1), 50)).await;
    assert_eq!(of_layers(&mut site), [(BreakerNeutral, 2)]);
    let _ = ask(Ok(1), 101).await;
    assert_eq!(
        of_layers(&mut site),
        [(BreakerSucceeded, 1), (BreakerSlow, 1)]
    );

    let _ = ask(Err(Error::Transient), 1).await;
    let _ = ask(Err(Error::Transient), 1).await;
    assert_eq!(
        of_layers(&mut site),
        [(BreakerFailed, 2), (BreakerOpened, 1)]
    );
    let _ = ask(Ok(1), 1).await;
    assert_eq!(of_layers(&mut site), [(BreakerRefused, 1)]);

    sleep(ms(1000)).await;
    let _ = ask(Err(Error::Transient), 1).await;
    let expected = [
        (BreakerFailed, 1),
        (BreakerReopened, 1),
        (BreakerHalfOpened, 1),
    ];
    assert_eq!(of_layers(&mut site), expected);
    sleep(ms(2000)).await;
    let _ = ask(Ok(1), 1).await;
    let expected = [
        (BreakerSucceeded, 1),
        (BreakerHalfOpened, 1),
        (BreakerClosed, 1),
    ];
    assert_eq!(of_layers(&mut site), expected);

    // By hand it changes too, and a mode alone is no change of state.
    breaker("breaks").force_open();
    breaker("breaks").reset();
    breaker("breaks").disable();
    assert_eq!(
        of_layers(&mut site),
        [(BreakerOpened, 1), (BreakerClosed, 1)]
    );
    assert_eq!(times_of_layers(&site), []);
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_counts_calls_and_times_those_that_waited() {
    #[rate_limit(permits = 10, per = "1s", burst = 4, max_wait = "100ms", cost = cost, name = "rated")]
    async fn ask(cost: u32) -> Outcome {
        Ok(1)
    }

    let mut site = watch("rated");
    let _ = ask(4).await;
    assert_eq!(times_of_layers(&site), []);
    let (waits, refused) = tokio::join!(ask(1), ask(1));
    assert!(waits.is_ok() && refused.is_err());
    assert_eq!(
        times_of_layers(&site),
        [(Timing::RateLimitWait, 1, ms(100))]
    );
    // One that goes before its turn is neither.
    let _ = tokio::time::timeout(ms(10), ask(1)).await;
    let expected = [(RateLimitAdmitted, 2), (RateLimitRefused, 1)];
    assert_eq!(of_layers(&mut site), expected);
}

#[tokio::test(start_paused = true)]
async fn a_bulkhead_counts_calls_and_times_waits_and_places() {
    #[bulkhead(max_concurrent = 1, max_queue = 1, name = "placed")]
    async fn ask(takes: u64) -> Outcome {
        sleep(ms(takes)).await;
        Ok(1)
    }

    let mut site = watch("placed");
    let (first, second, third) = tokio::join!(ask(30), ask(10), ask(10));
    assert!(first.is_ok() && second.is_ok() && third.is_err());
    let expected = [
        (Timing::BulkheadWait, 1, ms(30)),
        (Timing::BulkheadHeld, 2, ms(40)),
    ];
    assert_eq!(times_of_layers(&site), expected);
    assert_eq!(
        of_layers(&mut site),
        [(BulkheadAdmitted, 2), (BulkheadRefused, 1)]
    );
    // A place is held until it is free again, whatever becomes of the call.
    let _ = tokio::time::timeout(ms(5), ask(10)).await;
    assert_eq!(times_of_layers(&site), [(Timing::BulkheadHeld, 1, ms(5))]);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_carried_away_is_held_until_it_comes_back() {
    type Lines = Carried<stream::Iter<std::vec::IntoIter<u32>>>;

    #[bulkhead(max_concurrent = 1, name = "carried")]
    #[adaptive_concurrency(side = "server")]
    async fn ask() -> Result<Lines, Error> {
        Ok(carry(stream::iter(vec![1])))
    }

    let site = watch("carried");
    let lines = ask().await.unwrap();
    assert_eq!(times_of_layers(&site), []);
    sleep(ms(40)).await;
    drop(lines);
    let expected = [
        (Timing::BulkheadHeld, 1, ms(40)),
        (Timing::AdaptiveHeld, 1, ms(40)),
    ];
    assert_eq!(times_of_layers(&site), expected);
}

static SHARED: Bulkhead = Bulkhead::new(1);

#[tokio::test(start_paused = true)]
async fn of_a_shared_state_each_function_counts_its_own_calls() {
    #[bulkhead(state = SHARED, name = "one")]
    async fn one() -> Outcome {
        sleep(ms(10)).await;
        Ok(1)
    }
    #[bulkhead(state = SHARED, name = "other")]
    async fn other() -> Outcome {
        Ok(1)
    }

    let (mut here, mut there) = (watch("one"), watch("other"));
    let _ = tokio::join!(one(), other());
    drop(SHARED.try_acquire());
    assert_eq!(of_layers(&mut here), [(BulkheadAdmitted, 1)]);
    assert_eq!(of_layers(&mut there), [(BulkheadRefused, 1)]);
}

#[tokio::test(start_paused = true)]
async fn an_adaptive_limit_counts_calls_and_drops_and_times_waits_and_places() {
    #[adaptive_concurrency(side = "client", initial = 1, max = 1, max_queue = 1, name = "adapts")]
    async fn ask(outcome: Outcome) -> Outcome {
        sleep(ms(20)).await;
        outcome
    }

    let mut site = watch("adapts");
    let overload = Err(Error::Overload(None));
    let (.., third) = tokio::join!(ask(Ok(1)), ask(overload), ask(Ok(1)));
    assert!(third.is_err());
    let expected = [
        (Timing::AdaptiveWait, 1, ms(20)),
        (Timing::AdaptiveHeld, 2, ms(40)),
    ];
    assert_eq!(times_of_layers(&site), expected);
    let expected = [
        (AdaptiveAdmitted, 2),
        (AdaptiveRefused, 1),
        (AdaptiveDropped, 1),
    ];
    assert_eq!(of_layers(&mut site), expected);
}

#[tokio::test(start_paused = true)]
async fn a_hedge_counts_what_it_started_won_and_withheld() {
    #[hedge("20ms", budget = 0.5, name = "hedges")]
    #[circuit_breaker(consecutive_failures = 1, open_for_ms = 10)]
    async fn ask(calls: &common::Calls, first: u64, outcome: Outcome) -> Outcome {
        sleep(ms(if calls.note() == 1 { first } else { 1 })).await;
        outcome.clone()
    }
    let ask = async |first, outcome| ask(&common::Calls::new(), first, outcome).await;

    let mut site = watch("hedges");
    let _ = ask(10, Ok(1)).await;
    assert_eq!(of_layers(&mut site), [(BreakerSucceeded, 1)]);
    let _ = ask(1_000, Ok(1)).await;
    let expected = [
        (BreakerSucceeded, 1),
        (BreakerNeutral, 1),
        (HedgeStarted, 1),
        (HedgeWon, 1),
    ];
    assert_eq!(of_layers(&mut site), expected);

    // Half-open: the probe is not doubled.
    let _ = ask(1, Err(Error::Transient)).await;
    sleep(ms(10)).await;
    of_layers(&mut site);
    let _ = ask(50, Ok(1)).await;
    let expected = [
        (BreakerSucceeded, 1),
        (BreakerHalfOpened, 1),
        (BreakerClosed, 1),
        (HedgeWithheldBreaker, 1),
    ];
    assert_eq!(of_layers(&mut site), expected);

    // What was saved up is soon spent.
    for _ in 0..100 {
        let _ = ask(50, Ok(1)).await;
    }
    let stats = site.now();
    let [started, withheld] = [HedgeStarted, HedgeWithheldBudget].map(|count| stats.count(count));
    assert_eq!(started + withheld, 101, "one was started before");
    assert!(withheld > 30, "{withheld}");
}

#[tokio::test(start_paused = true)]
async fn faults_are_counted_as_they_are_injected() {
    #[fault(error = Error::ServerFault, latency = "50ms", name = "slow errors")]
    async fn slow_errors() -> Outcome {
        Ok(1)
    }
    #[fault(panic_rate = 1.0, name = "faulty panics")]
    async fn panics() -> Outcome {
        Ok(1)
    }

    testing::isolated(async {
        faults::allow_in_release();
        faults::enable();
        let mut site = watch("slow errors");
        let _ = slow_errors().await;
        assert_eq!(of_layers(&mut site), [(FaultErrors, 1), (FaultDelays, 1)]);
        let mut site = watch("faulty panics");
        assert!(AssertUnwindSafe(panics()).catch_unwind().await.is_err());
        assert_eq!(site.counts(), [(CallPanicked, 1), (FaultPanics, 1)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_is_switched_off_counts_and_times_nothing() {
    #[retry(name = "off")]
    #[timeout("1s")]
    #[circuit_breaker]
    #[rate_limit(per_second = 10)]
    #[bulkhead]
    #[adaptive_concurrency(side = "server")]
    async fn ask(outcome: Outcome) -> Outcome {
        outcome.clone()
    }

    testing::isolated(async {
        resilient_runtime::registry().set_enabled(false);
        let mut site = watch("off");
        let _ = ask(Ok(1)).await;
        let _ = ask(Err(Error::Transient)).await;
        assert_eq!(times_of_layers(&site), []);
        assert_eq!(site.counts(), [(CallSucceeded, 1), (CallFailed, 1)]);
    })
    .await;
}

#[test]
fn there_is_no_count_and_no_timing_without_a_test() {
    let tests = [include_str!("stats.rs"), include_str!("stats_layers.rs")].concat();
    for count in Count::ALL {
        let expected = format!("({count:?}, ");
        // Of these two the number is another in each run of the budget.
        let counted = format!("{count:?}].map");
        assert!(
            tests.contains(&expected) || tests.contains(&counted),
            "{count:?}"
        );
    }
    for timing in Timing::ALL {
        assert!(
            tests.contains(&format!("(Timing::{timing:?}, ")),
            "{timing:?}"
        );
    }
}
