//! A future that stays where it was made.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that its frame has room for, as if it were owned: dropped, it drops the future in place.
///
/// What wraps it moves this pointer and not the future, however large that is. Made by `held!`.
#[must_use = "futures do nothing unless polled"]
pub struct Held<'f, F> {
    pub slot: Pin<&'f mut Option<F>>,
}

impl<F: Future> Future for Held<'_, F> {
    type Output = F::Output;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.slot.as_mut().as_pin_mut() {
            Some(future) => future.poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Held<'_, F> {
    #[inline(always)]
    fn drop(&mut self) {
        self.slot.set(None);
    }
}

impl<F> fmt::Debug for Held<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}
