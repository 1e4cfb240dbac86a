//! The knobs of a circuit breaker, as a handle sees them.

use std::time::Duration;

use super::settings::{CircuitBreakerSettings as S, Window};
use crate::site::{Knob, Settings, Unit, count, duration_word, nanos, of_second_kind, second_kind};

const SOME_TIME: Unit = Unit::Duration { zero: false };

impl Settings for S {
    const KNOBS: &'static [Knob<Self>] = &[
        Knob {
            name: "failure_rate",
            unit: Unit::Rate,
            get: |s| s.failure_rule().map(f64::to_bits),
            put: |s, word| *s = s.failure_rate(f64::from_bits(word)),
        },
        Knob {
            name: "min_calls",
            unit: Unit::AT_LEAST_ONE,
            get: |s| Some(s.min_calls.into()),
            put: |s, word| s.min_calls = count(word),
        },
        Knob {
            name: "window",
            unit: Unit::DurationOrCount {
                max: Window::MAX_CALLS,
            },
            get: |s| Some(window_word(s.window)),
            put: |s, word| *s = s.window(window_of(word)),
        },
        Knob {
            name: "consecutive_failures",
            unit: Unit::AT_LEAST_ONE,
            get: |s| s.consecutive_failures.map(u64::from),
            put: |s, word| s.consecutive_failures = Some(count(word)),
        },
        Knob {
            name: "slow_call",
            unit: SOME_TIME,
            get: |s| s.slow_call.map(nanos),
            put: |s, word| s.slow_call = Some(Duration::from_nanos(word)),
        },
        Knob {
            name: "slow_call_rate",
            unit: Unit::Rate,
            get: |s| Some(s.slow_call_rate.to_bits()),
            put: |s, word| s.slow_call_rate = f64::from_bits(word),
        },
        Knob {
            name: "open_for",
            unit: SOME_TIME,
            get: |s| Some(nanos(s.open_for)),
            put: |s, word| s.open_for = Duration::from_nanos(word),
        },
        Knob {
            name: "open_factor",
            unit: Unit::Factor,
            get: |s| Some(s.open_factor.to_bits()),
            put: |s, word| s.open_factor = f64::from_bits(word),
        },
        Knob {
            name: "open_max",
            unit: SOME_TIME,
            get: |s| Some(nanos(s.open_max)),
            put: |s, word| s.open_max = Duration::from_nanos(word),
        },
        Knob {
            name: "half_open_calls",
            unit: Unit::AT_LEAST_ONE,
            get: |s| Some(s.half_open_calls.into()),
            put: |s, word| s.half_open_calls = count(word),
        },
        Knob {
            name: "half_open_max",
            unit: SOME_TIME,
            get: |s| Some(nanos(s.half_open_max)),
            put: |s, word| s.half_open_max = Duration::from_nanos(word),
        },
    ];
}

fn window_word(window: Window) -> u64 {
    match window {
        Window::Time(span) => duration_word(span),
        Window::Calls(calls) => of_second_kind(calls.into()),
    }
}

fn window_of(word: u64) -> Window {
    second_kind(word).map_or(Window::Time(Duration::from_nanos(word)), |calls| {
        Window::Calls(count(calls))
    })
}
