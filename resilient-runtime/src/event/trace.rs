//! Events for `tracing`: breaker changes and exhausted retries are warnings,
//! single attempts are for debugging, and of a flood one a second is let through.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::level_filters::LevelFilter;
use tracing::{Level, debug, enabled, info, warn};

use super::{Event, EventKind, StopReason};
use crate::circuit_breaker::BreakerState;
use crate::clock;

/// Whether any subscriber wants anything of what is said here.
#[inline]
pub(super) fn any() -> bool {
    LevelFilter::current() >= LevelFilter::WARN
}

pub(super) fn record(event: &Event) {
    let (site, key) = (event.site, event.key());
    match &event.kind {
        EventKind::AttemptFailed { attempt, cause } => {
            debug!(site, key, attempt, ?cause, "attempt failed");
        }
        EventKind::RetryScheduled { attempt, delay } => {
            debug!(site, key, attempt, ?delay, "retry scheduled");
        }
        EventKind::RetrySucceeded { attempt } => debug!(site, key, attempt, "retry succeeded"),
        EventKind::RetryStopped {
            attempts,
            why: StopReason::NotRetried,
        } => {
            debug!(site, key, attempts, why = ?StopReason::NotRetried, "not retried");
        }
        EventKind::RetryStopped { attempts, why } => {
            if enabled!(Level::WARN)
                && let Some(more) = one_a_second(site, Flood::Stopped(*why))
            {
                warn!(site, key, attempts, ?why, more, "retries gave up");
            }
        }
        EventKind::TimedOut { after } => {
            if enabled!(Level::INFO)
                && let Some(more) = one_a_second(site, Flood::TimedOut)
            {
                info!(site, key, ?after, more, "timed out");
            }
        }
        EventKind::BreakerChanged(change) => {
            let (from, to, cause) = (change.from(), change.to(), change.cause());
            let open_for = change.open_for();
            match to {
                BreakerState::Open => {
                    warn!(
                        site,
                        key,
                        ?from,
                        ?to,
                        ?cause,
                        ?open_for,
                        "circuit breaker opened"
                    );
                }
                _ => warn!(site, key, ?from, ?to, ?cause, "circuit breaker changed"),
            }
        }
        EventKind::Refused(kind) => {
            let flood = Flood::Refused(std::mem::discriminant(kind));
            if enabled!(Level::WARN)
                && let Some(more) = one_a_second(site, flood)
            {
                warn!(site, key, cause = ?kind, more, "call refused");
            }
        }
        EventKind::KeysExhausted { max_keys } => {
            if enabled!(Level::WARN)
                && let Some(more) = one_a_second(site, Flood::KeysExhausted)
            {
                warn!(site, key, max_keys, more, "no place for another key");
            }
        }
        EventKind::HedgeStarted { hedge, after } => {
            debug!(site, key, hedge, ?after, "hedge started");
        }
        EventKind::HedgeWon { hedge } => debug!(site, key, hedge, "hedge won"),
        EventKind::HedgeWithheld(why) => debug!(site, key, ?why, "hedge withheld"),
        EventKind::FaultInjected(fault) => debug!(site, key, ?fault, "fault injected"),
        EventKind::FallbackUsed { cause } => {
            if enabled!(Level::INFO)
                && let Some(more) = one_a_second(site, Flood::FallbackUsed)
            {
                info!(site, key, ?cause, more, "fallback used");
            }
        }
    }
}

/// What may come in floods.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Flood {
    Refused(std::mem::Discriminant<crate::error::PolicyErrorKind>),
    Stopped(StopReason),
    TimedOut,
    KeysExhausted,
    FallbackUsed,
}

struct Said {
    at: Instant,
    held_back: u64,
}

/// `None` if the same was said within the last second; else how many were held back since.
fn one_a_second(site: &'static str, flood: Flood) -> Option<u64> {
    static SAID: OnceLock<Mutex<HashMap<(&'static str, Flood), Said>>> = OnceLock::new();
    let mut said = SAID
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let now = clock::now();
    match said.entry((site, flood)) {
        Entry::Vacant(first) => {
            first.insert(Said {
                at: now,
                held_back: 0,
            });
            Some(0)
        }
        Entry::Occupied(mut before) => {
            let before = before.get_mut();
            // A clock that stands behind is another test's: then it was not said yet.
            let since = now.checked_duration_since(before.at);
            if since.is_some_and(|since| since < Duration::from_secs(1)) {
                before.held_back += 1;
                return None;
            }
            before.at = now;
            Some(std::mem::take(&mut before.held_back))
        }
    }
}
