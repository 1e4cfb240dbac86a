//! Instants as words.

use std::sync::OnceLock;
use std::time::{Duration, Instant as StdInstant};

use tokio::time::Instant;

/// Nanoseconds since an anchor of the process, which suffices for five centuries.
pub(super) type Nanos = u64;

/// Days before its first use at which the anchor lies, so that the instants of every clock in the process come after it:
/// a paused clock may have stood still for long.
const MARGIN_DAYS: u64 = 3_650;

fn anchor() -> StdInstant {
    static ANCHOR: OnceLock<StdInstant> = OnceLock::new();
    *ANCHOR.get_or_init(|| {
        let now = StdInstant::now();
        let mut margin = Duration::from_secs(MARGIN_DAYS * 24 * 60 * 60);
        // Where the clock cannot go back before the machine's start, as far as it can.
        loop {
            match now.checked_sub(margin) {
                Some(anchor) => return anchor,
                None => margin /= 2,
            }
        }
    })
}

pub(super) fn nanos(at: Instant) -> Nanos {
    of(at.into_std().saturating_duration_since(anchor()))
}

/// A duration in nanoseconds.
pub(super) fn of(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}

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

impl<F: FnOnce() -> Instant> Clock<F> {
    pub(super) fn new(source: F) -> Self {
        Clock {
            source: Some(source),
            reading: 0,
        }
    }

    pub(super) fn read(&mut self) -> Nanos {
        if let Some(source) = self.source.take() {
            self.reading = nanos(source());
        }
        self.reading
    }
}
