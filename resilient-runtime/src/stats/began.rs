//! When something began, in one word.

use std::num::NonZeroU64;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock;

/// When something began, if it is measured. Futures keep it, so it is one word.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Began(Option<NonZeroU64>);

impl Began {
    #[cold]
    pub(super) fn at(began: impl FnOnce() -> Instant) -> Self {
        Self(NonZeroU64::new(clock::nanos(began())))
    }

    #[inline]
    pub(super) fn is_measured(self) -> bool {
        self.0.is_some()
    }

    /// How long ago it was, if it is measured: else the clock is not read.
    #[inline]
    pub(super) fn took(self) -> Option<Duration> {
        self.0.map(since)
    }
}

#[cold]
fn since(began: NonZeroU64) -> Duration {
    let now = clock::nanos(clock::now());
    Duration::from_nanos(now.saturating_sub(began.get()))
}
