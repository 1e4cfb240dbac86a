//! The knobs of a rate limiter, as a handle sees them.

use std::time::Duration;

use super::settings::RateLimiterSettings as S;
use crate::site::{IsLaid, Knob, Settings, Unit, count, nanos};

impl Settings for S {
    const KNOBS: &'static [Knob<Self>] = &[
        Knob {
            name: "per_second",
            unit: Unit::AT_LEAST_ONE,
            get: |s| (s.per == Duration::from_secs(1)).then_some(s.permits.into()),
            put: |s, word| {
                *s = s.permits(count(word)).per(Duration::from_secs(1));
                s.said_per_second = true;
            },
        },
        Knob {
            name: "permits",
            unit: Unit::AT_LEAST_ONE,
            get: |s| Some(s.permits.into()),
            put: |s, word| {
                *s = s.permits(count(word));
                s.said_parts = true;
            },
        },
        Knob {
            name: "per",
            unit: Unit::Duration { zero: false },
            get: |s| Some(nanos(s.per)),
            put: |s, word| {
                *s = s.per(Duration::from_nanos(word));
                s.said_parts = true;
            },
        },
        Knob {
            name: "burst",
            unit: Unit::AT_LEAST_ONE,
            get: |s| Some(s.most_at_once().into()),
            put: |s, word| *s = s.burst(count(word)),
        },
        Knob {
            name: "max_wait",
            unit: Unit::Duration { zero: true },
            get: |s| Some(nanos(s.max_wait)),
            put: |s, word| *s = s.max_wait(Duration::from_nanos(word)),
        },
    ];

    fn check(&self, _: IsLaid<'_>) -> Result<(), &'static str> {
        if self.said_per_second && self.said_parts {
            return Err(
                "`per_second` and `permits` with `per` are two ways to say the rate: unset one",
            );
        }
        Ok(())
    }
}
