//! Retry budgets in trouble: fleets of processes, each with a budget of its own, before one server.
//!
//! The budgets of this project and the pauses between the attempts are the real ones; those of others are written down from
//! their sources. Every budget meets the same calls.

pub mod budget;
pub mod command;
pub mod experiments;
pub mod fleet;
pub mod ours;
pub mod pauses;
pub mod peers;
pub mod ratio;
pub mod suite;
pub mod table;
pub mod targets;
pub mod trace;
pub mod tried;

pub use budget::{Budget, Failure, Policy};
