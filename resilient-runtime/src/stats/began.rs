//! When something began, in one word.

use std::time::Duration;

use crate::clock::{self, Moment};

/// When something began, if it is measured. Futures keep it, so it is one word.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Began(Option<Moment>);

impl Began {
    #[cold]
    pub(super) fn at(began: impl FnOnce() -> Moment) -> Self {
        Self(Some(began()))
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
fn since(began: Moment) -> Duration {
    clock::moment().since(began)
}
