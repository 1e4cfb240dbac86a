//! The limiters of `resilient-runtime` in virtual time.
#![allow(missing_docs, unreachable_pub)]

pub mod agenda;
pub mod arguments;
pub mod client;
pub mod hedging;
pub mod limiter;
pub mod measure;
pub mod oracle;
pub mod random;
pub mod scenario;
pub mod station;
pub mod storm;
pub mod suite;
pub mod svg;
pub mod targets;
pub mod tried;
pub mod world;
