//! Retries, timeouts, circuit breakers and fallbacks for async functions: by one
//! attribute above an `async fn`, or by hand.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs)]

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;
mod circuit_breaker;
mod classify;
mod clock;
mod context;
mod door;
mod error;
mod event;
mod fallback;
mod judge;
mod random;
mod retry;
mod rules;
mod site;
#[cfg(feature = "testing")]
pub mod testing;
mod timeout;
#[cfg(feature = "tonic")]
mod tonic;
mod verdict;

pub use circuit_breaker::{
    BreakerMode, BreakerState, CallOutcome, ChangeCause, CircuitBreaker, CircuitBreakerSettings,
    Guarded, Permit, Snapshot, StateChange, Window,
};
pub use classify::{Classify, ErrorClass};
pub use context::deadline;
pub use error::{FromPolicyError, PolicyError, PolicyErrorKind};
pub use event::{Event, EventKind, StopReason, Subscription, observe};
pub use fallback::{Fallback, FallingBack};
pub use retry::{
    Attempts, Backoff, Jitter, OnOpen, OnTimeout, Pause, Retry, RetryAttempt, Retrying,
};
pub use rules::{Rules, Unset};
pub use site::{Layer, LayerKind, Origin, Registry, Setting, SettingError, Site, Value, registry};
pub use timeout::{Limited, Timeout};
pub use verdict::{Cause, Failing, Failure, Judged, JudgedFuture, Outcome, Verdict, judged_by};

#[cfg(feature = "macros")]
pub use resilient_macros::{circuit_breaker, fallback, resilient, retry, timeout};
