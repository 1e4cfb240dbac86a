//! The settings of a circuit breaker.

use std::time::Duration;

use super::change::StateChange;

/// The span over which a circuit breaker takes its rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Rolling time, in ten slices that leave one after the other: what is older than the duration never
    /// counts, what is younger than nine tenths of it always does. From one nanosecond upwards.
    Time(Duration),
    /// That many of the last calls, exactly: 1 to [`Window::MAX_CALLS`].
    Calls(u32),
}

impl Window {
    /// The most calls that a window of calls can hold. A larger number is taken as this one.
    pub const MAX_CALLS: u32 = 65_535;
}

/// How a circuit breaker decides: when it opens, for how long, and what closes it again.
///
/// Built by value and in `const` contexts. A value out of range is brought into it and never panics: a
/// duration or a number of zero becomes the smallest one, a rate is cut to `0.0..=1.0`, NaN changes nothing.
///
/// ```
/// use resilient_runtime::{CircuitBreakerSettings, Window};
/// use std::time::Duration;
///
/// const CACHE: CircuitBreakerSettings = CircuitBreakerSettings::new()
///     .failure_rate(0.6)
///     .window(Window::Calls(100))
///     .open_for(Duration::from_secs(2));
/// ```
///
/// It opens when a rule is met, and a rule is asked only when a call is recorded that counts against it:
/// a success never opens a breaker.
///
/// - [`failure_rate`](Self::failure_rate) of the calls in the window failed;
/// - [`consecutive_failures`](Self::consecutive_failures) in a row; set alone, it replaces the rate rule, and no window is kept;
/// - [`slow_call_rate`](Self::slow_call_rate) of the calls in the window took longer than [`slow_call`](Self::slow_call).
#[derive(Clone, Copy, Debug)]
pub struct CircuitBreakerSettings {
    /// `None`: not said.
    pub(crate) failure_rate: Option<f64>,
    pub(crate) min_calls: u32,
    pub(crate) window: Window,
    pub(crate) consecutive_failures: Option<u32>,
    pub(crate) slow_call: Option<Duration>,
    pub(crate) slow_call_rate: f64,
    pub(crate) open_for: Duration,
    pub(crate) open_factor: f64,
    pub(crate) open_max: Duration,
    pub(crate) half_open_calls: u32,
    pub(crate) half_open_max: Duration,
    pub(crate) on_change: Option<fn(&StateChange)>,
}

impl CircuitBreakerSettings {
    /// Opens at half of at least 20 calls within 10 s, for 5 s at first and 60 s at most; one
    /// successful probe closes it.
    pub const fn new() -> Self {
        CircuitBreakerSettings {
            failure_rate: None,
            min_calls: 20,
            window: Window::Time(Duration::from_secs(10)),
            consecutive_failures: None,
            slow_call: None,
            slow_call_rate: 1.0,
            open_for: Duration::from_secs(5),
            open_factor: 2.0,
            open_max: Duration::from_secs(60),
            half_open_calls: 1,
            half_open_max: Duration::from_secs(60),
            on_change: None,
        }
    }

    /// The part of the calls in the window that has to fail, `0.0..=1.0`; it opens at or above it
    /// \[0.5, unless `consecutive_failures` is set alone\].
    #[must_use]
    pub const fn failure_rate(mut self, rate: f64) -> Self {
        if !rate.is_nan() {
            self.failure_rate = Some(rate.clamp(0.0, 1.0));
        }
        self
    }

    /// No rate is taken of fewer calls than this \[20\]. A window of calls that holds fewer needs to be full.
    #[must_use]
    pub const fn min_calls(mut self, calls: u32) -> Self {
        self.min_calls = at_least_one(calls);
        self
    }

    /// The span over which rates are taken \[10 s\]. Changed while the breaker runs, it starts empty.
    #[must_use]
    pub const fn window(mut self, window: Window) -> Self {
        self.window = match window {
            Window::Time(span) => Window::Time(some_time(span)),
            Window::Calls(calls) if calls > Window::MAX_CALLS => Window::Calls(Window::MAX_CALLS),
            Window::Calls(calls) => Window::Calls(at_least_one(calls)),
        };
        self
    }

