//! How the layers of a site stand, as gauges.

use std::time::Duration;

use super::names::*;
use super::series::{Labels, Series};
use crate::{
    BreakerMode, BreakerSnapshot, BreakerState, CircuitBreaker, KeyReading, Layer, LayerKind,
    Reading, Site, Value,
};

pub(super) fn publish(series: &Series<'_>, site: &Site) {
    for (address, layer) in site.addressed() {
        let address = address.to_string();
        let state = match layer.kind() {
            LayerKind::Retry => series.with("layer", format!("{address}.budget")),
            _ => series.with("layer", address.clone()),
        };
        let series = series.with("layer", address);
        series.set(LAYER_ENABLED, &[], layer.is_enabled());
        if let Some(Value::Duration(limit)) = setting(layer, "after")
            && layer.kind() == LayerKind::Timeout
        {
            series.set(TIMEOUT_LIMIT, &[], limit.as_secs_f64());
        }
        if let Some(reading) = layer.reading() {
            reads(&state, layer, reading);
        } else if is_keyed(layer) {
            keys(&state, layer.kind(), &layer.keys().unwrap_or_default());
        }
    }
}

/// Whether it has a state for each key.
pub(super) fn is_keyed(layer: &dyn Layer) -> bool {
    layer.states().is_some() && layer.reading().is_none()
}

fn reads(series: &Series<'_>, layer: &dyn Layer, reading: Reading) {
    match reading {
        Reading::CircuitBreaker(snapshot) => breaker(series, layer.breaker(), &snapshot),
        Reading::RateLimit(snapshot) => {
            series.set(RATE_LIMIT_AVAILABLE, &[], snapshot.available);
            series.set(RATE_LIMIT_WAITING, &[], snapshot.waiting as f64);
        }
        Reading::Places {
            in_use,
            limit,
            waiting,
        } => {
            let of_kind = match layer.kind() {
                LayerKind::Bulkhead => [
                    BULKHEAD_IN_USE,
                    BULKHEAD_LIMIT,
                    BULKHEAD_WAITING,
                    BULKHEAD_QUEUE_LIMIT,
                ],
                _ => [
                    ADAPTIVE_IN_USE,
                    ADAPTIVE_LIMIT,
                    ADAPTIVE_WAITING,
                    ADAPTIVE_QUEUE_LIMIT,
                ],
            };
            for (metric, value) in of_kind.into_iter().zip([in_use, limit, waiting]) {
                series.set(metric, &[], value);
            }
            if let Some(Value::Count(most)) = setting(layer, "max_queue") {
                series.set(of_kind[3], &[], most as f64);
            }
            if let Some(Value::Count(min)) = setting(layer, "min") {
                series.set(ADAPTIVE_MIN_LIMIT, &[], min as f64);
            }
        }
        Reading::Budget { tokens, capacity } => {
            series.set(BUDGET_TOKENS, &[], tokens);
            series.set(BUDGET_CAPACITY, &[], capacity);
        }
        Reading::Hedge { delay } => {
            let delay = delay.as_ref().map_or(f64::NAN, Duration::as_secs_f64);
            series.set(HEDGE_DELAY, &[], delay);
        }
    }
}

const STATES: [(BreakerState, Labels); 3] = [
    (
        BreakerState::Closed,
        &[("state", BreakerState::Closed.as_str())],
    ),
    (
        BreakerState::Open,
        &[("state", BreakerState::Open.as_str())],
    ),
    (
        BreakerState::HalfOpen,
        &[("state", BreakerState::HalfOpen.as_str())],
    ),
];

const MODES: [(BreakerMode, Labels); 5] = [
    (
        BreakerMode::Automatic,
        &[("mode", BreakerMode::Automatic.as_str())],
    ),
    (
        BreakerMode::ForcedOpen,
        &[("mode", BreakerMode::ForcedOpen.as_str())],
    ),
    (
        BreakerMode::ForcedClosed,
        &[("mode", BreakerMode::ForcedClosed.as_str())],
    ),
    (
        BreakerMode::Disabled,
        &[("mode", BreakerMode::Disabled.as_str())],
    ),
    (
        BreakerMode::ObserveOnly,
        &[("mode", BreakerMode::ObserveOnly.as_str())],
    ),
];

fn breaker(series: &Series<'_>, breaker: Option<&CircuitBreaker>, snapshot: &BreakerSnapshot) {
    for (state, label) in STATES {
        series.set(BREAKER_STATE, label, snapshot.state == state);
        if let Some(breaker) = breaker {
            series.count(
                BREAKER_STATE_SECONDS,
                label,
                breaker.time_in(state).as_secs(),
            );
        }
    }
    for (mode, label) in MODES {
        series.set(BREAKER_MODE, label, snapshot.mode == mode);
    }
    let ratio = |part: u32| f64::from(part) / f64::from(snapshot.calls.max(1));
    series.set(BREAKER_WINDOW_CALLS, &[], snapshot.calls);
    series.set(BREAKER_FAILURE_RATIO, &[], ratio(snapshot.failures));
    series.set(BREAKER_SLOW_RATIO, &[], ratio(snapshot.slow));
}

/// How many there are, and not one series for each: there may be thousands.
fn keys(series: &Series<'_>, kind: LayerKind, keys: &[KeyReading]) {
    let count = |of: &dyn Fn(&KeyReading) -> bool| keys.iter().filter(|key| of(key)).count() as f64;
    series.set(KEYS, &[], count(&|_| true));
    series.set(KEYS_BUSY, &[], count(&|key| key.is_busy));
    if kind == LayerKind::CircuitBreaker {
        for (state, label) in STATES {
            let is_in = |key: &KeyReading| matches!(key.reading, Reading::CircuitBreaker(at) if at.state == state);
            series.set(BREAKER_KEYS, label, count(&is_in));
        }
    }
}

fn setting(layer: &dyn Layer, knob: &str) -> Option<Value> {
    let settings = layer.settings();
    let of_knob = settings.iter().find(|setting| setting.knob == knob);
    of_knob.and_then(|setting| setting.value)
}
