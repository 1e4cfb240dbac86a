//! The knobs of an adaptive limit, as a handle sees them.

use std::time::Duration;

use super::settings::AdaptiveConcurrencySettings as S;
use crate::site::{Knob, Settings, Unit, count, nanos};

impl Settings for S {
    const KNOBS: &'static [Knob<Self>] = &[
        Knob {
            name: "initial",
            unit: Unit::AT_LEAST_ONE,
            get: |s| Some(s.initial.into()),
            put: |s, word| s.initial = count(word),
        },
        Knob {
            name: "min",
            unit: Unit::AT_LEAST_ONE,
            get: |s| Some(s.min.into()),
            put: |s, word| s.min = count(word),
        },
        Knob {
            name: "max",
            unit: Unit::AT_LEAST_ONE,
            get: |s| Some(s.max.into()),
            put: |s, word| s.max = count(word),
        },
        Knob {
            name: "max_queue",
            unit: Unit::COUNT,
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
