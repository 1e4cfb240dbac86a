//! A gRPC cache, client and server, that lives by the attributes of `resilient-runtime`.
//!
//! [`client`] holds functions with attributes, [`server`] a service with one above its whole `impl`. [`story`] shows what
//! becomes of the one when the other is in trouble, and of the other when too much is asked of it; [`load`] asks.

pub mod cli;
pub mod client;
pub mod dashboard;
pub mod interrupt;
pub mod latency;
pub mod load;
pub mod policies;
pub mod proto;
pub mod remote;
pub mod server;
pub mod story;
pub mod waiting;
pub mod watch;
