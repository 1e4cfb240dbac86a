//! The settings of an adaptive concurrency limit.

use std::time::Duration;

/// The bounds of an adaptive concurrency limit, and who may wait for a place.
///
/// Built by value and in `const` contexts. A value out of range is brought into it.
///
/// ```
/// use resilient_runtime::AdaptiveConcurrencySettings;
///
/// const SERVER: AdaptiveConcurrencySettings = AdaptiveConcurrencySettings::new().initial(50).max(500);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaptiveConcurrencySettings {
    pub(crate) initial: u32,
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) max_queue: u32,
    pub(crate) max_wait: Option<Duration>,
}

impl AdaptiveConcurrencySettings {
    /// Starts at 20 calls at once, stays from 1 to 1000, and nobody waits.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            initial: 20,
            min: 1,
            max: 1000,
            max_queue: 0,
            max_wait: None,
        }
    }

    /// The limit before anything is known \[20\].
    #[must_use]
    pub const fn initial(mut self, calls: u32) -> Self {
        self.initial = at_least_one(calls);
        self
    }

    /// The limit never goes below this \[1\].
    #[must_use]
    pub const fn min(mut self, calls: u32) -> Self {
        self.min = at_least_one(calls);
        self
    }

    /// The limit never goes above this \[1000\]; if it is below `min`, `min` counts in its place.
    #[must_use]
    pub const fn max(mut self, calls: u32) -> Self {
        self.max = at_least_one(calls);
        self
    }

    /// How many may wait for a place, first come, first served \[0\].
    #[must_use]
    pub const fn max_queue(mut self, calls: u32) -> Self {
        self.max_queue = calls;
        self
    }

    /// How long one may wait for a place \[as long as the deadline allows\].
    #[must_use]
    pub const fn max_wait(mut self, time: Duration) -> Self {
        self.max_wait = Some(time);
        self
    }

    /// `limit`, brought into the bounds.
    #[inline]
    pub(crate) fn bounded(&self, limit: u32) -> u32 {
        limit.min(self.max).max(self.min)
    }
}

impl Default for AdaptiveConcurrencySettings {
    fn default() -> Self {
        Self::new()
    }
}

const fn at_least_one(number: u32) -> u32 {
    if number == 0 { 1 } else { number }
}
