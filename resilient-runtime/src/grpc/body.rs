//! The body of a response, until the call's deadline.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::bounded::{Bounded, Limit};

pin_project! {
    /// A response body that ends at the deadline of its call: what produces it is dropped, and the
    /// trailers say `DEADLINE_EXCEEDED`. Made by [`DeadlineService`](super::DeadlineService).
    #[derive(Debug)]
    pub struct DeadlineBody<B> {
        #[pin]
        inner: Bounded<B>,
    }
}

impl<B> DeadlineBody<B> {
    pub(super) fn new(inner: B, limit: Option<Limit>) -> Self {
        Self {
            inner: Bounded::onward(inner, limit),
        }
    }

    pub(super) fn empty() -> Self {
        Self {
            inner: Bounded::nothing(),
        }
    }
}

impl<B: Body> Body for DeadlineBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let inner = self.project().inner;
        if inner.inner().is_none() {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(inner.poll(cx, B::poll_frame)) {
            Ok(frame) => frame,
            Err(status) => {
                let mut trailers = HeaderMap::new();
                // It fails for a message that no header can hold; the code stands in there by then.
                let _ = status.add_header(&mut trailers);
                Some(Ok(Frame::trailers(trailers)))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.inner().is_none_or(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match self.inner.inner() {
            Some(body) => {
                let mut hint = body.size_hint();
                // It may be cut off, so an exact size must not be promised.
                if self.inner.limit().is_some() {
                    hint.set_lower(0);
                }
                hint
            }
            None => SizeHint::with_exact(0),
        }
    }
}
