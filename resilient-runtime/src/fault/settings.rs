//! What to inject, and how often.

use std::fmt;
use std::time::Duration;

use crate::site::{IsLaid, Knob, Settings, Unit, nanos};

/// What a fault injection injects, and into which share of the calls.
///
/// Each share is drawn for itself: of calls with an `error_rate` of 0.05 and a
/// `latency_rate` of 0.2, one in a hundred is both delayed and failed. Built by value and
/// in `const` contexts; a rate is cut to `0.0..=1.0`, and NaN changes nothing.
///
/// ```
/// use resilient_runtime::Fault;
/// use std::time::Duration;
///
/// const BAD_DAY: Fault = Fault::new()
///     .error_rate(0.05)
///     .latency(Duration::from_millis(300))
///     .latency_rate(0.2)
///     .seed(7);
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct Fault {
    /// [`UNSAID`], or a rate. An `Option` would take eight more bytes in the future of every call.
    error_rate: f64,
    pub(super) latency: Option<Duration>,
    pub(super) latency_rate: f64,
    pub(super) panic_rate: f64,
    pub(super) seed: Option<u64>,
}

/// Nobody said how many calls are to fail: none, or all of them where there is an error to inject.
const UNSAID: f64 = -1.0;

impl Fault {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            error_rate: UNSAID,
            latency: None,
            latency_rate: 1.0,
            panic_rate: 0.0,
            seed: None,
        }
    }

    /// The share of the calls that fail in place of being made \[0; with an error named beside it in an
    /// attribute, 1.0\].
    #[must_use]
    pub const fn error_rate(mut self, rate: f64) -> Self {
        if !rate.is_nan() {
            self.error_rate = rate.clamp(0.0, 1.0);
        }
        self
    }

    /// The same where no share was said.
    #[doc(hidden)]
    #[must_use]
    pub const fn error_rate_or(self, rate: f64) -> Self {
        if self.error_rate < 0.0 {
            self.error_rate(rate)
        } else {
            self
        }
    }

    pub(super) const fn rate_of_errors(&self) -> f64 {
        self.error_rate.max(0.0)
    }

    /// How long a call is held up before it is made \[not at all\].
    #[must_use]
    pub const fn latency(mut self, latency: Duration) -> Self {
        self.latency = Some(latency);
        self
    }

    /// The share of the calls that are held up, if there is a `latency` \[1.0\].
    #[must_use]
    pub const fn latency_rate(mut self, rate: f64) -> Self {
        if !rate.is_nan() {
            self.latency_rate = rate.clamp(0.0, 1.0);
        }
        self
    }

    /// The share of the calls that panic in place of being made \[0\].
    #[must_use]
    pub const fn panic_rate(mut self, rate: f64) -> Self {
        if !rate.is_nan() {
            self.panic_rate = rate.clamp(0.0, 1.0);
        }
        self
    }

    /// The same seed decides the same over the first, second, .. call, on any number of
    /// threads \[another one in each process\].
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

impl Default for Fault {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("error_rate", &self.rate_of_errors())
            .field("latency", &self.latency)
            .field("latency_rate", &self.latency_rate)
            .field("panic_rate", &self.panic_rate)
            .field("seed", &self.seed)
            .finish()
    }
}

/// A fault that was injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The call was held up for this long before it was made, or before it failed.
    Latency(Duration),
    /// It failed in place of being made.
    Error,
    /// It panicked in place of being made.
    Panic,
}

impl FaultKind {
    /// The name as it stands in logs and metrics: `latency`, `error`, `panic`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Latency(_) => "latency",
            Self::Error => "error",
            Self::Panic => "panic",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Settings for Fault {
    const KNOBS: &'static [Knob<Self>] = &[
        Knob {
            name: "error_rate",
            unit: Unit::Rate,
            get: |fault| Some(fault.rate_of_errors().to_bits()),
            put: |fault, word| fault.error_rate = f64::from_bits(word),
        },
        Knob {
            name: "latency",
            unit: Unit::Duration { zero: true },
            get: |fault| fault.latency.map(nanos),
            put: |fault, word| fault.latency = Some(Duration::from_nanos(word)),
        },
        Knob {
            name: "latency_rate",
            unit: Unit::Rate,
            get: |fault| Some(fault.latency_rate.to_bits()),
            put: |fault, word| fault.latency_rate = f64::from_bits(word),
        },
        Knob {
            name: "panic_rate",
            unit: Unit::Rate,
            get: |fault| Some(fault.panic_rate.to_bits()),
            put: |fault, word| fault.panic_rate = f64::from_bits(word),
        },
        Knob {
            name: "seed",
            unit: Unit::Count {
                min: 0,
                max: u64::MAX - 1,
            },
            get: |fault| fault.seed,
            put: |fault, word| fault.seed = Some(word),
        },
    ];

    fn check_use(&self, is_laid: IsLaid<'_>) -> Result<(), &'static str> {
        if is_laid("latency_rate") && self.latency.is_none() {
            return Err("how long? `latency_rate` says how often: say `latency` too");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_of_latency_that_is_laid_has_a_latency() {
        let often = Fault::new().latency_rate(0.5);
        assert_eq!(often.check_use(&|_| false), Ok(()));
        assert!(often.check_use(&|knob| knob == "latency_rate").is_err());
        let both = often.latency(Duration::from_secs(1));
        assert_eq!(both.check_use(&|_| true), Ok(()));
    }
}
