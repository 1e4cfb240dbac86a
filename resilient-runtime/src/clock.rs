//! Time, through one door: tokio's clock, so that a paused test drives every
//! policy, and one reading for all the layers that begin in one poll.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{Duration, Instant as StdInstant};

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

/// An instant as a word: nanoseconds since an anchor of the process, which suffices for
/// five centuries.
pub(crate) type Nanos = u64;

/// How long before its first use the anchor lies, so that the instants of every clock in
/// the process come after it: a paused clock may have stood still for long.
const MARGIN: Duration = Duration::from_secs(3_650 * 24 * 60 * 60);

fn anchor() -> StdInstant {
    static ANCHOR: OnceLock<StdInstant> = OnceLock::new();
    *ANCHOR.get_or_init(|| {
        let now = StdInstant::now();
        let mut margin = MARGIN;
        // Where the clock cannot go back before the machine's start, as far as it can.
        loop {
            match now.checked_sub(margin) {
                Some(anchor) => return anchor,
                None => margin /= 2,
            }
        }
    })
}

/// The instant that is word zero. Windows of time are cut into slices from here on, so that a simulation that begins
/// at this instant comes out the same in each process.
pub fn epoch() -> Instant {
    Instant::from_std(anchor())
}

#[inline]
pub(crate) fn nanos(at: Instant) -> Nanos {
    nanos_of(at.into_std().saturating_duration_since(anchor()))
}

#[inline]
pub(crate) fn nanos_of(duration: Duration) -> Nanos {
    // In words: a division of 128 bits would cost as much as all the rest.
    duration
        .as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(duration.subsec_nanos().into())
}
