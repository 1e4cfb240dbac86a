//! A layer as an operator sees it, whatever its policy.

use std::any::Any;
use std::fmt;

use super::Site;
use super::{Live, Setting, SettingError, Settings, Switch, Value};
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

/// What can be read and changed of a layer's settings, whatever their type.
pub trait Tuning {
    fn list(&self) -> Vec<Setting>;
    fn set(&self, knob: &str, value: Value) -> Result<(), SettingError>;
    fn unset(&self, knob: &str) -> Result<(), SettingError>;
}

impl<S: Settings> Tuning for Live<S> {
    fn list(&self) -> Vec<Setting> {
        Live::list(self)
    }

    fn set(&self, knob: &str, value: Value) -> Result<(), SettingError> {
        Live::set(self, knob, value)
    }

    fn unset(&self, knob: &str) -> Result<(), SettingError> {
        Live::unset(self, knob)
    }
}

/// For a layer without knobs.
#[derive(Debug)]
pub(crate) struct NoKnobs;

impl NoKnobs {
    fn unknown(knob: &str) -> Result<(), SettingError> {
        Err(SettingError::UnknownKnob {
            knob: knob.to_owned(),
            known: Vec::new(),
        })
    }
}

impl Tuning for NoKnobs {
    fn list(&self) -> Vec<Setting> {
        Vec::new()
    }

    fn set(&self, knob: &str, _value: Value) -> Result<(), SettingError> {
        Self::unknown(knob)
    }

    fn unset(&self, knob: &str) -> Result<(), SettingError> {
        Self::unknown(knob)
    }
}

/// One layer of an annotated function: a handle for operators.
///
/// A change holds from the next call (for a retry: from the next call, not the
/// next attempt) until the program ends.
pub trait Layer: fmt::Debug + Sync {
    /// Which policy it applies.
    fn kind(&self) -> LayerKind;

    /// Whether it takes part, unless all layers are switched off.
    fn is_enabled(&self) -> bool {
        self.switch().is_enabled()
    }

    /// Takes this layer out of the stack, or puts it in again.
    fn set_enabled(&self, enabled: bool) {
        self.switch().set_enabled(enabled);
    }

    /// Its knobs, in the order of the documentation. Empty where there are none, and
    /// where they belong to a state that was handed in with `state = ..`.
    fn settings(&self) -> Vec<Setting> {
        self.tuning().map(Tuning::list).unwrap_or_default()
    }

    /// Lays `value` over what the code says for `knob`.
    ///
    /// # Errors
    ///
    /// An unknown knob, a value that the knob does not take, settings that would
    /// contradict each other, or a state that was handed in with `state = ..`.
    /// Nothing has changed then.
    fn set(&self, knob: &str, value: Value) -> Result<(), SettingError> {
        self.tuning().ok_or(SettingError::Shared)?.set(knob, value)
    }

    /// Goes back to what the code says for `knob`.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set).
    fn unset(&self, knob: &str) -> Result<(), SettingError> {
        self.tuning().ok_or(SettingError::Shared)?.unset(knob)
    }

    /// The circuit breaker, if this is the layer of one that the function owns.
    fn breaker(&self) -> Option<&CircuitBreaker> {
        self.any_state()?.downcast_ref()
    }

    #[doc(hidden)]
    fn any_state(&self) -> Option<&dyn Any> {
        None
    }

    // These two name types that nobody outside can: the trait is not for others to implement.
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
        self.any_state()?.downcast_ref()
    }
}

/// Who asks: an annotated function, or a policy used by hand under a name of its own.
#[derive(Clone, Copy, Debug)]
pub enum Caller {
    Site(&'static Site),
    Named(&'static str),
}

impl Caller {
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
