//! How the layers of a function stand, as metrics.

#[path = "../../behaviour/common/mod.rs"]
mod common;
mod recorded;

use std::future::pending;

use common::{Error, await_half_open, breaker, fail, layer, ms};
use futures::FutureExt as _;
use recorded::Recorded;
use resilient_runtime::{
    Bulkhead, CircuitBreaker, Keyed, LayerKind, RetryBudget, adaptive_concurrency, bulkhead,
    circuit_breaker, hedge, rate_limit, registry, retry, testing, timeout,
};
use tokio::time::sleep;

type Outcome = Result<u32, Error>;

/// The gauges of a function under one name, by their other labels.
fn gauge(recorded: &Recorded, function: &str, name: &str, layer: &str) -> f64 {
    recorded.gauge(&format!(
        "resilient_{name}{{function=\"{function}\",layer=\"{layer}\"}}"
    ))
}

const STATES: [&str; 3] = ["closed", "open", "half-open"];

fn series_of_state(name: &str, function: &str, state: &str) -> String {
    format!(
        "resilient_circuit_breaker_{name}{{function=\"{function}\",layer=\"circuit_breaker\",state=\"{state}\"}}"
    )
}

#[tokio::test(start_paused = true)]
async fn a_breaker_is_in_one_state_at_a_time_and_the_seconds_of_each_add_up() {
    #[circuit_breaker(name = "states", consecutive_failures = 3, open_for = "5s")]
    async fn _ask() -> Outcome {
        Ok(1)
    }

    testing::isolated(async {
        let recorded = Recorded::new();
        let now = || {
            recorded.publish();
            let at = STATES.map(|state| series_of_state("state", "states", state));
            let spent = STATES.map(|state| series_of_state("state_seconds_total", "states", state));
            (
                at.map(|series| recorded.gauge(&series)),
                spent.map(|series| recorded.counter(&series)),
            )
        };
        let breaker = breaker("states");
        assert_eq!(now(), ([1.0, 0.0, 0.0], [0, 0, 0]));
        sleep(ms(1_600)).await;
        fail(breaker, 3);
        assert_eq!(now(), ([0.0, 1.0, 0.0], [1, 0, 0]));
        sleep(ms(5_000)).await;
        let probe = breaker.try_acquire().unwrap();
        assert_eq!(now(), ([0.0, 0.0, 1.0], [1, 5, 0]));
        sleep(ms(2_000)).await;
        drop(probe);
        breaker.reset();
        sleep(ms(400)).await;
        // The rest of a second is not lost.
        assert_eq!(now(), ([1.0, 0.0, 0.0], [2, 5, 2]));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_breaker_shows_its_window_and_who_decides() {
    #[circuit_breaker(name = "window", failure_rate = 0.9)]
    async fn ask(outcome: Outcome) -> Outcome {
        outcome
    }
    const LAYER: &str = "circuit_breaker";

    testing::isolated(async {
        let recorded = Recorded::new();
        let now = |name: &str| {
            recorded.publish();
            gauge(&recorded, "window", &format!("circuit_breaker_{name}"), LAYER)
        };
        assert_eq!((now("window_calls"), now("failure_ratio")), (0.0, 0.0));
        for outcome in [Ok(1), Ok(1), Ok(1), Err(Error::Transient)] {
            let _ = ask(outcome).await;
        }
        assert_eq!((now("window_calls"), now("failure_ratio")), (4.0, 0.25));
        assert_eq!(now("slow_ratio"), 0.0);
        breaker("window").force_open();
        recorded.publish();
        for (mode, is_on) in [("automatic", 0.0), ("forced-open", 1.0), ("disabled", 0.0)] {
            let series = format!(
                "resilient_circuit_breaker_mode{{function=\"window\",layer=\"{LAYER}\",mode=\"{mode}\"}}"
            );
            assert_eq!(recorded.gauge(&series), is_on, "{mode}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn places_permits_and_tokens_are_told_as_they_stand() {
    #[rate_limit(permits = 5, per = "1h", name = "stands")]
    #[bulkhead(max_concurrent = 2, max_queue = 3)]
    #[adaptive_concurrency(side = "client", initial = 7, min = 4, max_queue = 9)]
    async fn ask() -> Outcome {
        pending().await
    }
    #[retry(name = "budget", count = 2, delay_ms = 1)]
    async fn fails() -> Outcome {
        Err(Error::Transient)
    }

    testing::isolated(async {
        let recorded = Recorded::new();
        let mut calls: Vec<_> = (0..3).map(|_| Box::pin(ask())).collect();
        for call in &mut calls {
            assert!(call.as_mut().now_or_never().is_none());
        }
        let _ = fails().await;
        recorded.publish();
        assert_eq!(
            recorded.gauge(r#"resilient_calls_in_flight{function="stands"}"#),
            3.0
        );
        for (name, layer, value) in [
            ("rate_limit_available", "rate_limit", 2.0),
            ("rate_limit_waiting", "rate_limit", 0.0),
            ("bulkhead_in_use", "bulkhead", 2.0),
            ("bulkhead_limit", "bulkhead", 2.0),
            ("bulkhead_waiting", "bulkhead", 1.0),
            ("bulkhead_queue_limit", "bulkhead", 3.0),
            ("adaptive_concurrency_in_use", "adaptive_concurrency", 2.0),
            ("adaptive_concurrency_limit", "adaptive_concurrency", 7.0),
            (
                "adaptive_concurrency_min_limit",
                "adaptive_concurrency",
                4.0,
            ),
            ("adaptive_concurrency_waiting", "adaptive_concurrency", 0.0),
            (
                "adaptive_concurrency_queue_limit",
                "adaptive_concurrency",
                9.0,
            ),
        ] {
            assert_eq!(gauge(&recorded, "stands", name, layer), value, "{name}");
        }
        let capacity = gauge(&recorded, "budget", "retry_budget_capacity", "retry.budget");
        let tokens = gauge(&recorded, "budget", "retry_budget_tokens", "retry.budget");
        assert_eq!(capacity, 100.0);
        assert!((99.0..99.5).contains(&tokens), "{tokens}");
        drop(calls);
        recorded.publish();
        assert_eq!(
            gauge(&recorded, "stands", "bulkhead_in_use", "bulkhead"),
            0.0
        );
        assert_eq!(
            recorded.gauge(r#"resilient_calls_in_flight{function="stands"}"#),
            0.0
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_hedge_has_a_delay_once_it_has_measured_enough() {
    #[hedge(min_samples = 2, name = "hedged")]
    async fn ask() -> Outcome {
        sleep(ms(10)).await;
        Ok(1)
    }

    testing::isolated(async {
        let recorded = Recorded::new();
        recorded.publish();
        assert!(gauge(&recorded, "hedged", "hedge_delay_seconds", "hedge").is_nan());
        for _ in 0..100 {
            let _ = ask().await;
        }
        recorded.publish();
        let delay = gauge(&recorded, "hedged", "hedge_delay_seconds", "hedge");
        assert!((0.010..0.012).contains(&delay), "{delay}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_second_of_a_kind_has_a_number_and_a_limit_that_changes_shows() {
    #[timeout("2s", name = "twice")]
    #[retry]
    #[timeout(after = of_call)]
    #[timeout("500ms")]
    async fn _ask(of_call: std::time::Duration) -> Outcome {
        Ok(1)
    }

    testing::isolated(async {
        let recorded = Recorded::new();
        recorded.publish();
        let limit = |layer| gauge(&recorded, "twice", "timeout_limit_seconds", layer);
        assert_eq!((limit("timeout"), limit("timeout#3")), (2.0, 0.5));
        let of = recorded.of("twice");
        let unknown = r#"resilient_timeout_limit_seconds{layer="timeout#2"}"#;
        assert!(!of.contains(&unknown.to_owned()), "{of:?}");
        layer("twice", LayerKind::Timeout)
            .set("after", ms(750).into())
            .unwrap();
        recorded.publish();
        assert_eq!(limit("timeout"), 0.75);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_switched_off_shows() {
    #[timeout("2s", name = "switched")]
    async fn _ask() -> Outcome {
        Ok(1)
    }

    testing::isolated(async {
        let recorded = Recorded::new();
        let now = || {
            recorded.publish();
            let layer = gauge(&recorded, "switched", "layer_enabled", "timeout");
            (recorded.gauge("resilient_enabled"), layer)
        };
        assert_eq!(now(), (1.0, 1.0));
        registry().set_enabled(false);
        assert_eq!(now(), (0.0, 1.0));
        registry().set_enabled(true);
        layer("switched", LayerKind::Timeout).set_enabled(false);
        assert_eq!(now(), (1.0, 0.0));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn of_keys_it_is_told_how_many_there_are_and_none_by_name() {
    #[circuit_breaker(name = "keyed", consecutive_failures = 1, key = key, max_keys = 3)]
    async fn ask(key: u32, outcome: Outcome) -> Outcome {
        outcome
    }
    #[retry(name = "budgets", key = key)]
    async fn budgeted(key: u32) -> Outcome {
        Ok(key)
    }

    testing::isolated(async {
        let recorded = Recorded::new();
        let now = |name: &str| {
            recorded.publish();
            gauge(&recorded, "keyed", name, "circuit_breaker")
        };
        let exhausted = r#"resilient_keys_exhausted_total{function="keyed"}"#;
        assert_eq!((now("keys"), recorded.counter(exhausted)), (0.0, 0));
        for key in 0..2 {
            let _ = ask(key, Err(Error::Transient)).await;
        }
        let _ = ask(7, Ok(1)).await;
        assert_eq!((now("keys"), now("keys_busy")), (3.0, 2.0));
        let keys = STATES.map(|state| recorded.gauge(&series_of_state("keys", "keyed", state)));
        assert_eq!(keys, [1.0, 2.0, 0.0]);
        let _ = ask(8, Err(Error::Transient)).await;
        let _ = ask(9, Ok(1)).await;
        assert_eq!((now("keys"), recorded.counter(exhausted)), (3.0, 1));
        let calls = recorded.counted("resilient_circuit_breaker_calls_total", "keyed");
        let expected = [("failure", 3), ("success", 2)];
        assert_eq!(
            calls,
            expected.map(|(result, count)| (result.to_owned(), count))
        );
        let of = recorded.of("keyed");
        let of_one = |series: &&String| series.contains("_window_") || series.contains("_state");
        assert_eq!(of.iter().find(of_one), None);

        let _ = budgeted(1).await;
        recorded.publish();
        assert_eq!(gauge(&recorded, "budgets", "keys", "retry.budget"), 1.0);
    })
    .await;
}

static SHARED: CircuitBreaker = CircuitBreaker::new();
static SHARED_PLACES: Keyed<Bulkhead> = Keyed::new(Bulkhead::new(2));
static SHARED_BUDGET: RetryBudget = RetryBudget::new();

#[tokio::test(start_paused = true)]
async fn of_a_state_that_was_handed_in_calls_are_told_and_no_gauges() {
    #[retry(name = "shares", budget = SHARED_BUDGET)]
    #[circuit_breaker(state = SHARED)]
    #[bulkhead(state = SHARED_PLACES, key = key)]
    async fn ask(key: u32) -> Outcome {
        Ok(key)
    }

    testing::isolated(async {
        let recorded = Recorded::new();
        let _ = ask(1).await;
        recorded.publish();
        for metric in ["circuit_breaker", "bulkhead", "retry"] {
            let calls = recorded.counted(&format!("resilient_{metric}_calls_total"), "shares");
            let count = calls.iter().map(|(_, count)| count).sum::<u64>();
            assert_eq!(count, 1, "{metric}");
        }
        let of = recorded.of("shares");
        let of_layers = of.iter().filter(|series| series.contains("layer="));
        let of_layers: Vec<_> = of_layers.map(String::as_str).collect();
        let expected = [
            r#"resilient_layer_enabled{layer="bulkhead"}"#,
            r#"resilient_layer_enabled{layer="circuit_breaker"}"#,
            r#"resilient_layer_enabled{layer="retry"}"#,
        ];
        assert_eq!(of_layers, expected);
        // It may have keys.
        assert!(of.contains(&"resilient_keys_exhausted_total".to_owned()));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_change_counts_when_it_happens_and_is_not_lost_between_two_times() {
    #[circuit_breaker(name = "changes", consecutive_failures = 2, open_for = "1s")]
    async fn _ask() -> Outcome {
        Ok(1)
    }

    testing::isolated(async {
        let recorded = Recorded::new();
        recorded.publish();
        let breaker = breaker("changes");
        for _ in 0..3 {
            await_half_open(breaker).await;
            fail(breaker, 1);
            breaker.reset();
        }
        recorded.publish();
        let changes = recorded.counted("resilient_circuit_breaker_changes_total", "changes");
        let expected = [
            ("closed", 3),
            ("half-opened", 3),
            ("opened", 3),
            ("reopened", 3),
        ];
        assert_eq!(
            changes,
            expected.map(|(change, count)| (change.to_owned(), count))
        );
    })
    .await;
}
