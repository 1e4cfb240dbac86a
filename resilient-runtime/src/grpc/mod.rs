//! Deadlines, attempts and pushback over gRPC (feature `tonic`).
//!
//! A [deadline](crate::deadline) ends with the process. These two take it along: the client side
//! writes what is left of it into each request, and the server side sets it again for whatever
//! serves that request. So in a chain of services each hop gives up a little before the one that
//! called it, and nothing works for a caller that is gone.
//!
//! ```
//! use resilient_runtime::grpc::{DeadlineLayer, PropagateService};
//!
//! # fn client<Channel>(channel: Channel) -> PropagateService<Channel> {
//! // A client: around the channel.
//! let channel = PropagateService::new(channel); // CacheClient::new(channel)
//! # channel }
//!
//! // A server: around all its services.
//! let deadlines = DeadlineLayer::new(); // Server::builder().layer(deadlines).add_service(..)
//! ```
//!
//! Where only an interceptor fits, there is [`propagate`]:
//! `CacheClient::with_interceptor(channel, propagate)`.
//!
//! # On the wire
//!
//! | metadata | sent by | read by |
//! |---|---|---|
//! | `grpc-timeout` | [`PropagateLayer`], [`propagate`] | [`DeadlineLayer`] |
//! | `grpc-previous-rpc-attempts` | [`PropagateLayer`], [`propagate`] | your server, if it likes |
//! | `grpc-retry-pushback-ms` and `RetryInfo` | `Status::from` of a [`PolicyError`](crate::PolicyError) that knows when to come back | [`Classify::retry_after`](crate::Classify::retry_after) of `Status` |
//!
//! Sources: [gRPC over HTTP/2](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md) for
//! `grpc-timeout`, [proposal A6](https://github.com/grpc/proposal/blob/master/A6-client-retries.md)
//! for attempts and pushback.

mod body;
mod bounded;
mod client;
mod header;
mod producer;
mod server;
mod status;

pub use body::DeadlineBody;
pub use client::{PropagateFuture, PropagateLayer, PropagateService, propagate};
pub use server::{DeadlineFuture, DeadlineLayer, DeadlineService};

#[cfg(test)]
mod tests;
