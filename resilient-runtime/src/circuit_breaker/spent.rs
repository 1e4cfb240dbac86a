//! How long a circuit breaker was in each of its states.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::change::BreakerState;

/// Kept beside the state machine, and moved by its changes alone.
#[derive(Debug, Default)]
pub(super) struct Spent(Mutex<Books>);

#[derive(Clone, Copy, Debug, Default)]
struct Books {
    closed: Duration,
    open: Duration,
    half_open: Duration,
    /// Since when it is as it is. `None` while nobody has looked, and nothing changed.
    since: Option<Instant>,
}

impl Spent {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Books {
            closed: Duration::ZERO,
            open: Duration::ZERO,
            half_open: Duration::ZERO,
            since: None,
        }))
    }

    /// It was in this state until now.
    pub(super) fn leave(&self, state: BreakerState, now: Instant) {
        self.books(|books| books.count(state, now));
    }

    /// All that it spent in `asked`, being in `state` now.
    pub(super) fn time_in(
        &self,
        asked: BreakerState,
        state: BreakerState,
        now: Instant,
    ) -> Duration {
        self.books(|books| {
            books.count(state, now);
            *books.of(asked)
        })
    }

    fn books<R>(&self, with: impl FnOnce(&mut Books) -> R) -> R {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Books {
    fn of(&mut self, state: BreakerState) -> &mut Duration {
        match state {
            BreakerState::Closed => &mut self.closed,
            BreakerState::Open => &mut self.open,
            BreakerState::HalfOpen => &mut self.half_open,
        }
    }

    fn count(&mut self, state: BreakerState, now: Instant) {
        if let Some(since) = self.since {
            let spent = self.of(state);
            *spent = spent.saturating_add(now.saturating_duration_since(since));
        }
        self.since = Some(now);
    }
}
