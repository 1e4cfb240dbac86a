//! The latest decisions, of a flood one line a second.

use std::collections::{HashMap, VecDeque};
use std::mem::Discriminant;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::{BreakerState, Event, EventKind, PolicyErrorKind, StopReason};

/// Lines that are kept.
const KEPT: usize = 200;

#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    /// In milliseconds since 1970.
    at: u64,
    level: &'static str,
    text: String,
    site: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// How many like it were held back since the last such line.
    more: u64,
}

/// Events as they come, until they are taken to be told.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<Mutex<Books>>);

#[derive(Debug, Default)]
struct Books {
    /// Not told yet.
    fresh: Vec<Line>,
    told: VecDeque<Line>,
    said: HashMap<(&'static str, Discriminant<EventKind>), Said>,
}

#[derive(Debug, Default)]
struct Said {
    /// In this second.
    once: bool,
    held_back: u64,
}

impl Log {
    pub(super) fn note(&self, event: &Event) {
        let Some((level, text)) = worded(event.kind()) else {
            return;
        };
        self.books(|books| {
            let flood = (event.site(), std::mem::discriminant(event.kind()));
            let said = books.said.entry(flood).or_default();
            let is_change = matches!(event.kind(), EventKind::BreakerChanged(_));
            if (said.once && !is_change) || books.fresh.len() >= KEPT {
                said.held_back += 1;
                return;
            }
            said.once = true;
            books.fresh.push(Line {
                at: millis_since_1970(),
                level,
                text,
                site: event.site(),
                key: event.key().map(str::to_owned),
                more: std::mem::take(&mut said.held_back),
            });
        });
    }

    /// A second is over: what came in it.
    pub(super) fn advance(&self) -> Vec<Line> {
        self.books(|books| {
            let fresh = std::mem::take(&mut books.fresh);
            books.told.extend(fresh.iter().cloned());
            let too_many = books.told.len().saturating_sub(KEPT);
            books.told.drain(..too_many);
            books.said.retain(|_, said| said.held_back > 0);
            for said in books.said.values_mut() {
                said.once = false;
            }
            fresh
        })
    }

    /// What was told until now.
    pub(super) fn told(&self) -> Vec<Line> {
        self.books(|books| books.told.iter().cloned().collect())
    }

    fn books<R>(&self, with: impl FnOnce(&mut Books) -> R) -> R {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn millis_since_1970() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Single attempts, and what went well, are no news.
fn worded(kind: &EventKind) -> Option<(&'static str, String)> {
    Some(match kind {
        EventKind::BreakerChanged(change) => {
            let level = match change.to() {
                BreakerState::Open => "warn",
                BreakerState::HalfOpen => "info",
                BreakerState::Closed => "good",
            };
            let mut text = format!("{} -> {}: {}", change.from(), change.to(), change.cause());
            if let Some(open_for) = change.open_for() {
                text += &format!(", for {open_for:?}");
            }
            (level, text)
        }
        EventKind::Refused(kind) => ("info", format!("refused: {}", refused(kind))),
        EventKind::RetryStopped { attempts, why } => {
            let why = stopped(*why)?;
            ("warn", format!("gave up after attempt {attempts}: {why}"))
        }
        EventKind::TimedOut { after } => ("info", format!("timed out after {after:?}")),
        EventKind::KeysExhausted { max_keys } => (
            "warn",
            format!("no place for another key beside {max_keys}"),
        ),
        EventKind::HedgeWithheld(why) => {
            ("info", format!("hedge withheld: {why:?}").to_lowercase())
        }
        EventKind::FaultInjected(fault) => {
            ("info", format!("fault injected: {fault:?}").to_lowercase())
        }
        EventKind::FallbackUsed { .. } => ("info", "the fallback answered".to_owned()),
        EventKind::AttemptFailed { .. }
        | EventKind::RetryScheduled { .. }
        | EventKind::RetrySucceeded { .. }
        | EventKind::HedgeStarted { .. }
        | EventKind::HedgeWon { .. } => return None,
    })
}

fn refused(kind: &PolicyErrorKind) -> &'static str {
    match kind {
        PolicyErrorKind::CircuitOpen { .. } => "the circuit breaker is open",
        PolicyErrorKind::RateLimited { .. } => "the rate limit is reached",
        PolicyErrorKind::BulkheadFull => "the bulkhead is full",
        PolicyErrorKind::ConcurrencyLimited => "the adaptive limit is reached",
        PolicyErrorKind::TimedOut { .. } => "its time is over",
        PolicyErrorKind::FaultInjected => "by an injected fault",
    }
}

/// What is not to be retried was not given up.
fn stopped(why: StopReason) -> Option<&'static str> {
    Some(match why {
        StopReason::Exhausted => "all attempts are used up",
        StopReason::NotRetried => return None,
        StopReason::Elapsed => "max_elapsed is over",
        StopReason::Deadline => "the deadline is near",
        StopReason::RetryAfterTooLong => "it is not to come back within max_delay",
        StopReason::Budget => "the retry budget is spent",
    })
}
