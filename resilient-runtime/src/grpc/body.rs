//! The body of a response, until the call's deadline.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::Status;

use super::bounded::{Bound, Limit};
use super::producer::{Polled, Producer};

/// More than a unary answer has, as a rule, and less than a reader's window: HTTP/2 begins with 64 KiB.
const UNGUARDED: usize = 16 * 1024;

pin_project! {
    /// A response body that ends at the deadline of its call: what produces it is dropped, and the
    /// trailers say `DEADLINE_EXCEEDED`. Made by [`DeadlineService`](super::DeadlineService).
    ///
    /// hyper does not poll a body whose reader has stopped. So once a body was pending, or more than
    /// 16 KiB of it were sent, a task drops what produces it in time; the trailers follow when the
    /// reader comes back. An answer that is all there and smaller, as most unary ones, costs no task.
    /// One of which nothing was asked for yet, because other streams have used up the connection's
    /// window, is held until the connection ends: `http2_keepalive_interval` of the server ends one whose
    /// peer is gone, `max_connection_age` any.
    #[derive(Debug)]
    pub struct DeadlineBody<B> {
        // Taken when the time is up.
        producer: Option<Producer<B>>,
        #[pin]
        bound: Bound,
        sent: usize,
    }
}

impl<B> DeadlineBody<B> {
    pub(super) const fn new(inner: B, limit: Option<Limit>) -> Self {
        Self {
            producer: Some(Producer::Own(inner)),
            bound: Bound::new(limit),
            sent: 0,
        }
    }

    pub(super) const fn empty() -> Self {
        Self {
            producer: None,
            bound: Bound::new(None),
            sent: 0,
        }
    }
}

impl<B: Body + Unpin + Send + 'static> Body for DeadlineBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled<B> {
        let mut this = self.project();
        let Some(producer) = this.producer else {
            return Poll::Ready(None);
        };
        let polled = this.bound.as_mut().poll(cx, |cx| producer.poll_frame(cx));
        let polled = match polled {
            Poll::Ready(Err(limit)) => {
                if let Some(producer) = this.producer.take() {
                    producer.cut_off(limit);
                }
                return Poll::Ready(Some(Ok(trailers(&limit.timed_out()))));
            }
            Poll::Ready(Ok(frame)) => Poll::Ready(frame),
            Poll::Pending => Poll::Pending,
        };
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let data = frame.data_ref().map_or(0, Buf::remaining);
            *this.sent = this.sent.saturating_add(data);
        }
        if let Some(limit) = this.bound.limit()
            && (polled.is_pending() || *this.sent > UNGUARDED)
        {
            *this.producer = this.producer.take().map(|producer| producer.guarded(limit));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.producer {
            // Where it was cut off, the trailers are still to come.
            Some(producer) => producer.ask(B::is_end_stream).unwrap_or(false),
            None => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.producer {
            Some(producer) => {
                let mut hint = producer.ask(B::size_hint).unwrap_or_default();
                // It may be cut off, so an exact size must not be promised.
                if self.bound.limit().is_some() {
                    hint.set_lower(0);
                }
                hint
            }
            None => SizeHint::with_exact(0),
        }
    }
}

fn trailers<D>(status: &Status) -> Frame<D> {
    let mut trailers = HeaderMap::new();
    // It fails for a message that no header can hold; the code stands in there by then.
    let _ = status.add_header(&mut trailers);
    Frame::trailers(trailers)
}
