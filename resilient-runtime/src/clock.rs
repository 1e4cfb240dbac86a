//! Time, through one door: tokio's clock, so that a paused test drives every
//! policy, and one reading for all the layers that begin in one poll.

use std::cell::Cell;

use tokio::time::Instant;

thread_local! {
    static READING: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The instant at which the layers of this attempt began.
#[inline]
pub(crate) fn entry() -> Instant {
    READING.get().unwrap_or_else(Instant::now)
}

/// The clock as it stands.
#[inline]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Lets the layers below share `instant` until the body begins, an attempt has
/// ended, or the returned guard is dropped. For generated code alone: there the
/// innermost layer says when the body begins.
#[inline]
pub(crate) fn share(instant: Instant) -> Shared {
    READING.set(Some(instant));
    Shared
}

/// From here on `entry` reads anew.
#[inline]
pub(crate) fn forget() {
    READING.set(None);
}

#[must_use]
pub(crate) struct Shared;

impl Drop for Shared {
    #[inline]
    fn drop(&mut self) {
        forget();
    }
}
