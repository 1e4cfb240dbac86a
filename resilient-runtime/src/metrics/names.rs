//! Every metric: its name, its unit, and what it says.

use ::metrics::{Recorder, Unit};

#[derive(Clone, Copy, Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    is: Is,
    unit: Option<Unit>,
    help: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Is {
    Counter,
    Gauge,
    Histogram,
}

const SECONDS: Option<Unit> = Some(Unit::Seconds);
const COUNT: Option<Unit> = Some(Unit::Count);
/// A ratio, or yes and no.
const NONE: Option<Unit> = None;

macro_rules! metrics {
    ($($is:ident $unit:ident $metric:ident = $name:literal, $help:literal;)*) => {
        $(pub(super) const $metric: Metric = Metric {
            name: $name,
            is: Is::$is,
            unit: $unit,
            help: $help,
        };)*

        const ALL: &[Metric] = &[$($metric,)*];
    };
}

metrics! {
    Counter COUNT CALLS = "resilient_calls_total", "Calls that ended.";
    Counter COUNT CALLER_FAULTS = "resilient_caller_faults_total",
        "Failed calls where the caller was at fault.";
    Gauge COUNT CALLS_IN_FLIGHT = "resilient_calls_in_flight", "Calls that have begun and not ended.";
    Histogram SECONDS CALL_DURATION = "resilient_call_duration_seconds",
        "How long calls took that were not dropped.";

    Counter COUNT FALLBACK_USED = "resilient_fallback_used_total",
        "Failures, or rejected values, in place of which a fallback answered.";
    Counter COUNT FALLBACK_ANSWERS = "resilient_fallback_answers_total", "Answers of a fallback.";

    Counter COUNT RETRY_CALLS = "resilient_retry_calls_total", "Calls that a retry ended.";
    Counter COUNT RETRIES = "resilient_retries_total", "Attempts after the first.";
    Counter COUNT ATTEMPTS_FAILED = "resilient_retry_attempts_failed_total",
        "Attempts that failed, or returned a value that is rejected.";
    Histogram SECONDS ATTEMPT_DURATION = "resilient_retry_attempt_duration_seconds",
        "How long attempts took, without the pause before them.";
    Gauge COUNT BUDGET_TOKENS = "resilient_retry_budget_tokens", "Retries that the budget allows now.";
    Gauge COUNT BUDGET_CAPACITY = "resilient_retry_budget_capacity",
        "Retries that the budget allows at most.";

    Counter COUNT TIMEOUT_CALLS = "resilient_timeout_calls_total", "What had a time limit and ended.";
    Histogram SECONDS TIMEOUT_DURATION = "resilient_timeout_duration_seconds",
        "How long that took which has a time limit.";
    Gauge SECONDS TIMEOUT_LIMIT = "resilient_timeout_limit_seconds", "The time limit.";

    Counter COUNT BREAKER_CALLS = "resilient_circuit_breaker_calls_total",
        "Calls by what they counted as to the circuit breaker.";
    Counter COUNT BREAKER_SLOW = "resilient_circuit_breaker_slow_calls_total",
        "Admitted calls that were slow.";
    Counter COUNT BREAKER_CHANGES = "resilient_circuit_breaker_changes_total",
        "Changes of the circuit breaker's state.";
    Counter SECONDS BREAKER_STATE_SECONDS = "resilient_circuit_breaker_state_seconds_total",
        "Whole seconds spent in each state.";
    Gauge NONE BREAKER_STATE = "resilient_circuit_breaker_state", "1 for the state that it is in.";
    Gauge NONE BREAKER_MODE = "resilient_circuit_breaker_mode",
        "1 for who decides: the circuit breaker itself, or somebody by hand.";
    Gauge COUNT BREAKER_WINDOW_CALLS = "resilient_circuit_breaker_window_calls", "Calls in the window.";
    Gauge NONE BREAKER_FAILURE_RATIO = "resilient_circuit_breaker_failure_ratio",
        "The part of the calls in the window that failed.";
    Gauge NONE BREAKER_SLOW_RATIO = "resilient_circuit_breaker_slow_ratio",
        "The part of the calls in the window that was slow.";
    Gauge COUNT BREAKER_KEYS = "resilient_circuit_breaker_keys", "Keys whose circuit breaker is in this state.";

    Counter COUNT RATE_LIMIT_CALLS = "resilient_rate_limit_calls_total",
        "Calls by whether they got their permits.";
    Histogram SECONDS RATE_LIMIT_WAIT = "resilient_rate_limit_wait_seconds",
        "How long those waited for permits that did not have them at once.";
    Gauge COUNT RATE_LIMIT_AVAILABLE = "resilient_rate_limit_available", "Permits that a call could take now.";
    Gauge COUNT RATE_LIMIT_WAITING = "resilient_rate_limit_waiting", "Calls that wait for permits.";

    Counter COUNT BULKHEAD_CALLS = "resilient_bulkhead_calls_total",
        "Calls by whether they got their places.";
    Histogram SECONDS BULKHEAD_WAIT = "resilient_bulkhead_wait_seconds",
        "How long those waited for places that did not have them at once.";
    Histogram SECONDS BULKHEAD_HELD = "resilient_bulkhead_held_seconds", "How long places were held.";
    Gauge COUNT BULKHEAD_IN_USE = "resilient_bulkhead_in_use", "Places that are taken.";
    Gauge COUNT BULKHEAD_LIMIT = "resilient_bulkhead_limit", "Places that there are.";
    Gauge COUNT BULKHEAD_WAITING = "resilient_bulkhead_waiting", "Calls that wait for places.";
    Gauge COUNT BULKHEAD_QUEUE_LIMIT = "resilient_bulkhead_queue_limit", "Calls that may wait.";

    Counter COUNT ADAPTIVE_CALLS = "resilient_adaptive_concurrency_calls_total",
        "Calls by whether they got a place.";
    Counter COUNT ADAPTIVE_OVERLOADS = "resilient_adaptive_concurrency_overloads_total",
        "Admitted calls that told of overload.";
    Histogram SECONDS ADAPTIVE_WAIT = "resilient_adaptive_concurrency_wait_seconds",
        "How long those waited for places that did not have them at once.";
    Histogram SECONDS ADAPTIVE_HELD = "resilient_adaptive_concurrency_held_seconds",
        "How long places were held.";
    Gauge COUNT ADAPTIVE_IN_USE = "resilient_adaptive_concurrency_in_use", "Places that are taken.";
    Gauge COUNT ADAPTIVE_LIMIT = "resilient_adaptive_concurrency_limit", "The limit as it stands.";
    Gauge COUNT ADAPTIVE_MIN_LIMIT = "resilient_adaptive_concurrency_min_limit",
        "What the limit does not go below.";
    Gauge COUNT ADAPTIVE_WAITING = "resilient_adaptive_concurrency_waiting", "Calls that wait for places.";
    Gauge COUNT ADAPTIVE_QUEUE_LIMIT = "resilient_adaptive_concurrency_queue_limit", "Calls that may wait.";

    Counter COUNT HEDGES = "resilient_hedges_total", "Hedges that were started.";
    Counter COUNT HEDGES_WON = "resilient_hedges_won_total", "Hedges that succeeded first.";
    Counter COUNT HEDGES_WITHHELD = "resilient_hedges_withheld_total", "Hedges that were not started.";
    Gauge SECONDS HEDGE_DELAY = "resilient_hedge_delay_seconds",
        "How long an attempt is waited for, NaN while too few calls were measured.";

    Counter COUNT FAULTS = "resilient_faults_total", "Faults that were injected.";

    Counter COUNT KEYS_EXHAUSTED = "resilient_keys_exhausted_total",
        "Calls with a new key for which there was no place.";
    Gauge COUNT KEYS = "resilient_keys", "Keys that have a state.";
    Gauge COUNT KEYS_BUSY = "resilient_keys_busy",
        "Keys that are in use, refuse calls or have not refilled.";

    Gauge NONE LAYER_ENABLED = "resilient_layer_enabled", "1 while the layer is not switched off by itself.";
    Gauge NONE ENABLED = "resilient_enabled", "0 while everything is switched off but the fallbacks.";
}

pub(super) fn describe(recorder: &dyn Recorder) {
    for metric in ALL {
        let (name, help) = (metric.name.into(), metric.help.into());
        match metric.is {
            Is::Counter => recorder.describe_counter(name, metric.unit, help),
            Is::Gauge => recorder.describe_gauge(name, metric.unit, help),
            Is::Histogram => recorder.describe_histogram(name, metric.unit, help),
        }
    }
}
