//! The settings of a retry budget.

use super::bucket::Terms;
use crate::site::{Knob, Settings, Unit, count};

/// How many retries a budget allows.
///
/// Built by value and in `const` contexts. A rate that is negative, or no number, is taken for zero.
///
/// ```
/// use resilient_runtime::RetryBudgetSettings;
///
/// const STEADY: RetryBudgetSettings = RetryBudgetSettings::new().capacity(20).ratio(0.2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryBudgetSettings {
    capacity: u32,
    ratio: f64,
    per_second: f64,
}

impl RetryBudgetSettings {
    /// 100 retries at once, and then one for ten successes, and one in ten seconds.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            capacity: 100,
            ratio: 0.1,
            per_second: 0.1,
        }
    }

    /// 10 retries at once instead of 100: for a service that many processes call, each of which
    /// brings what it has saved into the same outage.
    #[must_use]
    pub const fn strict() -> Self {
        Self::new().capacity(10)
    }

    /// How many retries can be saved up, and are there at first. With none there is no retry.
    #[must_use]
    pub const fn capacity(mut self, capacity: u32) -> Self {
        self.capacity = capacity;
        self
    }

    /// How many retries a success earns.
    #[must_use]
    pub const fn ratio(mut self, ratio: f64) -> Self {
        self.ratio = ratio;
        self
    }

    /// How many retries come in with each second, so that calls which are rare can be tried again. With none, a bucket
    /// fills by successes alone, and that of a [key](crate::Keyed) is in use until they have filled it.
    #[must_use]
    pub const fn per_second(mut self, per_second: f64) -> Self {
        self.per_second = per_second;
        self
    }

    pub(super) const fn most(&self) -> u32 {
        self.capacity
    }

    pub(super) const fn terms(&self) -> Terms {
        Terms::new(self.capacity, self.ratio, self.per_second)
    }
}

impl Default for RetryBudgetSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings for RetryBudgetSettings {
    const KNOBS: &'static [Knob<Self>] = &[
        Knob {
            name: "capacity",
            unit: Unit::COUNT,
            get: |budget| Some(budget.capacity.into()),
            put: |budget, word| budget.capacity = count(word),
        },
        Knob {
            name: "ratio",
            unit: Unit::Number,
            get: |budget| Some(budget.ratio.to_bits()),
            put: |budget, word| budget.ratio = f64::from_bits(word),
        },
        Knob {
            name: "per_second",
            unit: Unit::Number,
            get: |budget| Some(budget.per_second.to_bits()),
            put: |budget, word| budget.per_second = f64::from_bits(word),
        },
    ];
}
