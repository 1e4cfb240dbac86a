//! The knobs of an adaptive limit, as a handle sees them.

use std::time::Duration;

use super::settings::AdaptiveConcurrencySettings as S;
use crate::gate::check_queue;
use crate::site::{IsLaid, Knob, Settings, Unit, count, nanos};

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

    fn check(&self, is_laid: IsLaid<'_>) -> Result<(), &'static str> {
        if self.min > self.max {
            return Err("`min` is above `max`");
        }
        if is_laid("initial") && self.initial < self.min {
            return Err("`initial` is below `min`");
        }
        if is_laid("initial") && self.initial > self.max {
            return Err("`initial` is above `max`");
        }
        Ok(())
    }

    fn check_use(&self, is_laid: IsLaid<'_>) -> Result<(), &'static str> {
        check_queue(self.max_queue, self.max_wait, is_laid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_initial_limit_that_is_laid_is_within_the_bounds() {
        let narrow = S::new().min(5).max(7);
        for (initial, fits) in [(4, false), (5, true), (7, true), (8, false)] {
            let settings = narrow.initial(initial);
            assert_eq!(settings.check(&|knob| knob == "initial").is_ok(), fits);
            assert_eq!(settings.check(&|knob| knob == "max"), Ok(()));
        }
        assert!(S::new().min(3).max(2).check(&|_| false).is_err());
    }

    #[test]
    fn a_wait_that_is_laid_has_a_queue() {
        let waits = S::new().max_wait(Duration::from_secs(1));
        assert!(waits.check_use(&|_| true).is_err());
        assert_eq!(waits.max_queue(1).check_use(&|_| true), Ok(()));
    }
}
