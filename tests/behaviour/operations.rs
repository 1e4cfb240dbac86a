//! Handles by name: what they read and change while the program runs.

mod common;

use std::time::Duration;

use common::{Calls, Error, breaker, counted, fail, layer, ms, read, setting};
use resilient_runtime::{
    BreakerState, CircuitBreaker, CircuitBreakerSettings, LayerKind, Origin, Setting, Value,
    circuit_breaker, fallback, retry, timeout,
};
use tokio::time::sleep;

#[test]
fn settings_are_read_as_the_code_wrote_them() {
    #[fallback(value = Ok(()))]
    #[retry(
        name = "to read",
        count = 4,
        backoff = "fib",
        jitter = 0.25,
        max_elapsed = "9s"
    )]
    #[timeout(ms = 1500)]
    #[circuit_breaker(window = 50, slow_call = "2s")]
    #[allow(dead_code)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    assert_eq!(
        read(layer("to read", LayerKind::Retry)),
        "count 4, backoff fib, delay 200ms, factor 2, max_delay 30s, jitter 0.25, \
         max_elapsed 9s, on_timeout retry, on_open abort"
    );
    assert_eq!(read(layer("to read", LayerKind::Timeout)), "after 1.5s");
    assert_eq!(
        read(layer("to read", LayerKind::CircuitBreaker)),
        "failure_rate 0.5, min_calls 20, window 50, consecutive_failures -, slow_call 2s, \
         slow_call_rate 1, open_for 5s, open_factor 2, open_max 60s, half_open_calls 1, \
         half_open_max 60s"
    );
    assert_eq!(read(layer("to read", LayerKind::Fallback)), "");
}

#[tokio::test(start_paused = true)]
async fn what_the_code_works_out_per_call_has_no_value_until_a_handle_gives_one() {
    #[retry(name = "per call", count = count, backoff = |_| ms(10), jitter = "none")]
    #[timeout(after = ms(limit))]
    async fn ask(calls: &Calls, count: u32, limit: u64) -> Result<(), Error> {
        calls.note();
        std::future::pending().await
    }

    let (retry, limit) = (
        layer("per call", LayerKind::Retry),
        layer("per call", LayerKind::Timeout),
    );
    for (layer, knob) in [(retry, "count"), (retry, "backoff"), (limit, "after")] {
        let unknown = Setting {
            knob,
            value: None,
            origin: Origin::Code,
        };
        assert_eq!(setting(layer, knob), unknown);
    }
    let calls = Calls::new();
    let _ = ask(&calls, 2, 100).await;
    assert_eq!(calls.at(), [0, 110]);

    retry.set("count", 3.into()).unwrap();
    retry.set("backoff", "linear".into()).unwrap();
    retry.set("delay", ms(20).into()).unwrap();
    limit.set("after", ms(50).into()).unwrap();
    let given = Setting {
        knob: "count",
        value: Some(Value::Count(3)),
        origin: Origin::Handle,
    };
    assert_eq!(setting(retry, "count"), given);
    let calls = Calls::new();
    let _ = ask(&calls, 2, 100).await;
    assert_eq!(calls.at(), [0, 70, 160]);

    for knob in ["count", "backoff", "delay"] {
        retry.unset(knob).unwrap();
    }
    limit.unset("after").unwrap();
    let calls = Calls::new();
    let _ = ask(&calls, 2, 100).await;
    assert_eq!(calls.at(), [0, 110]);
}

