//! A layer as an operator sees it, whatever its policy.

use std::any::Any;
use std::fmt;

use super::Site;
use super::given::Given;
use super::{KeyReading, Origin, Reading, Setting, SettingError, States, Switch, Tuning, Value};
use crate::circuit_breaker::CircuitBreaker;
use crate::event::{self, EventKind};

/// Which policy a layer applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LayerKind {
    /// `#[retry]`
    Retry,
    /// `#[timeout]`
    Timeout,
    /// `#[circuit_breaker]`
    CircuitBreaker,
    /// `#[rate_limit]`
    RateLimit,
    /// `#[bulkhead]`
    Bulkhead,
    /// `#[adaptive_concurrency]`
    AdaptiveConcurrency,
    /// `#[fault]`
    Fault,
    /// `#[fallback]`
    Fallback,
    /// `#[hedge]`
    Hedge,
}

impl LayerKind {
    #[cfg(any(feature = "config", feature = "dashboard"))]
    pub(crate) const ALL: [Self; 9] = [
        Self::Retry,
        Self::Timeout,
        Self::CircuitBreaker,
        Self::RateLimit,
        Self::Bulkhead,
        Self::AdaptiveConcurrency,
        Self::Fault,
        Self::Fallback,
        Self::Hedge,
    ];

    /// The attribute's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Timeout => "timeout",
            Self::CircuitBreaker => "circuit_breaker",
            Self::RateLimit => "rate_limit",
            Self::Bulkhead => "bulkhead",
            Self::AdaptiveConcurrency => "adaptive_concurrency",
            Self::Fault => "fault",
            Self::Fallback => "fallback",
            Self::Hedge => "hedge",
        }
    }
}

impl fmt::Display for LayerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One layer of an annotated function: a handle for operators.
///
/// A change holds from the next call (for a retry also for the calls under way: from the
/// next attempt that fails) until the program ends.
pub trait Layer: fmt::Debug + Sync {
    /// Which policy it applies.
    fn kind(&self) -> LayerKind;

    /// Whether it takes part, unless all layers are switched off.
    fn is_enabled(&self) -> bool {
        self.switch().is_enabled()
    }

    /// Takes this layer out of the stack, or puts it in again, whatever a configuration says.
    fn set_enabled(&self, enabled: bool) {
        self.switch().set_enabled(Some(enabled));
    }

    /// Goes back to what the configuration says of [`is_enabled`](Self::is_enabled); without one it takes part.
    fn unset_enabled(&self) {
        self.switch().set_enabled(None);
    }

    /// Who says whether it [takes part](Self::is_enabled).
    fn enabled_by(&self) -> Origin {
        self.switch().enabled_by()
    }

    /// Whether its state was handed in with `state = ..`: then its settings and how it stands are asked of that.
    fn is_shared(&self) -> bool {
        self.tuning().is_none()
    }

    /// Its knobs, in the order of the documentation. Empty where there are none, and
    /// where they belong to a state that was handed in with `state = ..`.
    fn settings(&self) -> Vec<Setting> {
        self.tuning()
            .map(|tuning| tuning.list(None))
            .unwrap_or_default()
    }

    /// Lays `value` over what the code and the configuration say for `knob`.
    ///
    /// Looked at is this layer alone, and what cannot hold at once. That the value has a use is for whoever sets it to see:
    /// a `max_wait` without a queue is taken, and so is a timeout that is longer than one outside of it. A configuration,
    /// which says everything at once, is held to that too.
    ///
    /// # Errors
    ///
    /// An unknown knob, a value that the knob does not take, settings that would
    /// contradict each other, or a state that was handed in with `state = ..`.
    /// Nothing has changed then.
    fn set(&self, knob: &str, value: Value) -> Result<(), SettingError> {
        let tuning = self.tuning().ok_or(SettingError::Shared)?;
        tuning.set(None, knob, Some(value))
    }

