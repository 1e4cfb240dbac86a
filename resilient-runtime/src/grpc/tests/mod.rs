//! Both sides without a wire between: services that are functions.

mod body;
mod client;
mod server;

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use tonic::Status;
use tower_service::Service;

/// A service that is a function.
#[derive(Clone)]
struct Handler<F>(F);

impl<F, Fut, T, E> Service<Request<()>> for Handler<F>
where
    F: FnMut(Request<()>) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Response = T;
    type Error = E;
    type Future = Fut;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Fut {
        (self.0)(request)
    }
}

const PATH: &str = "/cache.v1.CacheService/Get";

fn request() -> Request<()> {
    Request::builder().uri(PATH).body(()).unwrap()
}

fn with_timeout(value: &str) -> Request<()> {
    let mut request = request();
    let value = value.try_into().unwrap();
    request.headers_mut().insert("grpc-timeout", value);
    request
}

fn status<B>(response: &Result<Response<B>, Infallible>) -> Option<Status> {
    let response = response.as_ref().unwrap();
    Status::from_header_map(response.headers())
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
