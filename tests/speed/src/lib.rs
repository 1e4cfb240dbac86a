//! Speed, allocations and sizes of the attributes beside every peer, in one run.

pub mod allocations;
pub mod arguments;
pub mod body;
#[cfg(feature = "cache")]
pub mod cache;
pub mod case;
pub mod chart;
pub mod machine;
pub mod measure;
pub mod paths;
pub mod sample;
pub mod statistics;
pub mod table;
pub mod targets;
