//! What a rule for a concurrency limit is told, and what it answers.

use std::time::Duration;

/// A rule that finds a concurrency limit, one window of observations at a time.
///
/// Built in are [`Elasticity`](crate::Elasticity), [`Aimd`](crate::Aimd), [`Gradient2`](crate::Gradient2) and
/// [`Vegas`](crate::Vegas). A type of one's own is named in the attribute (`algorithm = path::Type`) or in
/// [`AdaptiveConcurrency`](crate::AdaptiveConcurrency):
///
/// ```
/// use resilient_runtime::{AdaptiveConcurrency, LimitAlgorithm, LimitUpdate, LimitWindow};
/// use std::time::Duration;
///
/// /// Holds what was asked for at first, and a tenth less after each window with drops.
/// struct Cautious;
///
/// impl LimitAlgorithm for Cautious {
///     const NEW: Self = Cautious;
///
///     fn update(&mut self, window: &LimitWindow) -> LimitUpdate {
///         let limit = f64::from(window.limit);
///         let next = if window.dropped > 0 { limit * 0.9 } else { limit };
///         LimitUpdate::new(next).lasting(Duration::from_millis(500))
///     }
/// }
///
/// static LIMIT: AdaptiveConcurrency<Cautious> = AdaptiveConcurrency::new();
/// assert_eq!(LIMIT.limit(), 20);
/// ```
///
/// There is one value for each limit (each key has one, and each isolated test), changed by one thread at a time. It is
/// asked at the end of a window, never for a single call: a rule that follows single delays follows their noise.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no algorithm for a concurrency limit",
    label = "not a `LimitAlgorithm`",
    note = "name one of `\"elasticity\"`, `\"aimd\"`, `\"gradient2\"`, `\"vegas\"`, or a type that implements `resilient_runtime::LimitAlgorithm`"
)]
pub trait LimitAlgorithm: Send + Sync + 'static {
    /// The rule as it is before the first window.
    const NEW: Self;

    /// Takes in one window and says the limit for the next. It runs in the call that happened to end the window, so it has to be
    /// quick and must not block. The limit is brought into the bounds of the settings afterwards; a NaN changes nothing.
    fn update(&mut self, window: &LimitWindow) -> LimitUpdate;
}

/// What was seen in one window, in which the limit did not change.
///
/// A window begins when the limit has settled, so the calls that were admitted under an earlier limit are for the most part over.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LimitWindow {
    /// The limit that was in force.
    pub limit: u32,
    /// The limit that the settings begin with.
    pub initial_limit: u32,
    /// The smallest limit that the settings allow.
    pub min_limit: u32,
    /// The largest limit that the settings allow.
    pub max_limit: u32,
    /// From its first moment to its last.
    pub duration: Duration,
    /// Calls that were answered: with a result or with an error of the function. Those that took *long*, sixteen times the mean of
    /// the window before and 100 ms at the least, do not count until most do: a call that hung for a minute is no measure.
    pub samples: u32,
    /// Mean time that those took.
    pub latency: Duration,
    /// Mean of the base-two logarithm of their time in nanoseconds: what a few very long calls do not move.
    pub log_latency: f64,
    /// The shortest time that any took; zero without a sample.
    pub min_latency: Duration,
    /// Calls that ended in a timeout of this crate, or were answered that the other side is overloaded.
    pub dropped: u32,
    /// Calls that found the limit reached: refused, or put into the queue. One that was refused after a wait counts
    /// twice.
    pub refused: u32,
    /// The most calls in flight at once.
    pub max_in_flight: u32,
    /// Places that were in use at the end of the window and of which [`latency`](Self::latency) says nothing: those of calls
    /// that take long, once they have, and those that are [carried](crate::Carry) on when their calls are over.
    pub held: u32,
}

impl LimitWindow {
    /// Answered calls a second.
    pub fn throughput(&self) -> f64 {
        let seconds = self.duration.as_secs_f64();
        if seconds > 0.0 {
            f64::from(self.samples) / seconds
        } else {
            0.0
        }
    }

    /// Mean number in flight of the calls that were answered, by Little's law.
    pub fn concurrency(&self) -> f64 {
        self.throughput() * self.latency.as_secs_f64()
    }

    /// The part of the calls that wanted in and found the limit reached, `0.0..=1.0`.
    pub fn refusal_rate(&self) -> f64 {
        rate(self.refused, self.samples.saturating_add(self.dropped))
    }

    /// The part of the calls that ended which were dropped, `0.0..=1.0`.
    pub fn drop_rate(&self) -> f64 {
        rate(self.dropped, self.samples)
    }
}

fn rate(part: u32, rest: u32) -> f64 {
    let whole = f64::from(part) + f64::from(rest);
    if whole > 0.0 {
        f64::from(part) / whole
    } else {
        0.0
    }
}

/// A limit, and the window to be judged by next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitUpdate {
    pub(crate) limit: f64,
    pub(crate) settle: Duration,
    pub(crate) duration: Duration,
    pub(crate) samples: u32,
    pub(crate) longest: Duration,
}

impl LimitUpdate {
    /// The limit; rounded to a whole number. Its window begins at once, lasts at least 100 ms and until 10 calls have ended, and 1 s
    /// at most without them.
    #[must_use]
    pub const fn new(limit: f64) -> Self {
        Self {
            limit,
            settle: Duration::ZERO,
            duration: Duration::from_millis(100),
            samples: 10,
            longest: Duration::from_secs(1),
        }
    }

    /// Nothing counts for so long at first, until the new limit has had its effect \[zero\]. One mean latency suffices as a rule.
    #[must_use]
    pub const fn after(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// The window lasts at least so long \[100 ms\].
    #[must_use]
    pub const fn lasting(mut self, duration: Duration) -> Self {
        self.duration = duration;
        self
    }

    /// The window lasts until so many calls have ended, answered or dropped \[10\], or for `longest` if they do not \[1 s\].
    #[must_use]
    pub const fn of_samples(mut self, samples: u32, longest: Duration) -> Self {
        self.samples = samples;
        self.longest = longest;
        self
    }
}
