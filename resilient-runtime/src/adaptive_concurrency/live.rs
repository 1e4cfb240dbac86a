//! The knobs of an adaptive limit, as a handle sees them.

use std::time::Duration;

use super::settings::AdaptiveConcurrencySettings as S;
use crate::site::{Knob, Settings, Unit, nanos};

const AT_LEAST_ONE: Unit = Unit::Count {
    min: 1,
    max: u32::MAX,
};

impl Settings for S {
    const KNOBS: &'static [Knob<Self>] = &[
        Knob {
            name: "initial",
            unit: AT_LEAST_ONE,
            get: |s| Some(s.initial.into()),
            put: |s, word| s.initial = count(word),
        },
        Knob {
            name: "min",
            unit: AT_LEAST_ONE,
            get: |s| Some(s.min.into()),
            put: |s, word| s.min = count(word),
        },
        Knob {
            name: "max",
            unit: AT_LEAST_ONE,
            get: |s| Some(s.max.into()),
            put: |s, word| s.max = count(word),
        },
        Knob {
            name: "max_queue",
            unit: Unit::Count {
                min: 0,
                max: u32::MAX,
            },
            get: |s| Some(s.max_queue.into()),
            put: |s, word| s.max_queue = count(word),
        },
        Knob {
            name: "max_wait",
            unit: Unit::Duration { zero: true },
            get: |s| s.max_wait.map(nanos),
            put: |s, word| s.max_wait = Some(Duration::from_nanos(word)),
        },
    ];

    fn check(&self) -> Result<(), &'static str> {
        if self.min > self.max {
            return Err("`min` is above `max`");
        }
        Ok(())
    }
}

fn count(word: u64) -> u32 {
    u32::try_from(word).unwrap_or(u32::MAX)
}
