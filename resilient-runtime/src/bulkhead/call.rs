//! A call through a bulkhead.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::Bulkhead;
use super::enter::{Entering, Places, Waiting};
use crate::carry::Carriers;
use crate::gate::Gated;
use crate::site::Way;
use crate::verdict::{Failing, Failure};

pin_project! {
    /// A call through a bulkhead. Made by [`Bulkhead::call`].
    #[must_use = "futures do nothing unless polled"]
    pub struct BulkheadCall<'a, F> {
        // Dropped before the places that it works in.
        #[pin]
        inner: F,
        stage: Stage<'a>,
    }
}

enum Stage<'a> {
    /// Not polled yet.
    Asking(Way<'a, Bulkhead>),
    Waiting(Way<'a, Bulkhead>, Waiting<'a>),
    Inside(Inside<'a>),
    /// Switched off, or done.
    Free,
}

/// The places of a call under way. When it is over they go to whoever the body gave them
/// to, or back.
struct Inside<'a> {
    places: Option<Places<'a>>,
    way: Way<'a, Bulkhead>,
    carriers: Carriers,
}

impl<'a> Inside<'a> {
    fn new(way: Way<'a, Bulkhead>, places: Places<'a>) -> Self {
        Self {
            places: Some(places),
            way,
            carriers: Carriers::new(),
        }
    }
}

impl Drop for Inside<'_> {
    #[inline]
    fn drop(&mut self) {
        let Self {
            places,
            way,
            carriers,
        } = self;
        carriers.hand_over(|| {
            let lasting = way.lasting()?;
            // In a test's world of its own the state may be another by now.
            let same =
                |places: &mut Places<'_>| std::ptr::eq(places.gated().gate(), lasting.gate());
            let places = places.take_if(same)?;
            Some(places.held_by(lasting))
        });
    }
}

impl<'a, F> BulkheadCall<'a, F> {
    pub(super) const fn new(way: Way<'a, Bulkhead>, inner: F) -> Self {
        Self {
            inner,
            stage: Stage::Asking(way),
        }
    }
}

impl<F, T, X> Future for BulkheadCall<'_, F>
where
    F: Future<Output = Result<T, X>>,
    X: Failing,
{
    type Output = Result<T, Failure<X::Error>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Stage::Asking(way) = *this.stage {
            *this.stage = Stage::Free;
            if let Some(entry) = way.entry() {
                *this.stage = match Bulkhead::admit(entry, way.ask(), cx) {
                    Entering::Inside(places) => Stage::Inside(Inside::new(way, places)),
                    Entering::Waits(waiting) => Stage::Waiting(way, waiting),
                    Entering::Refused(refusal) => {
                        return Poll::Ready(Err(Failure::Policy(refusal)));
                    }
                };
            }
        }
        if let Stage::Waiting(way, waiting) = this.stage {
            let entered = ready!(waiting.poll(cx));
            let way = *way;
            *this.stage = Stage::Free;
            *this.stage = Stage::Inside(Inside::new(way, entered?));
        }
        let Stage::Inside(inside) = this.stage else {
            return this.inner.poll(cx).map_err(Failing::into_failure);
        };
        let outcome = ready!(inside.carriers.poll(|| this.inner.poll(cx)));
        *this.stage = Stage::Free;
        Poll::Ready(outcome.map_err(Failing::into_failure))
    }
}

impl<F> fmt::Debug for BulkheadCall<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkheadCall").finish_non_exhaustive()
    }
}
