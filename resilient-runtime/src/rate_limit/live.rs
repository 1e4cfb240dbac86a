//! The knobs of a rate limiter, as a handle sees them.

use std::time::Duration;

use super::settings::RateLimiterSettings as S;
use crate::site::{Knob, Settings, Unit, nanos};

const AT_LEAST_ONE: Unit = Unit::Count {
    min: 1,
    max: u32::MAX,
};

impl Settings for S {
    const KNOBS: &'static [Knob<Self>] = &[
        Knob {
            name: "per_second",
            unit: AT_LEAST_ONE,
            get: |s| (s.per == Duration::from_secs(1)).then_some(s.permits.into()),
            put: |s, word| {
                *s = s.permits(count(word)).per(Duration::from_secs(1));
                s.said_per_second = true;
            },
        },
        Knob {
            name: "permits",
            unit: AT_LEAST_ONE,
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
            unit: AT_LEAST_ONE,
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

    fn check(&self) -> Result<(), &'static str> {
        if self.said_per_second && self.said_parts {
            return Err(
                "`per_second` and `permits` with `per` are two ways to say the rate: unset one",
            );
        }
        Ok(())
    }
}

fn count(word: u64) -> u32 {
    u32::try_from(word).unwrap_or(u32::MAX)
}
