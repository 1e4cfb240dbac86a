//! The settings of a rate limiter.

use std::time::Duration;

use super::scale::Scale;

/// How much a rate limiter admits.
///
/// Built by value and in `const` contexts. A value out of range is brought into it and never
/// panics: no permits are one, no time is one nanosecond.
///
/// ```
/// use resilient_runtime::RateLimiterSettings;
/// use std::time::Duration;
///
/// const TENANT: RateLimiterSettings =
///     RateLimiterSettings::new(1_000, Duration::from_secs(60)).burst(50);
/// const SEARCH: RateLimiterSettings =
///     RateLimiterSettings::per_second(100).max_wait(Duration::from_millis(20));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimiterSettings {
    pub(super) permits: u32,
    pub(super) per: Duration,
    /// `None`: the permits of one `per`.
    pub(super) burst: Option<u32>,
    pub(super) max_wait: Duration,
    /// Which knobs gave the rate while it ran, for they may contradict each other.
    pub(super) said_per_second: bool,
    pub(super) said_parts: bool,
    /// What follows from the others.
    pub(super) scale: Scale,
}

impl RateLimiterSettings {
    /// So many permits a second, all of which may be taken at once, and nobody waits.
    #[must_use]
    pub const fn per_second(permits: u32) -> Self {
        Self::new(permits, Duration::from_secs(1))
    }

    /// So many permits in each `per`, all of which may be taken at once, and nobody waits.
    #[must_use]
    pub const fn new(permits: u32, per: Duration) -> Self {
        Self {
            permits,
            per,
            burst: None,
            max_wait: Duration::ZERO,
            said_per_second: false,
            said_parts: false,
            scale: Scale::of(1, 1, 1),
        }
        .settled()
    }

    /// Another number of permits in the same time.
    #[must_use]
    pub const fn permits(mut self, permits: u32) -> Self {
        self.permits = permits;
        self.settled()
    }

    /// Another time for the same number of permits.
    #[must_use]
    pub const fn per(mut self, per: Duration) -> Self {
        self.per = per;
        self.settled()
    }

    /// How many permits may be taken at once after a pause, at least one \[as many as come in
    /// one `per`\]. A call that costs more is never admitted.
    ///
    /// With few of them, calls that come unevenly are refused although the rate would allow
    /// them: of calls at random times at nine tenths of the rate, a burst of 1 admits about half.
    #[must_use]
    pub const fn burst(mut self, burst: u32) -> Self {
        self.burst = Some(burst);
        self.settled()
    }

    /// How long a call waits for its permits at the most \[0: it does not\]. One that would have
    /// to wait longer is refused at once.
    #[must_use]
    pub const fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = max_wait;
        self
    }

    pub(crate) const fn most_at_once(&self) -> u32 {
        match self.burst {
            Some(burst) => burst,
            None => self.permits,
        }
    }

    const fn settled(mut self) -> Self {
        if self.permits == 0 {
            self.permits = 1;
        }
        if self.per.is_zero() {
            self.per = Duration::from_nanos(1);
        }
        if let Some(0) = self.burst {
            self.burst = Some(1);
        }
        let per = self.per.as_nanos();
        let per = if per > u64::MAX as u128 {
            u64::MAX
        } else {
            per as u64
        };
        self.scale = Scale::of(self.permits, per, self.most_at_once());
        self
    }
}
