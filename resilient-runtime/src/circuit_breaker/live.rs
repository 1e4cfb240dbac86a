//! The knobs of a circuit breaker, as a handle sees them.

use std::time::Duration;

use super::settings::{CircuitBreakerSettings as S, Window};
use crate::site::{
    IsLaid, Knob, Settings, Unit, count, duration_word, nanos, of_second_kind, second_kind,
};

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

    fn check(&self, is_laid: IsLaid<'_>) -> Result<(), &'static str> {
        // A longer `open_for` counts in place of an `open_max` that nobody said.
        if is_laid("open_max") && self.open_max < self.open_for {
            return Err("`open_max` is below `open_for`");
        }
        Ok(())
    }

    fn check_use(&self, is_laid: IsLaid<'_>) -> Result<(), &'static str> {
        if is_laid("slow_call_rate") && self.slow_call.is_none() {
            return Err(
                "no call is slow until `slow_call` says from when on: say it too, or drop `slow_call_rate`",
            );
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_laid_fits_the_rest() {
        let longer = S::new().open_for(Duration::from_secs(61));
        assert_eq!(longer.check(&|knob| knob == "open_for"), Ok(()));
        let below = longer.check(&|knob| knob == "open_max");
        assert_eq!(below, Err("`open_max` is below `open_for`"));
        let rate = S::new().slow_call_rate(0.5);
        assert_eq!(rate.check_use(&|_| false), Ok(()));
        assert!(rate.check_use(&|knob| knob == "slow_call_rate").is_err());
        let both = rate.slow_call(Duration::from_secs(1));
        assert_eq!(both.check_use(&|_| true), Ok(()));
    }
}
