//! Time, through one door: tokio's clock, so that a paused test drives every
//! policy, and one reading for all the layers that begin in one poll.

mod words;

use std::cell::Cell;
use std::num::NonZeroU64;
use std::sync::OnceLock;
use std::time::{Duration, Instant as StdInstant};

use tokio::time::Instant;

use self::words::Anchor;

thread_local! {
    static READING: Cell<Option<Moment>> = const { Cell::new(None) };
}

/// The moment at which the layers of this attempt began.
#[inline(always)]
pub(crate) fn entry() -> Moment {
    READING.get().unwrap_or_else(moment)
}

/// The clock as it stands.
#[inline]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The same, in one word.
#[inline]
pub(crate) fn moment() -> Moment {
    Moment::at_nanos(anchor().nanos_until(now().into_std()))
}

/// Lets the layers below share `moment` until the body begins, an attempt has
/// ended, or the returned guard is dropped. For generated code alone: there the
/// innermost layer says when the body begins.
#[inline]
pub(crate) fn share(moment: Moment) -> Shared {
    READING.set(Some(moment));
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

/// An instant in one word, which is what the state machines count with and the futures keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(NonZeroU64);

impl Moment {
    #[inline]
    pub(crate) fn of(at: Instant) -> Self {
        Self::at_nanos(nanos(at))
    }

    #[inline]
    fn at_nanos(nanos: Nanos) -> Self {
        Self(NonZeroU64::new(nanos).unwrap_or(NonZeroU64::MIN))
    }

    pub(crate) fn instant(self) -> Instant {
        epoch() + Duration::from_nanos(self.nanos())
    }

    #[inline]
    pub(crate) fn nanos(self) -> Nanos {
        self.0.get()
    }

    /// `None` if that is further away than the clock reaches.
    #[inline]
    pub(crate) fn plus(self, span: Nanos) -> Option<Self> {
        self.0.checked_add(span).map(Self)
    }

    /// The time since `earlier`, or none at all.
    #[inline]
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos().saturating_sub(earlier.nanos()))
    }
}

impl From<Instant> for Moment {
    fn from(at: Instant) -> Self {
        Self::of(at)
    }
}

/// An instant as a word: nanoseconds since an anchor of the process, which suffices for
/// five centuries.
pub(crate) type Nanos = u64;

/// How long before its first use the anchor lies, so that the instants of every clock in
/// the process come after it: a paused clock may have stood still for long.
const MARGIN: Duration = Duration::from_secs(3_650 * 24 * 60 * 60);

#[inline(always)]
fn anchor() -> &'static Anchor {
    static ANCHOR: OnceLock<Anchor> = OnceLock::new();
    ANCHOR.get_or_init(|| {
        let now = StdInstant::now();
        let mut margin = MARGIN;
        // Where the clock cannot go back before the machine's start, as far as it can.
        loop {
            match now.checked_sub(margin) {
                Some(anchor) => return Anchor::new(anchor),
                None => margin /= 2,
            }
        }
    })
}

/// The instant that is word zero. Windows of time are cut into slices from here on, so that a simulation that begins
/// at this instant comes out the same in each process.
pub fn epoch() -> Instant {
    Instant::from_std(anchor().at)
}

#[inline]
pub(crate) fn nanos(at: Instant) -> Nanos {
    nanos_of(at.into_std().saturating_duration_since(anchor().at))
}

#[inline]
pub(crate) const fn nanos_of(duration: Duration) -> Nanos {
    // In words: a division of 128 bits would cost as much as all the rest.
    duration
        .as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(duration.subsec_nanos() as Nanos)
}
