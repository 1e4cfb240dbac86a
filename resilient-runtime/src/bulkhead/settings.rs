//! The settings of a bulkhead.

use std::time::Duration;

use crate::gate::check_queue;
use crate::site::{IsLaid, Knob, Settings, Unit, count, nanos};

/// How many calls a bulkhead lets run at a time, and how many may wait for how long.
///
/// Built by value and in `const` contexts. A value out of range is brought into it.
///
/// ```
/// use resilient_runtime::BulkheadSettings;
/// use std::time::Duration;
///
/// const DUMPS: BulkheadSettings = BulkheadSettings::new()
///     .max_concurrent(4)
///     .max_queue(16)
///     .max_wait(Duration::from_millis(200));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkheadSettings {
    pub(crate) max_concurrent: u32,
    pub(super) max_queue: u32,
    pub(super) max_wait: Option<Duration>,
}

impl BulkheadSettings {
    /// Ten at a time, and nobody waits.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_concurrent: 10,
            max_queue: 0,
            max_wait: None,
        }
    }

    /// The places, at least one \[10\]. A call takes as many as it costs.
    #[must_use]
    pub const fn max_concurrent(mut self, places: u32) -> Self {
        self.max_concurrent = if places == 0 { 1 } else { places };
        self
    }

    /// How many calls may wait for a place \[0: what finds none free is refused\].
    #[must_use]
    pub const fn max_queue(mut self, calls: u32) -> Self {
        self.max_queue = calls;
        self
    }

    /// How long a call may wait \[as long as its deadline allows\]. Zero: not at all.
    #[must_use]
    pub const fn max_wait(mut self, time: Duration) -> Self {
        self.max_wait = Some(time);
        self
    }
}

impl Default for BulkheadSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings for BulkheadSettings {
    const KNOBS: &'static [Knob<Self>] = &[
        Knob {
            name: "max_concurrent",
            unit: Unit::AT_LEAST_ONE,
            get: |s| Some(s.max_concurrent.into()),
            put: |s, word| s.max_concurrent = count(word),
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

    fn check_use(&self, is_laid: IsLaid<'_>) -> Result<(), &'static str> {
        check_queue(self.max_queue, self.max_wait, is_laid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_is_laid_has_a_queue() {
        let waits = BulkheadSettings::new().max_wait(Duration::from_secs(1));
        assert!(waits.check_use(&|_| true).is_err());
        assert_eq!(waits.max_queue(1).check_use(&|_| true), Ok(()));
        assert_eq!(waits.check(&|_| true), Ok(()), "a handle may say it");
    }
}
