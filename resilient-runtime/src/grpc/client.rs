//! The client side: what is left of the deadline goes along with the request.

use std::error::Error;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{HeaderMap, HeaderName};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Status};
use tower_layer::Layer;
use tower_service::Service;

use super::header::{self, GRPC_TIMEOUT};
use super::status::timed_out_locally;
use crate::clock;
use crate::context;
use crate::error::{PolicyError, PolicyErrorKind};
use crate::event::EventKind;
use crate::site::Caller;

const CALLER: Caller = Caller::Named("grpc client");

const PREVIOUS_ATTEMPTS: HeaderName = HeaderName::from_static("grpc-previous-rpc-attempts");

/// Kept for the way there and back: this share of what is left, and at least this much.
const MARGIN_SHARE: u32 = 20;
const LEAST_MARGIN: Duration = Duration::from_millis(1);

type BoxError = Box<dyn Error + Send + Sync>;

/// An interceptor that takes the caller's [deadline](crate::deadline) along, for
/// `CacheClient::with_interceptor(channel, propagate)`.
///
/// It writes into the request's metadata
///
/// - `grpc-timeout`: what is left of the deadline, less a margin of 5 % and at least 1 ms, so that the
///   answer is back in time and each hop of a chain has less than the one before it. It is said in three
///   digits, so up to 1 % of it is lost besides. A shorter one that the request has already stays. Without a
///   deadline nothing is written.
/// - `grpc-previous-rpc-attempts`: [`previous_attempts`](crate::previous_attempts), if there were any.
///
/// The time is written when the call is made. Where the request leaves later, because the channel is lazy or
/// connects anew, the server's limit may lie after the caller's; the reset of the stream, when the caller
/// drops the call, ends the handler then.
///
/// tonic's channel reads the same `grpc-timeout`, and gives up by itself when it has passed; it says `CANCELLED`
/// then, not `DEADLINE_EXCEEDED`. (A retry or a breaker takes both for a timeout, as
/// [`Classify`](crate::Classify) says.) The [`PropagateLayer`] puts that right too, and is to be
/// preferred where a layer fits.
///
/// # Errors
///
/// `DEADLINE_EXCEEDED`, and the request is not sent, if less than the margin is left. Its source is a
/// [`PolicyError`] of kind [`TimedOut`](PolicyErrorKind::TimedOut), which breakers and adaptive limits do not
/// count: nobody was asked. But tonic drops an interceptor's source on the way to the caller, and then it is a
/// failure of the service to them, as any `DEADLINE_EXCEEDED`. The [`PropagateLayer`] keeps it.
///
/// ```
/// use resilient_runtime::{Timeout, grpc::propagate};
/// use std::time::Duration;
/// use tonic::{Request, Status};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let sent = Timeout::new(Duration::from_secs(2))
///     .call(async { propagate(Request::new(())) })
///     .await
///     .unwrap();
/// assert_eq!(sent.metadata().get("grpc-timeout").unwrap(), "1900m");
/// # }
/// ```
pub fn propagate(mut request: Request<()>) -> Result<Request<()>, Status> {
    let metadata = request.metadata_mut();
    let mut headers = mem::take(metadata).into_headers();
    stamp(&mut headers)?;
    *metadata = MetadataMap::from_headers(headers);
    Ok(request)
}

/// The time that a call was given, by the caller's own deadline.
#[derive(Clone, Copy, Debug)]
struct Given {
    /// From then on the server may find that it has passed.
    until: Instant,
    after: Duration,
    /// Less than half of the limit was left: that it did not suffice says little of the service.
    is_little: bool,
}

impl Given {
    /// What ended it may be told as the server's word or as tonic's: it was the caller's own limit.
    fn is_over(&self) -> bool {
        clock::now() >= self.until
    }

    fn timed_out(&self) -> Status {
        let after = self.after;
        CALLER.emit(|| EventKind::TimedOut { after });
        PolicyError::new(PolicyErrorKind::TimedOut { after }, CALLER.name())
            .saying_nothing(self.is_little)
            .into()
    }
}

