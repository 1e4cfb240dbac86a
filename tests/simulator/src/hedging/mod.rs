//! Hedges before a fleet of replicas: what they do to the tail of the latencies, and what they cost.

pub mod bursts;
pub mod command;
pub mod figures;
pub mod fleet;
pub mod modelled;
pub mod rule;
pub mod scenario;
pub mod suite;
pub mod table;
pub mod targets;
pub mod world;
