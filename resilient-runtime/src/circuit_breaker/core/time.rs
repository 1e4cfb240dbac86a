//! Instants as words.

use std::time::Duration;

use crate::clock::Moment;
pub(super) use crate::clock::{Nanos, nanos, nanos_of as of};

pub(super) fn after(now: Nanos, duration: Duration) -> Nanos {
    now.saturating_add(of(duration))
}

/// The time from `now` until then; without end if `until` is as late as can be.
pub(super) fn left(now: Nanos, until: Nanos) -> Duration {
    match until {
        Nanos::MAX => Duration::MAX,
        _ => Duration::from_nanos(until.saturating_sub(now)),
    }
}

/// A clock that is read once at most, and not at all if nobody asks.
pub(super) struct Clock<F> {
    source: Option<F>,
    reading: Nanos,
}

impl<M: Into<Moment>, F: FnOnce() -> M> Clock<F> {
    pub(super) fn new(source: F) -> Self {
        Clock {
            source: Some(source),
            reading: 0,
        }
    }

    pub(super) fn read(&mut self) -> Nanos {
        if let Some(source) = self.source.take() {
            self.reading = source().into().nanos();
        }
        self.reading
    }
}
