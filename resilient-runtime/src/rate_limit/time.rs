//! Instants as words.

use std::sync::OnceLock;
use std::time::{Duration, Instant as StdInstant};

use tokio::time::Instant;

/// Nanoseconds since an anchor of the process.
pub(super) type Nanos = u64;

/// How long before its first use the anchor lies: a paused clock may have stood still for long.
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

#[inline]
pub(super) fn nanos(at: Instant) -> Nanos {
    nanos_of(at.into_std().saturating_duration_since(anchor()))
}

#[inline]
pub(super) fn nanos_of(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}
