//! Why a call was dropped, for the layers to which that matters.

use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock;
use crate::context::{self, Deadline};

/// What is kept of a call under way, for the case that it is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Known where something depends on how long the call takes.
    began: Option<Instant>,
    /// The one that the call was admitted under.
    deadline: Option<Deadline>,
    phase: Phase,
}

/// What a call was last seen doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Its own work, or waiting for somebody else's.
    Working,
    /// Nothing but waiting in a layer of ours.
    Waiting,
    /// It is being polled; seen in a drop, it has panicked.
    Polled,
}

/// How a call ended that did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Panicked,
    /// While it only waited in a layer of ours.
    Waiting,
    /// By a time limit of ours, or after the deadline it was admitted under.
    CutOff {
        /// Whether it ran for at least half of the limit: else the limit says little of it.
        ran_for_half: bool,
    },
    /// By whoever made it.
    Abandoned,
}

impl Watch {
    /// From now on; `timed` if the time counts whatever happens.
    #[inline]
    pub(crate) fn new(timed: bool) -> Self {
        let deadline = context::nearest_deadline();
        Self {
            began: (timed || deadline.is_some()).then(clock::entry),
            deadline,
            phase: Phase::Working,
        }
    }

    /// From `began` on.
    #[inline]
    pub(crate) fn since(began: Instant) -> Self {
        Self {
            began: Some(began),
            deadline: context::nearest_deadline(),
            phase: Phase::Working,
        }
    }

    /// When it began, if anything asked for that.
    #[inline]
    pub(crate) fn began(&self) -> Option<Instant> {
        self.began
    }

    /// Counts its time from now, if nothing asked for that before.
    pub(crate) fn time(&mut self) {
        self.began = self.began.or_else(|| Some(clock::entry()));
    }

    /// Polls the call.
    #[inline]
    pub(crate) fn poll<T>(&mut self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        self.phase = Phase::Polled;
        // A limit was put around it only after it was admitted, and may be what drops it.
        if self.began.is_none() && context::nearest_deadline().is_some() {
            self.time();
        }
        let waits = context::waits();
        let polled = poll();
        let waited = polled.is_pending() && context::waits() != waits;
        self.phase = if waited {
            Phase::Waiting
        } else {
            Phase::Working
        };
        polled
    }

    /// Asked as it is dropped.
    pub(crate) fn fate(&self) -> Fate {
        match self.phase {
            Phase::Polled => return Fate::Panicked,
            Phase::Waiting => return Fate::Waiting,
            Phase::Working => {}
        }
        let overdue = self.deadline.filter(|deadline| clock::now() >= deadline.at);
        match context::cut_off_after().or(overdue.map(|deadline| deadline.after)) {
            Some(limit) => Fate::CutOff {
                ran_for_half: self.ran().saturating_mul(2) >= limit,
            },
            None => Fate::Abandoned,
        }
    }

    /// Zero where nothing depends on it.
    fn ran(&self) -> Duration {
        self.began.map_or(Duration::ZERO, |began| {
            clock::now().saturating_duration_since(began)
        })
    }
}
