//! Places that outlive the call that took them: for a response that is still being
//! sent, or work that no drop can stop.
//!
//! A body that wants its places kept makes a [`Carry`]. That is noted on the thread, for
//! as long as the poll lasts in which it happens: each layer that has a place looks,
//! when the poll of what it wraps is over, whether anything was noted during it, and
//! remembers whom for. When its call is over it hands its place to those that still
//! live, and gives it back itself if there are none.

mod holding;
mod scope;

use std::any::Any;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;

pub(crate) use holding::Holding;
pub(crate) use scope::{Carriers, Carrying};

/// The places of a call, kept until this and all its clones are dropped.
///
/// Made in the body of an annotated function, it keeps the places of all the bulkheads
/// and adaptive limits around the running call, those of the functions that called this
/// one included, when the call is over: when it returns, and also when it is dropped or
/// panics. It may be made at any time before, and any number of times. Elsewhere it does
/// nothing: a task that the body spawns is not part of the call, so make it before and
/// move it there.
///
/// What it keeps is the place in a state that lives as long as the program: a function's
/// own, one of its `impl`, or one of a `key`. The place in a state that was named with
/// `state = ..`, or that is used by hand, is given back when the call is over; take an
/// [`OwnedBulkheadPermit`](crate::OwnedBulkheadPermit) then, which can go with a stream too.
///
/// See [`carry`] for a stream, [`spawn`](crate::spawn) for a task and [`spawn_blocking`](crate::spawn_blocking) for
/// blocking work.
#[derive(Clone, Debug)]
#[must_use = "the places are kept as long as this lives"]
pub struct Carry {
    /// `None` where there is nothing to keep.
    places: Option<Arc<Places>>,
}

/// Kept for one [`Carry`]; a place may be kept for several.
#[derive(Debug, Default)]
struct Places(Mutex<Vec<Arc<dyn Any + Send + Sync>>>);

impl Carry {
    /// Keeps the places of the running call.
    pub fn new() -> Self {
        Self {
            places: scope::ask(),
        }
    }
}

impl Default for Carry {
    fn default() -> Self {
        Self::new()
    }
}

impl Places {
    fn keep(&self, place: Arc<dyn Any + Send + Sync>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(place);
    }
}

pin_project! {
    /// A stream or a future that has the places of a call with it. Made by [`carry`].
    #[derive(Debug)]
    #[must_use = "streams and futures do nothing unless polled"]
    pub struct Carried<T> {
        // Before the places: what it holds is freed while it still has them.
        #[pin]
        inner: T,
        carry: Carry,
    }
}

/// Keeps the places of the running call with `stream`, until it ends or is dropped.
///
/// It is a [`Stream`] if `stream` is one, and ends with it; an item that is an error is
/// no end. Over a future it is a future. The places are those of [`Carry`].
///
/// ```
/// # #[cfg(feature = "macros")] {
/// use futures::{Stream, stream};
/// use resilient_runtime::{Carried, bulkhead, carry};
///
/// /// The place is free when the last line was sent, or nobody listens any more.
/// #[bulkhead(max_concurrent = 4)]
/// async fn dump() -> Result<Carried<impl Stream<Item = String>>, std::io::Error> {
///     let lines = stream::iter(["a".to_owned(), "b".to_owned()]);
///     Ok(carry(lines))
/// }
/// # }
/// ```
pub fn carry<T>(stream: T) -> Carried<T> {
    Carried {
        inner: stream,
        carry: Carry::new(),
    }
}

impl<T> Carried<T> {
    /// With a place that was taken by hand.
    pub(crate) fn with<P: Send + Sync + 'static>(inner: T, place: P) -> Self {
        let places = Places::default();
        places.keep(Arc::new(place));
        let places = Some(Arc::new(places));
        Self {
            inner,
            carry: Carry { places },
        }
    }

    /// What has the places with it.
    pub const fn get_ref(&self) -> &T {
        &self.inner
    }

    /// What has the places with it.
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<S: Stream> Stream for Carried<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let item = ready!(this.inner.poll_next(cx));
        if item.is_none() {
            this.carry.places = None;
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

impl<F: Future> Future for Carried<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let output = ready!(this.inner.poll(cx));
        this.carry.places = None;
        Poll::Ready(output)
    }
}

#[cfg(test)]
mod tests;