#[tokio::test(start_paused = true)]
async fn each_knob_of_a_retry_is_changed_while_it_runs() {
    #[retry(
        name = "retuned",
        count = 5,
        backoff = "constant",
        delay_ms = 100,
        jitter = "none"
    )]
    async fn ask(calls: &Calls, error: &Error) -> Result<(), Error> {
        calls.note();
        Err(error.clone())
    }
    async fn pauses(error: Error) -> Vec<u64> {
        let calls = Calls::new();
        let _ = ask(&calls, &error).await;
        calls.pauses()
    }

    let retry = layer("retuned", LayerKind::Retry);
    let set = |knob: &str, value: Value| retry.set(knob, value).unwrap();
    assert_eq!(pauses(Error::Transient).await, [100; 4]);
    set("count", Value::Count(4));
    set("backoff", "exponential".into());
    assert_eq!(pauses(Error::Transient).await, [100, 200, 400]);
    set("delay", ms(10).into());
    set("factor", 3.0.into());
    assert_eq!(pauses(Error::Transient).await, [10, 30, 90]);
    set("max_delay", ms(50).into());
    assert_eq!(pauses(Error::Transient).await, [10, 30, 50]);
    set("max_elapsed", ms(45).into());
    assert_eq!(pauses(Error::Transient).await, [10, 30]);
    set("jitter", 1.0.into());
    set("jitter", "none".into());
    assert_eq!(pauses(Error::Transient).await, [10, 30]);

    let timed_out = |kind| Error::Policy(resilient_runtime::PolicyError::new(kind, "inner"));
    let timed_out = timed_out(resilient_runtime::PolicyErrorKind::TimedOut { after: ms(1) });
    assert_eq!(pauses(timed_out.clone()).await, [10, 30]);
    set("on_timeout", "abort".into());
    assert!(pauses(timed_out).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_breaker_is_retuned_without_losing_its_window() {
    #[circuit_breaker(name = "tuned", min_calls = 10)]
    #[allow(dead_code)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    let (layer, breaker) = (layer("tuned", LayerKind::CircuitBreaker), breaker("tuned"));
    let set = |knob: &str, value: Value| layer.set(knob, value).unwrap();
    fail(breaker, 4);
    set("failure_rate", 0.9.into());
    set("slow_call_rate", 0.9.into());
    set("open_for", ms(100).into());
    set("open_factor", 4.0.into());
    set("open_max", ms(300).into());
    set("half_open_calls", Value::Count(2));
    set("half_open_max", ms(50).into());
    assert_eq!(counted(breaker), (4, 4), "nothing is lost");
    set("min_calls", Value::Count(5));
    fail(breaker, 1);
    assert_eq!(breaker.state(), BreakerState::Open);
    assert_eq!(breaker.snapshot().open_for_remaining, Some(ms(100)));

    sleep(ms(100)).await;
    let probes = [
        breaker.try_acquire().unwrap(),
        breaker.try_acquire().unwrap(),
    ];
    assert!(breaker.try_acquire().is_err());
    sleep(ms(50)).await;
    fail(breaker, 1);
    drop(probes);
    assert_eq!(
        breaker.snapshot().open_for_remaining,
        Some(ms(300)),
        "400, if it may grow so far"
    );

    breaker.reset();
    set("consecutive_failures", Value::Count(2));
    fail(breaker, 2);
    assert_eq!(breaker.state(), BreakerState::Open);
    breaker.reset();
    layer.unset("consecutive_failures").unwrap();
    fail(breaker, 2);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn slow_calls_are_known_from_the_next_call_on() {
    #[circuit_breaker(name = "slow from now on")]
    async fn ask() -> Result<(), Error> {
        sleep(ms(20)).await;
        Ok(())
    }

    let site = "slow from now on";
    let layer = layer(site, LayerKind::CircuitBreaker);
    let _ = ask().await;
    layer.set("slow_call", ms(10).into()).unwrap();
    let _ = ask().await;
    assert_eq!(breaker(site).snapshot().slow, 1);
}

#[tokio::test(start_paused = true)]
async fn another_window_starts_empty() {
    let breaker = CircuitBreaker::with(CircuitBreakerSettings::new().min_calls(100));
    fail(&breaker, 4);
    breaker.set("window", Value::Count(3)).unwrap();
    fail(&breaker, 2);
    assert_eq!(counted(&breaker), (2, 2));
    fail(&breaker, 1);
    assert_eq!(
        breaker.state(),
        BreakerState::Open,
        "a full window is enough"
    );
    breaker.reset();
    breaker.set("window", ms(5000).into()).unwrap();
    fail(&breaker, 3);
    assert_eq!(counted(&breaker), (3, 3));
    assert_eq!(breaker.settings()[2].value, Some(Value::Duration(ms(5000))));
    breaker.unset("window").unwrap();
    assert_eq!(
        breaker.settings()[2].value,
        Some(Value::Duration(Duration::from_secs(10)))
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_holds_for_the_attempts_of_calls_under_way_as_well() {
    #[retry(
        name = "under way",
        count = 3,
        backoff = "constant",
        delay_ms = 10,
        jitter = "none"
    )]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        if calls.count() == 2 {
            layer("under way", LayerKind::Retry)
                .set("count", Value::Count(5))
                .unwrap();
        }
        Err(Error::Transient)
    }

    let calls = Calls::new();
    let _ = ask(&calls).await;
    assert_eq!(calls.count(), 5);
    let _ = ask(&calls).await;
    assert_eq!(calls.count(), 5 + 5);
}

#[test]
fn each_named_value_is_kept_by_its_name() {
    #[retry(name = "named values")]
    async fn _call() -> Result<(), Error> {
        Ok(())
    }

    let retry = layer("named values", LayerKind::Retry);
    let knobs: [(&str, &[&'static str]); 4] = [
        ("jitter", &["none", "full", "equal"]),
        (
            "backoff",
            &["constant", "linear", "exponential", "fib", "decorrelated"],
        ),
        ("on_timeout", &["retry", "abort"]),
        ("on_open", &["abort", "wait"]),
    ];
    for (knob, names) in knobs {
        for &name in names {
            retry.set(knob, name.into()).unwrap();
            assert_eq!(
                setting(retry, knob).value,
                Some(Value::Name(name)),
                "{knob}"
            );
        }
    }
}

#[test]
fn the_longest_duration_stays_a_duration() {
    #[retry(name = "long pauses")]
    #[circuit_breaker]
    async fn _call() -> Result<(), Error> {
        Ok(())
    }

    let centuries = Duration::from_secs(250 * 365 * 24 * 60 * 60);
    let retry = layer("long pauses", LayerKind::Retry);
    let breaker = layer("long pauses", LayerKind::CircuitBreaker);
    for (layer, knob) in [(retry, "max_delay"), (breaker, "window")] {
        layer.set(knob, Duration::MAX.into()).unwrap();
        match setting(layer, knob).value {
            Some(Value::Duration(kept)) => assert!(kept > centuries, "{knob}: {kept:?}"),
            other => panic!("{knob}: {other:?}"),
        }
    }
}
