//! What is told of breakers.

use std::fmt;
use std::time::Duration;

use crate::circuit_breaker::{BreakerMode, BreakerState};

/// What becomes of calls at a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HealthStatus {
    /// They pass.
    Up,
    /// A few may pass, to find out whether the service is back; or those of some keys do, and those of others do not.
    Degraded,
    /// Every one is refused.
    Down,
}

impl HealthStatus {
    /// As it stands in the JSON: `up`, `degraded`, `down`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
        }
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How all breakers stood when it was made. See [`Health::report`](super::Health::report).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthReport {
    /// By the names of the functions, those of one function outermost first.
    pub breakers: Vec<BreakerHealth>,
}

impl HealthReport {
    /// [`Degraded`](HealthStatus::Degraded) if any breaker, required or not, is not up. Never
    /// [`Down`](HealthStatus::Down): whether that is the end of it, [readiness](Self::is_ready) says.
    #[must_use]
    pub fn status(&self) -> HealthStatus {
        let mut breakers = self.breakers.iter();
        if breakers.all(|breaker| breaker.status == HealthStatus::Up) {
            HealthStatus::Up
        } else {
            HealthStatus::Degraded
        }
    }

    /// Whether no breaker that is required is down.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.reasons().next().is_none()
    }

    /// The breakers that are why it is not ready.
    pub fn reasons(&self) -> impl Iterator<Item = &BreakerHealth> {
        let breakers = self.breakers.iter();
        breakers.filter(|breaker| breaker.is_required && breaker.status == HealthStatus::Down)
    }
}

/// How the circuit breaker of one function stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerHealth {
    /// The [name](crate::Site::name) of the function. One with two breakers is listed twice.
    pub function: &'static str,
    /// Whether [readiness](super::Health::requires) asks for it.
    pub is_required: bool,
    /// Whether the layer takes part in calls. Switched off, it is up whatever its breaker's state is.
    pub is_enabled: bool,
    /// What becomes of calls.
    pub status: HealthStatus,
    /// How long every call is still refused: `None` unless down, [`Duration::MAX`] while it is held open by hand.
    pub open_for: Option<Duration>,
    /// The states behind it.
    pub standing: Standing,
}

/// The states of a function's breaker, or of its breakers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// There is one.
    #[non_exhaustive]
    One {
        /// Open until the next call also when the time is over.
        state: BreakerState,
        /// Whether it decides by itself.
        mode: BreakerMode,
    },
    /// There is one for each key.
    #[non_exhaustive]
    PerKey {
        /// The keys that there are.
        keys: usize,
        /// Those of them whose breaker admits a few calls.
        degraded: usize,
        /// Those of them whose breaker refuses every call.
        down: usize,
    },
}
