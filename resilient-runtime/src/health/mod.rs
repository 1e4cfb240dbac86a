//! Whether the program should get traffic, from the states of its circuit breakers.
//!
//! [`Health`] tells how every breaker of an annotated function stands. Readiness asks for those alone that
//! [`requires`](Health::requires) names: a dependency that the program can do without, or has a fallback for, must not
//! take it away from its callers.
//!
//! ```
//! # #[cfg(feature = "macros")] {
//! use resilient_runtime::circuit_breaker;
//! use resilient_runtime::health::Health;
//!
//! #[circuit_breaker(name = "stock::get")]
//! async fn get(item: &str) -> Result<u32, std::io::Error> {
//!     Ok(7)
//! }
//!
//! let health = Health::new().requires(["stock::*"])?;
//! assert!(health.is_ready());
//! for breaker in &health.report().breakers {
//!     println!("{} is {}", breaker.function, breaker.status);
//! }
//! # }
//! # Ok::<_, resilient_runtime::health::HealthError>(())
//! ```
//!
//! # What makes it not ready
//!
//! A required breaker that is *certain* to refuse every call: open with some of its open time left, or held open by hand.
//!
//! One that is half-open, or open with its time over, counts as ready, though it admits only a few calls. It finds out
//! whether its service is back by nothing but calls: if no traffic came while it waits for them, it would wait for ever.
//! So while a service stays away readiness comes and goes, for as long as `open_for`, `open_factor` and `open_max` say.
//!
//! One that only observes, is disabled, is held closed, or whose layer is switched off refuses nobody and counts as
//! closed. One for each key counts as open while the breakers of all keys that there are do: a single tenant or host
//! makes nothing not ready.
//!
//! Whatever a service needs that all its instances share takes all of them out at once, when it is required. Require
//! what another instance may still reach, or what nothing useful can be done without.
//!
//! # Liveness
//!
//! Whoever can answer is alive. That never depends on a breaker: a program that is started anew because something
//! else is down comes back with nothing better, and with its caches empty.
//!
//! # What is not seen
//!
//! A breaker that is handed in with `state = ..`, or used by hand, belongs to no function and is not listed.
#![cfg_attr(
    feature = "axum",
    doc = "
# Over HTTP

[`Health::router`] (feature `axum`) has what Kubernetes and load balancers ask for."
)]
#![cfg_attr(
    feature = "grpc-health",
    doc = "
# Over gRPC

[`Health::grpc_service`] (feature `grpc-health`) is a `grpc.health.v1.Health`."
)]

#[cfg(feature = "grpc-health")]
mod grpc;
#[cfg(feature = "axum")]
mod http;
mod report;
#[cfg(test)]
mod tests;
mod watched;

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "grpc-health")]
pub use self::grpc::{HealthService, WatchStream};
pub use self::report::{BreakerHealth, HealthReport, HealthStatus, Standing};
use self::watched::Watched;
use crate::pattern::matches;
use crate::site::registry;

/// The circuit breakers of the program, and which of them readiness asks for. See the [module](self).
///
/// A clone looks at the same breakers.
#[derive(Clone, Debug)]
pub struct Health {
    breakers: Arc<[Watched]>,
}

impl Health {
    /// Of every annotated function that has a breaker. None is required: always ready.
    #[must_use]
    pub fn new() -> Self {
        let layers = registry().sites().iter().flat_map(|&site| {
            let layers = site.layers().iter();
            layers.filter_map(move |&layer| Watched::new(site.name(), layer))
        });
        Self {
            breakers: layers.collect(),
        }
    }

    /// Makes readiness depend on these functions, beside those that were named before: by
    /// [name](crate::Site::name), or by a pattern in which `*` is any text.
    ///
    /// # Errors
    ///
    /// The first of them that matches no function with a circuit breaker of its own: a name that was mistyped, or has
    /// changed, would make nothing not ready.
    pub fn requires<P: AsRef<str>>(
        mut self,
        functions: impl IntoIterator<Item = P>,
    ) -> Result<Self, HealthError> {
        let breakers = Arc::make_mut(&mut self.breakers);
        for pattern in functions {
            let pattern = pattern.as_ref();
            let mut found = false;
            for breaker in &mut *breakers {
                if matches(pattern, breaker.function) {
                    breaker.is_required = true;
                    found = true;
                }
            }
            if !found {
                return Err(HealthError {
                    pattern: pattern.to_owned(),
                });
            }
        }
        Ok(self)
    }

    /// How all breakers stand now.
    #[must_use]
    pub fn report(&self) -> HealthReport {
        HealthReport {
            breakers: self.breakers.iter().map(Watched::health).collect(),
        }
    }

    /// Whether no breaker that is required is certain to refuse every call.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let required = self.breakers.iter().filter(|breaker| breaker.is_required);
        watched::down_for(required).is_none()
    }

    /// Always, as long as it can answer: see [liveness](self#liveness).
    #[must_use]
    pub fn is_live(&self) -> bool {
        true
    }
}

/// A breaker changed its state, or a layer was switched on or off: for who watches. Called outside of any lock of this
/// crate.
pub(crate) fn changed() {
    #[cfg(feature = "grpc-health")]
    grpc::CHANGED.notify_waiters();
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

/// What was to be required is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthError {
    pattern: String,
}

impl HealthError {
    /// The name or pattern.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }
}

impl fmt::Display for HealthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pattern = &self.pattern;
        write!(
            f,
            "no function with a circuit breaker of its own matches `{pattern}`"
        )
    }
}

impl std::error::Error for HealthError {}