fn stamp(headers: &mut HeaderMap) -> Result<Option<Given>, Status> {
    let attempts = context::previous_attempts();
    if attempts > 0 {
        headers.insert(PREVIOUS_ATTEMPTS, attempts.into());
    }
    let Some(deadline) = context::nearest_deadline() else {
        return Ok(None);
    };
    let now = clock::now();
    let left = deadline.at.instant().saturating_duration_since(now);
    let margin = (left / MARGIN_SHARE).max(LEAST_MARGIN);
    if left <= margin {
        let kind = PolicyErrorKind::TimedOut {
            after: deadline.after(),
        };
        CALLER.emit(|| EventKind::Refused(kind));
        let unsent = PolicyError::new(kind, CALLER.name()).saying_nothing(true);
        return Err(unsent.into());
    }
    let timeout = left - margin;
    let present = headers.get(GRPC_TIMEOUT).and_then(header::read);
    if present.is_some_and(|present| present <= timeout) {
        return Ok(None);
    }
    let (header, sent) = header::write(timeout);
    headers.insert(GRPC_TIMEOUT, header);
    // The server keeps a margin too.
    let kept = sent.saturating_sub(LEAST_MARGIN.min(sent / MARGIN_SHARE));
    Ok(now.checked_add(kept).map(|until| Given {
        until,
        after: deadline.after(),
        is_little: left.saturating_mul(2) < deadline.after(),
    }))
}

/// Takes the caller's [deadline](crate::deadline) along in each request, as [`propagate`] does, and says
/// `DEADLINE_EXCEEDED` where tonic says `CANCELLED` of a call that it timed out itself.
///
/// It belongs around the channel: `CacheClient::new(PropagateService::new(channel))`, or, beside others,
/// `ServiceBuilder::new().layer(PropagateLayer::new()).service(channel)`. The type of such a client is
/// `CacheClient<PropagateService<Channel>>`. Inside of a layer that hands the request to another task
/// (tower's `Buffer`), the deadline cannot be seen.
///
/// # Errors
///
/// The calls' errors are those of the channel, or a `Status`; generated clients make one of both.
/// `DEADLINE_EXCEEDED` without sending anything if less than the margin is left, and once the time that the
/// deadline gave the call is over, whoever says so first, server or tonic; with a
/// [`PolicyError`] of kind [`TimedOut`](PolicyErrorKind::TimedOut) as its source, so that retries and breakers around take
/// it for the time limit that it is. As of a call that the limit itself cuts off, a breaker takes that for a failure, and an
/// adaptive limit for a drop, if the call was sent and had at least half of the limit; else it says nothing of the
/// service. `DEADLINE_EXCEEDED` too if tonic's timer ends the call by another limit, as
/// `Endpoint::timeout`, with tonic's own error as the source.
///
/// # Cancel safety
///
/// A call that is dropped drops that of the channel, which resets the stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct PropagateLayer(());

impl PropagateLayer {
    /// It has no settings.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for PropagateLayer {
    type Service = PropagateService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        PropagateService::new(inner)
    }
}

/// A channel that takes deadlines along: see [`PropagateLayer`].
#[derive(Clone, Copy, Debug)]
pub struct PropagateService<S> {
    inner: S,
}

impl<S> PropagateService<S> {
    /// Around `channel`.
    pub const fn new(channel: S) -> Self {
        Self { inner: channel }
    }
}

impl<S, A, B> Service<http::Request<A>> for PropagateService<S>
where
    S: Service<http::Request<A>, Response = http::Response<B>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = PropagateFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: http::Request<A>) -> Self::Future {
        let call = match stamp(request.headers_mut()) {
            Ok(given) => Call::Sent {
                future: self.inner.call(request),
                given,
            },
            Err(status) => Call::Refused {
                status: Some(status),
            },
        };
        PropagateFuture { call }
    }
}

pin_project! {
    /// The call of a [`PropagateService`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct PropagateFuture<F> {
        #[pin]
        call: Call<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = CallProjection]
    enum Call<F> {
        Sent { #[pin] future: F, given: Option<Given> },
        Refused { status: Option<Status> },
    }
}

impl<F, B, E> Future for PropagateFuture<F>
where
    F: Future<Output = Result<http::Response<B>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<http::Response<B>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().call.project() {
            CallProjection::Sent { future, given } => {
                let over = |given: &Given| given.is_over();
                Poll::Ready(match (ready!(future.poll(cx)), given.filter(over)) {
                    (Ok(answer), Some(given)) if out_of_time(answer.headers()) => {
                        Err(given.timed_out().into())
                    }
                    (Ok(answer), _) => Ok(answer),
                    (Err(error), given) => Err(told_rightly(error.into(), given)),
                })
            }
            CallProjection::Refused { status } => match status.take() {
                Some(status) => Poll::Ready(Err(status.into())),
                None => Poll::Pending,
            },
        }
    }
}

fn out_of_time(headers: &HeaderMap) -> bool {
    let status = headers.get("grpc-status");
    status.is_some_and(|code| Code::from_bytes(code.as_bytes()) == Code::DeadlineExceeded)
}

fn told_rightly(error: BoxError, given: Option<Given>) -> BoxError {
    if !timed_out_locally(&*error) {
        return error;
    }
    if let Some(given) = given {
        return given.timed_out().into();
    }
    let mut status = Status::deadline_exceeded("the call's time limit passed");
    status.set_source(Arc::from(error));
    status.into()
}
