//! What a circuit breaker can be, and what it tells when that changes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Whether a circuit breaker lets calls through.
///
/// An open breaker whose time is up stays [`Open`](BreakerState::Open) until the next call comes: that
/// call makes it [`HalfOpen`](BreakerState::HalfOpen) and is the first probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// Calls pass and are counted.
    Closed,
    /// Calls are refused.
    Open,
    /// A few calls pass as probes, the others are refused.
    HalfOpen,
}

impl BreakerState {
    /// The name as it stands in logs and metrics: `closed`, `open`, `half-open`.
    pub const fn as_str(self) -> &'static str {
        match self {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half-open",
        }
    }
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who decides: the breaker itself, or somebody who set it by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreakerMode {
    /// The breaker opens and closes by its settings.
    Automatic,
    /// Held open: every call is refused until another mode is set.
    ForcedOpen,
    /// Held closed: every call passes and is counted, the breaker never opens.
    ForcedClosed,
    /// Every call passes, nothing is counted.
    Disabled,
    /// Every call passes; the breaker goes through its states as if it refused, and tells of them.
    ObserveOnly,
}

impl BreakerMode {
    /// The name as it stands in logs and metrics, such as `forced-open`.
    pub const fn as_str(self) -> &'static str {
        match self {
            BreakerMode::Automatic => "automatic",
            BreakerMode::ForcedOpen => "forced-open",
            BreakerMode::ForcedClosed => "forced-closed",
            BreakerMode::Disabled => "disabled",
            BreakerMode::ObserveOnly => "observe-only",
        }
    }
}

impl fmt::Display for BreakerMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a circuit breaker changed its state.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ChangeCause {
    /// Too large a part of the calls in the window failed.
    #[non_exhaustive]
    FailureRate {
        /// The part that failed, `0.0..=1.0`.
        rate: f64,
        /// The calls in the window.
        calls: u32,
    },
    /// Too large a part of the calls in the window was slow.
    #[non_exhaustive]
    SlowCallRate {
        /// The part that was slow, `0.0..=1.0`.
        rate: f64,
        /// The calls in the window.
        calls: u32,
    },
    /// That many calls failed in a row.
    #[non_exhaustive]
    ConsecutiveFailures {
        /// The length of the run.
        count: u32,
    },
    /// A probe failed.
    ProbeFailed,
    /// As many probes succeeded as the settings ask for.
    ProbesSucceeded,
    /// The open time is over.
    OpenElapsed,
    /// Somebody set it by hand.
    ByHand,
}

impl fmt::Display for ChangeCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChangeCause::FailureRate { rate, calls } => {
                write!(f, "{:.1} % of {calls} calls failed", rate * 100.0)
            }
            ChangeCause::SlowCallRate { rate, calls } => {
                write!(f, "{:.1} % of {calls} calls were slow", rate * 100.0)
            }
            ChangeCause::ConsecutiveFailures { count } => write!(f, "{count} failures in a row"),
            ChangeCause::ProbeFailed => f.write_str("a probe failed"),
            ChangeCause::ProbesSucceeded => f.write_str("the probes succeeded"),
            ChangeCause::OpenElapsed => f.write_str("the open time is over"),
            ChangeCause::ByHand => f.write_str("set by hand"),
        }
    }
}

/// One change of state of one circuit breaker, as `on_change` gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct StateChange {
    breaker: &'static str,
    site: &'static str,
    key: Option<Arc<str>>,
    transition: Transition,
}

impl StateChange {
    pub(crate) fn new(
        breaker: &'static str,
        site: &'static str,
        key: Option<&Arc<str>>,
        transition: Transition,
    ) -> Self {
        StateChange {
            breaker,
            site,
            key: key.cloned(),
            transition,
        }
    }

    /// The name of the breaker: the one that it was given, or that of the call site that owns it.
    pub fn breaker(&self) -> &'static str {
        self.breaker
    }

    /// The name of the call site whose call brought it about, or of the breaker where nobody called.
    pub fn site(&self) -> &'static str {
        self.site
    }

    /// The key whose breaker it is, where each has one of its own and can be shown.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The state that it left.
    pub fn from(&self) -> BreakerState {
        self.transition.from
    }

    /// The state that it is in now.
    pub fn to(&self) -> BreakerState {
        self.transition.to
    }

    /// Who decides, now.
    pub fn mode(&self) -> BreakerMode {
        self.transition.mode
    }

    /// Why.
    pub fn cause(&self) -> ChangeCause {
        self.transition.cause
    }

    /// How long it will refuse calls before it admits a probe. `None` if it did not open, or was
    /// opened by hand and so stays open until it is told otherwise.
    pub fn open_for(&self) -> Option<Duration> {
        self.transition.open_for
    }
}

impl fmt::Display for StateChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Transition {
            from, to, cause, ..
        } = self.transition;
        write!(f, "circuit breaker {}", self.breaker)?;
        if let Some(key) = &self.key {
            write!(f, "[{key}]")?;
        }
        write!(f, ": {from} -> {to}, {cause}")?;
        match self.transition.open_for {
            Some(open_for) => write!(f, ", for {open_for:?}"),
            None => Ok(()),
        }
    }
}

/// A change of state that has happened. The core hands it out for its caller to report, so that no
/// listener ever runs inside a lock.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "whoever listens to the breaker has to be told"]
pub(crate) struct Transition {
    pub(crate) from: BreakerState,
    pub(crate) to: BreakerState,
    pub(crate) mode: BreakerMode,
    pub(crate) cause: ChangeCause,
    /// `Some` if it opened by itself.
    pub(crate) open_for: Option<Duration>,
}
