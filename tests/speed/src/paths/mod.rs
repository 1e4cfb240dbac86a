//! The list of cases, one file a path.

mod adaptive;
mod bare;
pub(crate) mod breaker;
pub(crate) mod bulkhead;
pub(crate) mod fault;
mod keys;
mod open;
pub(crate) mod rate_limit;
mod retry;
mod sentinel;
pub(crate) mod stack;
pub(crate) mod timeout;

use std::future::Future;

use tower::{Service, ServiceExt};

use crate::body::{self, Answer, Body};
use crate::case::{Calls, Case, calls, shared};

/// All of them, in the order of the tables.
#[must_use]
pub fn all() -> Vec<Case> {
    [
        bare::cases(),
        retry::cases(),
        timeout::cases(),
        breaker::cases(),
        open::cases(),
        rate_limit::cases(),
        keys::cases(),
        bulkhead::cases(),
        adaptive::cases(),
        stack::cases(),
        fault::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(crate) use bare::CLOCK;

/// A function to be called, as the peers get it.
pub(crate) trait Work<F>: Fn(u64) -> F + Copy + Send + Sync + 'static {}
impl<F, W: Fn(u64) -> F + Copy + Send + Sync + 'static> Work<F> for W {}

/// The future of such a function.
pub(crate) trait Working: Future<Output = Answer> + Send + 'static {}
impl<F: Future<Output = Answer> + Send + 'static> Working for F {}

/// How a service is called, by tasks that each have a clone of it.
fn service<S>(service: S) -> Calls
where
    S: Service<u64, Response = u64, Error: Send, Future: Send> + Clone + Send + Sync + 'static,
{
    let service = shared(service);
    each_task(|| service.clone())
}

/// How a service is called, by tasks that each make one.
fn each_task<S>(make: impl Fn() -> S + Copy + Send + Sync + 'static) -> Calls
where
    S: Service<u64, Response = u64, Error: Send, Future: Send> + Send + 'static,
{
    calls!(own = make(); |i| async { own.ready().await?.call(i).await })
}

/// Calls `$peers(body, function)` for the three bodies that every path is measured with.
macro_rules! for_each_body {
    ($peers:ident) => {
        [
            $peers(Body::Ready, body::ready),
            $peers(Body::Yields, body::yields),
            $peers(Body::Holds, body::holds),
        ]
        .into_iter()
        .flatten()
    };
}
use for_each_body;

/// The cases of an annotated function, with the same three bodies.
macro_rules! ours {
    ($path:ident, $name:expr, $annotated:ident) => {
        [
            Case::new(
                (Path::$path, Body::Ready),
                (Whose::Ours, $name),
                calls!(|i| $annotated::ready(i)),
            ),
            Case::new(
                (Path::$path, Body::Yields),
                (Whose::Ours, $name),
                calls!(|i| $annotated::yields(i)),
            ),
            Case::new(
                (Path::$path, Body::Holds),
                (Whose::Ours, $name),
                calls!(|i| $annotated::holds(i)),
            ),
        ]
    };
}
use ours;
