//! A gRPC cache, client and server, that lives by the attributes of `resilient-runtime`.
//!
//! [`client`] holds the functions with attributes, [`server`] what they call, and [`story`] shows what becomes of the
//! one when the other is in trouble.

pub mod cli;
pub mod client;
pub mod interrupt;
pub mod latency;
pub mod load;
pub mod proto;
pub mod remote;
pub mod server;
pub mod story;
pub mod waiting;
pub mod watch;
