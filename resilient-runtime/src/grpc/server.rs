//! The server side: the caller's time limit is the handler's deadline.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use pin_project_lite::pin_project;
use tonic::Status;
use tonic::server::NamedService;
use tower_layer::Layer;
use tower_service::Service;

use super::DeadlineBody;
use super::bounded::{Bound, Limit};
use super::header::{self, GRPC_TIMEOUT};
use crate::clock::{self, nanos_of};
use crate::context::{self, Deadline};

/// By how much the handler's deadline comes before the time that the caller gave: this much, or
/// this share of it if that is less.
const MARGIN: Duration = Duration::from_millis(1);
const MARGIN_SHARE: u32 = 20;

/// Holds handlers to the time that their callers give them: `Server::builder().layer(DeadlineLayer::new())`,
/// or around a single service, `.add_service(DeadlineService::new(CacheServer::new(cache)))`.
///
/// It reads `grpc-timeout` and makes of it the handler's [`deadline`](crate::deadline), counted from the
/// arrival of the request: the timeouts, queues and retries of annotated functions inside keep to it, and
/// [`PropagateLayer`](super::PropagateLayer) takes it further. When it has passed
///
/// - the handler is dropped, which cancels what it awaits, and the answer is `DEADLINE_EXCEEDED`;
///   breakers and limits inside count it as what a timeout has cut off. (tonic alone drops the
///   handler too, but answers `CANCELLED`.)
/// - a response stream that is still being sent ends with `DEADLINE_EXCEEDED`, and what produces it is
///   dropped, also if its reader has stopped reading: see [`DeadlineBody`]. The deadline is seen there
///   as well. (tonic alone lets it go on.)
/// - a call whose handler was not polled yet, because the server is overloaded, is refused without
///   that. So is one that brings no time at all.
///
/// The deadline is 1 ms before the caller's time is over, or 5 % of that time if that is less: tonic's own
/// timer, which sits around all layers and cannot be switched off, is later and does not come to answer.
///
/// A layer that speaks grpc-web has to be outside of this one, which writes its trailers as plain gRPC does.
///
/// Each is an event of the site `grpc server`: [`TimedOut`](crate::EventKind::TimedOut) with the method's path
/// as its key, [`Refused`](crate::EventKind::Refused) without.
///
/// # Errors
///
/// `DEADLINE_EXCEEDED`, and `INTERNAL` without calling the handler for a malformed `grpc-timeout`,
/// as grpc-go does. (tonic alone ignores that.)
///
/// # Cancel safety
///
/// A caller that goes away resets the stream, and the handler or the response stream is dropped at
/// once, as without the layer.
///
/// # Panics
///
/// Outside a tokio runtime with time enabled, once the handler of a call with a limit is pending, or its
/// response is sent as a stream.
///
/// ```
/// use resilient_runtime::grpc::DeadlineService;
/// use tower_service::Service;
/// # use std::convert::Infallible;
/// # use std::task::{Context, Poll};
/// #
/// # struct Slow;
/// # impl Service<http::Request<()>> for Slow {
/// #     type Response = http::Response<()>;
/// #     type Error = Infallible;
/// #     type Future = std::future::Pending<Result<http::Response<()>, Infallible>>;
/// #     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
/// #         Poll::Ready(Ok(()))
/// #     }
/// #     fn call(&mut self, _: http::Request<()>) -> Self::Future {
/// #         std::future::pending()
/// #     }
/// # }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let mut service = DeadlineService::new(Slow);
/// let mut request = http::Request::new(());
/// request.headers_mut().insert("grpc-timeout", "500m".parse().unwrap());
/// let began = tokio::time::Instant::now();
/// let Ok(response) = service.call(request).await;
/// assert_eq!(response.headers()["grpc-status"], "4"); // DEADLINE_EXCEEDED
/// assert_eq!(began.elapsed().as_millis(), 499);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DeadlineLayer {
    max: Option<Duration>,
}

