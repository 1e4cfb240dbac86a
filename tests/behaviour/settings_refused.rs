//! Handles by name: what they refuse.

mod common;

use std::time::Duration;

use common::{Error, fail, layer, ms, read, setting};
use resilient_runtime::{
    CircuitBreaker, LayerKind, Origin, SettingError, Value, circuit_breaker, fallback, retry,
    timeout,
};

#[test]
fn bad_values_are_refused_and_nothing_has_changed() {
    #[fallback(value = Ok(()))]
    #[retry(name = "refused", delay = "1s", max_delay = "10s")]
    #[timeout]
    #[circuit_breaker]
    #[allow(dead_code)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }
    use LayerKind::{CircuitBreaker, Fallback, Retry, Timeout};

    let before: Vec<_> = [Retry, Timeout, CircuitBreaker]
        .map(|kind| read(layer("refused", kind)))
        .into();
    for (kind, knob, value, message) in [
        (
            Retry,
            "count",
            Value::Count(0),
            "`count` takes a whole number, at least 1",
        ),
        (
            Retry,
            "count",
            Value::Number(2.0),
            "`count` takes a whole number, at least 1",
        ),
        (
            Retry,
            "backoff",
            Value::Name("cubic"),
            "`backoff` takes one of `constant`, `linear`, `exponential`, `fib`, `decorrelated`",
        ),
        (
            Retry,
            "factor",
            Value::Number(0.5),
            "`factor` takes a number, at least 1.0",
        ),
        (
            Retry,
            "factor",
            Value::Number(f64::INFINITY),
            "`factor` takes a number, at least 1.0",
        ),
        (
            Retry,
            "jitter",
            Value::Number(1.5),
            "`jitter` takes a rate from 0.0 to 1.0, or one of `none`, `full`, `equal`",
        ),
        (
            Retry,
            "delay",
            Value::Duration(Duration::from_secs(11)),
            "`max_delay` is below `delay`",
        ),
        (
            Retry,
            "max_delay",
            Value::Duration(ms(999)),
            "`max_delay` is below `delay`",
        ),
        (
            Retry,
            "max_elapsed",
            Value::Duration(ms(0)),
            "`max_elapsed` takes a duration longer than zero",
        ),
        (
            Timeout,
            "after",
            Value::Duration(ms(0)),
            "`after` takes a duration longer than zero",
        ),
        (
            Timeout,
            "ms",
            Value::Count(5),
            "no knob `ms`: there are `after`",
        ),
        (
            CircuitBreaker,
            "failure_rate",
            Value::Number(-0.1),
            "`failure_rate` takes a rate from 0.0 to 1.0",
        ),
        (
            CircuitBreaker,
            "failure_rate",
            Value::Number(f64::NAN),
            "`failure_rate` takes a rate from 0.0 to 1.0",
        ),
        (
            CircuitBreaker,
            "window",
            Value::Count(70_000),
            "`window` takes a duration longer than zero, or a number of calls from 1 to 65535",
        ),
        (
            Fallback,
            "value",
            Value::Count(1),
            "no knob `value`: this layer has none",
        ),
    ] {
        let refused = layer("refused", kind).set(knob, value).unwrap_err();
        assert_eq!(refused.to_string(), message);
    }
    let unknown = layer("refused", Retry).unset("counts").unwrap_err();
    assert!(matches!(unknown, SettingError::UnknownKnob { knob, .. } if knob == "counts"));
    let after: Vec<_> = [Retry, Timeout, CircuitBreaker]
        .map(|kind| read(layer("refused", kind)))
        .into();
    assert_eq!(before, after);
}

#[test]
fn to_go_back_may_contradict_too() {
    #[retry(name = "back", delay = "1s", max_delay = "10s")]
    #[allow(dead_code)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    let retry = layer("back", LayerKind::Retry);
    retry
        .set("max_delay", Duration::from_secs(60).into())
        .unwrap();
    retry.set("delay", Duration::from_secs(30).into()).unwrap();
    let refused = retry.unset("max_delay").unwrap_err();
    assert!(matches!(refused, SettingError::Contradiction(_)));
    assert_eq!(setting(retry, "max_delay").origin, Origin::Handle);
    retry.unset("delay").unwrap();
    retry.unset("max_delay").unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_state_that_was_handed_in_is_set_on_itself() {
    static SHARED: CircuitBreaker = CircuitBreaker::new();
    #[circuit_breaker(name = "handed in", state = SHARED)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    let layer = layer("handed in", LayerKind::CircuitBreaker);
    assert_eq!(layer.set("min_calls", 3.into()), Err(SettingError::Shared));
    assert_eq!(layer.unset("min_calls"), Err(SettingError::Shared));
    assert!(layer.settings().is_empty() && layer.breaker().is_none());
    SHARED.set("min_calls", 3.into()).unwrap();
    fail(&SHARED, 3);
    assert!(ask().await.unwrap_err().is_open());
    layer.set_enabled(false);
    assert_eq!(ask().await, Ok(()));
}