    /// Opens at that many failures in a row \[not at all\]. Calls that count as nothing do not end a run.
    /// Without an explicit `failure_rate` it replaces the rate rule.
    #[must_use]
    pub const fn consecutive_failures(mut self, count: u32) -> Self {
        self.consecutive_failures = Some(at_least_one(count));
        self
    }

    /// A call that takes strictly longer is slow, whatever its result \[no call is\].
    #[must_use]
    pub const fn slow_call(mut self, longer_than: Duration) -> Self {
        self.slow_call = Some(longer_than);
        self
    }

    /// The part of the calls in the window that has to be slow, `0.0..=1.0`; it opens at or above it
    /// \[1.0\]. Means nothing without `slow_call`.
    #[must_use]
    pub const fn slow_call_rate(mut self, rate: f64) -> Self {
        if !rate.is_nan() {
            self.slow_call_rate = rate.clamp(0.0, 1.0);
        }
        self
    }

    /// How long it refuses calls before it admits a probe \[5 s\].
    #[must_use]
    pub const fn open_for(mut self, time: Duration) -> Self {
        self.open_for = some_time(time);
        self
    }

    /// By how much `open_for` grows each time a probe fails \[2.0\], at least 1. Closing takes it back to the start.
    #[must_use]
    pub const fn open_factor(mut self, factor: f64) -> Self {
        if !factor.is_nan() {
            self.open_factor = factor.clamp(1.0, f64::MAX);
        }
        self
    }

    /// What `open_for` grows to at most \[60 s\]; a longer `open_for` counts in its place.
    #[must_use]
    pub const fn open_max(mut self, time: Duration) -> Self {
        self.open_max = time;
        self
    }

    /// Half-open, that many probes are admitted, and that many successes close it \[1\].
    #[must_use]
    pub const fn half_open_calls(mut self, calls: u32) -> Self {
        self.half_open_calls = at_least_one(calls);
        self
    }

    /// A probe that has not reported by then loses its place to another, and its late result is
    /// ignored \[60 s\].
    #[must_use]
    pub const fn half_open_max(mut self, time: Duration) -> Self {
        self.half_open_max = some_time(time);
        self
    }

    /// Called after each change of state, outside any lock, by the call that brought it about.
    /// Its panic is reported by the panic hook and has no other effect.
    #[must_use]
    pub const fn on_change(mut self, listener: fn(&StateChange)) -> Self {
        self.on_change = Some(listener);
        self
    }

    /// The rate at which it opens, if there is a rate rule.
    pub(crate) const fn failure_rule(&self) -> Option<f64> {
        match (self.failure_rate, self.consecutive_failures) {
            (None, None) => Some(0.5),
            (rate, _) => rate,
        }
    }

    /// The rate of slow calls at which it opens, if there is such a rule.
    pub(crate) const fn slow_rule(&self) -> Option<f64> {
        match self.slow_call {
            Some(_) => Some(self.slow_call_rate),
            None => None,
        }
    }

    /// Whether any rule takes a rate.
    pub(crate) const fn keeps_window(&self) -> bool {
        self.failure_rule().is_some() || self.slow_call.is_some()
    }

    /// No rate is taken of fewer calls than this.
    pub(crate) const fn least_calls(&self) -> u32 {
        match self.window {
            Window::Calls(calls) if calls < self.min_calls => calls,
            _ => self.min_calls,
        }
    }

    /// How long it stays open after so many failed probes since it was last closed.
    pub(crate) fn open_period(&self, reopened: u32) -> Duration {
        let longest = self.open_max.max(self.open_for);
        let factor = self.open_factor.powi(reopened.min(i32::MAX as u32) as i32);
        if factor == 1.0 {
            return self.open_for;
        }
        // More than a `Duration` can hold is more than the longest, too.
        Duration::try_from_secs_f64(self.open_for.as_secs_f64() * factor)
            .map_or(longest, |period| period.clamp(self.open_for, longest))
    }
}

impl Default for CircuitBreakerSettings {
    fn default() -> Self {
        Self::new()
    }
}

const fn at_least_one(number: u32) -> u32 {
    if number == 0 { 1 } else { number }
}

const fn some_time(time: Duration) -> Duration {
    if time.is_zero() {
        Duration::from_nanos(1)
    } else {
        time
    }
}