impl DeadlineLayer {
    /// As long as the caller says; without end where it says nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { max: None }
    }

    /// At most this long, whatever the caller says, and where it says nothing.
    ///
    /// [`Duration::ZERO`] refuses every call. Routes of plain HTTP beside the services are limited as well, and
    /// answered as gRPC is: with 200 and a `grpc-status`.
    #[must_use]
    pub const fn max(mut self, max: Duration) -> Self {
        self.max = Some(max);
        self
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = DeadlineService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        DeadlineService {
            inner,
            max: self.max,
        }
    }
}

/// A service that keeps to its callers' deadlines: see [`DeadlineLayer`].
#[derive(Clone, Copy, Debug)]
pub struct DeadlineService<S> {
    inner: S,
    max: Option<Duration>,
}

impl<S: NamedService> NamedService for DeadlineService<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> DeadlineService<S> {
    /// Around `inner`, for as long as the callers say.
    pub const fn new(inner: S) -> Self {
        Self { inner, max: None }
    }

    /// How long the call may take; `None` is without end.
    fn time_for(&self, headers: &HeaderMap) -> Result<Option<Duration>, Status> {
        let Some(value) = headers.get(GRPC_TIMEOUT) else {
            return Ok(self.max);
        };
        let given = header::read(value)
            .ok_or_else(|| Status::internal(format!("malformed grpc-timeout: {value:?}")))?;
        let kept = given - MARGIN.min(given / MARGIN_SHARE);
        Ok(Some(self.max.map_or(kept, |max| kept.min(max))))
    }
}

impl<S, A, B> Service<Request<A>> for DeadlineService<S>
where
    S: Service<Request<A>, Response = Response<B>>,
{
    type Response = Response<DeadlineBody<B>>;
    type Error = S::Error;
    type Future = DeadlineFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let limit = match self.time_for(request.headers()) {
            // Further away than the clock reaches is without end.
            Ok(after) => after.and_then(|after| {
                let after = nanos_of(after);
                let at = clock::moment().plus(after)?;
                let path = request.uri().path_and_query().cloned();
                let deadline = Deadline { at, after };
                Some(Limit { deadline, path })
            }),
            Err(status) => return DeadlineFuture::refused(status),
        };
        let Some(limit) = limit else {
            return DeadlineFuture::of(self.inner.call(request), None);
        };
        if limit.deadline.after == 0 {
            return DeadlineFuture::refused(limit.refuse());
        }
        let _scope = context::enter_deadline(Some(limit.deadline));
        DeadlineFuture::of(self.inner.call(request), Some(limit))
    }
}

pin_project! {
    /// The call of a [`DeadlineService`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct DeadlineFuture<F> {
        // Dropped in place when the time is up.
        #[pin]
        handler: Option<F>,
        #[pin]
        bound: Bound,
        begun: bool,
        refusal: Option<Status>,
    }
}

impl<F> DeadlineFuture<F> {
    fn of(handler: F, limit: Option<Limit>) -> Self {
        Self {
            handler: Some(handler),
            bound: Bound::new(limit),
            begun: false,
            refusal: None,
        }
    }

    fn refused(status: Status) -> Self {
        Self {
            handler: None,
            bound: Bound::new(None),
            begun: false,
            refusal: Some(status),
        }
    }
}

impl<F, B, E> Future for DeadlineFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<DeadlineBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(status) = this.refusal.take() {
            return Poll::Ready(Ok(answer(status)));
        }
        let Some(handler) = this.handler.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let polled = this.bound.as_mut().poll(cx, |cx| {
            *this.begun = true;
            handler.poll(cx)
        });
        Poll::Ready(match ready!(polled) {
            Ok(response) => {
                let limit = this.bound.as_mut().take_limit();
                response.map(|response| response.map(|body| DeadlineBody::new(body, limit)))
            }
            Err(limit) if *this.begun => {
                limit.cut_off(|| this.handler.set(None));
                Ok(answer(limit.timed_out()))
            }
            Err(limit) => {
                let status = limit.refuse();
                limit.discard(|| this.handler.set(None));
                Ok(answer(status))
            }
        })
    }
}

/// Without a body, the status being among the headers.
fn answer<B>(status: Status) -> Response<DeadlineBody<B>> {
    status.into_http::<()>().map(|()| DeadlineBody::empty())
}
