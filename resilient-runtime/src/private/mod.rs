//! What generated code calls, and nothing else does.

pub use std::clone::Clone;
pub use std::ops::ControlFlow::{Break, Continue};
pub use std::option::Option::{None, Some};
pub use std::result::Result::Err;
pub use std::time::Duration;

pub use inventory::submit;

pub use self::copy::{Copied, Elsewhere, copy, elsewhere};
pub use crate::adaptive_concurrency::{
    AdaptiveConcurrency, AdaptiveConcurrencySettings, AdaptiveLayer, Aimd, Elasticity, Gradient2,
    Vegas,
};
pub use crate::bulkhead::{Bulkhead, BulkheadLayer, BulkheadSettings};
pub use crate::circuit_breaker::{BreakerLayer, CircuitBreaker, CircuitBreakerSettings, Window};
pub use crate::clock::epoch;
pub use crate::fallback::{FallbackLayer, answer};
pub use crate::fault::{Fault, FaultDraw, FaultLayer, judged_error};
pub use crate::hedge::{Hedge, HedgeAfter, HedgeLayer};
pub use crate::judge::{Probe, class_by, levels};
pub use crate::keyed::{Key, Keyed, Shown};
pub use crate::rate_limit::{RateLimitLayer, RateLimiter, RateLimiterSettings};
pub use crate::retry::{Backoff, Jitter, OnOpen, OnTimeout, Retry, RetryLayer};
pub use crate::retry_budget::{RetryBudget, RetryBudgetSettings};
pub use crate::rules::Rules;
pub use crate::site::{Asked, Layer, Registration, Site, StateLayer};
pub use crate::stats::Running;
pub use crate::timeout::{Timeout, TimeoutLayer};
pub use crate::verdict::{Failure, Judged, Outcome, judge, judged};
pub use crate::{__classified as classified, __classify as classify, __key as key};

/// The traits by which a key is shown.
pub mod shown {
    pub use crate::keyed::{ViaDebug, ViaDisplay, ViaNothing};
}

use std::any::type_name;
use std::panic::Location;

use crate::error::{FromPolicyError, PolicyError};

pub mod check;
mod copy;

/// The error type of a `Result` under any alias.
pub type ErrorOf<R> = <R as Outcome>::Error;

/// Rules for a function that returns `R`.
#[must_use]
pub const fn rules<R>() -> Rules<R> {
    Rules::new()
}

/// Lets a closure over the error leave out its argument type.
pub fn predicate<R: Outcome, F: Fn(&R::Error) -> bool>(predicate: F) -> F {
    predicate
}

/// Lets a closure over the value leave out its argument type.
pub fn ok_predicate<R: Outcome, F: Fn(&R::Ok) -> bool>(predicate: F) -> F {
    predicate
}

/// Lets a closure over the retry leave out its argument type.
pub fn backoff<F: Fn(u32) -> Duration>(backoff: F) -> F {
    backoff
}

/// A number of permits or places: what is counted has a length, and that is seldom a `u32`.
#[diagnostic::on_unimplemented(
    message = "a cost is a whole number, and `{Self}` is none",
    label = "not an integer"
)]
pub trait Cost {
    /// Brought into range.
    fn cost(self) -> u32;
}

macro_rules! costs {
    ($($integer:ty)*) => {$(
        impl Cost for $integer {
            fn cost(self) -> u32 {
                u32::try_from(self.max(1)).unwrap_or(u32::MAX)
            }
        }
    )*};
}

costs! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }

/// The cost of one call.
pub fn cost(cost: impl Cost) -> u32 {
    cost.cost()
}

/// The function's error type that tells of a policy error.
pub fn from_policy<E: FromPolicyError>(error: PolicyError) -> E {
    E::from_policy_error(error)
}

/// The site of the function in which this is called.
#[must_use]
#[track_caller]
pub const fn site(name: fn() -> &'static str, layers: &'static [&'static dyn Layer]) -> Site {
    let place = Location::caller();
    Site::new(name, place.file(), place.line(), layers)
}

/// What gives the path of the function in which `here` is written.
#[must_use]
pub const fn path_of<F>(_here: &F) -> fn() -> &'static str {
    type_name::<F>
}
