//! Fallback: another answer in place of a failure.

mod answer;
mod layer;
mod run;

pub use answer::answer;
pub use layer::FallbackLayer;
pub use run::{Fallback, FallingBack};

use crate::classify::ErrorClass;
use crate::verdict::{Cause, Failing};

/// Unless the service answered, and the caller was at fault.
fn by_class<X: Failing>(failure: &X) -> bool {
    failure.verdict().cause != Cause::Error(ErrorClass::CallerFault)
}