    /// Goes back to what the code and the configuration say for `knob`.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set).
    fn unset(&self, knob: &str) -> Result<(), SettingError> {
        let tuning = self.tuning().ok_or(SettingError::Shared)?;
        tuning.set(None, knob, None)
    }

    /// The knobs as they stand for one key, known by its text: what is laid over that key alone, and the
    /// [settings](Self::settings) of all where nothing is.
    fn settings_of(&self, key: &str) -> Vec<Setting> {
        self.tuning()
            .map(|tuning| tuning.list(Some(key)))
            .unwrap_or_default()
    }

    /// [`set`](Self::set) for one key, known by its text, whether it has come yet or not. A key that has neither `Display`
    /// nor `Debug` has no text, so what is said here reaches none such.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set), where the layer has no keys, and for a text of more than 64 bytes, which is not kept in
    /// whole.
    fn set_for(&self, key: &str, knob: &str, value: Value) -> Result<(), SettingError> {
        let tuning = self.tuning().ok_or(SettingError::Shared)?;
        tuning.set(Some(key), knob, Some(value))
    }

    /// [`unset`](Self::unset) for one key.
    ///
    /// # Errors
    ///
    /// As for [`set_for`](Self::set_for).
    fn unset_for(&self, key: &str, knob: &str) -> Result<(), SettingError> {
        let tuning = self.tuning().ok_or(SettingError::Shared)?;
        tuning.set(Some(key), knob, None)
    }

    /// A value for a knob as somebody writes it down, in the notation of the attributes: `250ms`, `0.5`, `fib`.
    ///
    /// # Errors
    ///
    /// An unknown knob, or no value that it takes.
    fn parse(&self, knob: &str, text: &str) -> Result<Value, SettingError> {
        let tuning = self.tuning().ok_or(SettingError::Shared)?;
        tuning
            .choose(knob, Given::Text(text))
            .map(|chosen| chosen.value)
    }

    /// The circuit breaker, if this is the layer of one that the function owns.
    fn breaker(&self) -> Option<&CircuitBreaker> {
        let state: &dyn Any = self.states()?;
        state.downcast_ref()
    }

    /// How its state stands. `None` where it has none, one for each key, or one that was handed in with
    /// `state = ..`.
    fn reading(&self) -> Option<Reading> {
        self.states()?.reading()
    }

    /// How the state of each key stands, in no order. `None` where it has no keys of its own.
    fn keys(&self) -> Option<Vec<KeyReading>> {
        self.states()?.keys()
    }

    /// The budget of a retry, as a layer of its own, if the function owns it.
    fn budget(&self) -> Option<&dyn Layer> {
        None
    }

    // These name types that nobody outside can: the trait is not for others to implement.
    #[doc(hidden)]
    fn states(&self) -> Option<&dyn States> {
        None
    }
    #[doc(hidden)]
    fn switch(&self) -> &Switch;
    #[doc(hidden)]
    fn tuning(&self) -> Option<&dyn Tuning>;
}

impl dyn Layer {
    /// The state of the layer, if it is an `S` and the function or its `impl` owns it: a
    /// [`RateLimiter`](crate::RateLimiter), a [`Bulkhead`](crate::Bulkhead), a
    /// [`Keyed`](crate::Keyed) of one, and so on.
    #[must_use]
    pub fn state<S: 'static>(&self) -> Option<&S> {
        let state: &dyn Any = self.states()?;
        state.downcast_ref()
    }
}

/// Who asks: an annotated function, or a policy used by hand under a name of its own.
#[derive(Clone, Copy, Debug)]
pub enum Caller {
    Site(&'static Site),
    Named(&'static str),
}

impl Caller {
    #[inline]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Site(site) => site.name(),
            Self::Named(name) => name,
        }
    }

    #[inline]
    pub(crate) fn emit(self, kind: impl FnOnce() -> EventKind) {
        event::emit(self, None, kind);
    }
}
