//! Fault injection: errors, delays and panics, to see what the code around makes of them.

mod call;
mod draw;
pub mod faults;
mod injector;
mod layer;
mod settings;

pub use call::{FaultCall, FaultDraw, FaultErrorCall};
pub use faults::FaultCounts;
pub use injector::FaultInjector;
pub use layer::{FaultLayer, judged_error};
pub use settings::{Fault, FaultKind};

#[cfg(all(test, feature = "testing"))]
mod tests;
