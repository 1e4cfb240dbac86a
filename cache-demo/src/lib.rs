//! A gRPC cache, client and server, that lives by the attributes of `resilient-runtime`.

pub mod client;
pub mod proto;
pub mod server;
