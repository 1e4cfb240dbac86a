//! Rules for a server that were tried before `Elasticity` became what it is: what they reached stands in `docs/simulator/tried.md`.

pub mod counted;
pub mod slope;
