//! Leave to make one call, and the duty to say how it went.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::CircuitBreaker;
use super::core::{Admitted, Core, Report};
use crate::clock;
use crate::context::{self, Deadline};
use crate::door::Opened;
use crate::site::Caller;

/// How a call went, to a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallOutcome {
    /// The service answered.
    Success,
    /// It did not, or said that it is broken.
    Failure,
    /// The service sheds load: counts as nothing while closed, and fails a probe.
    Overload,
    /// Says nothing about the service.
    Neutral,
}

/// Leave to make one call. See [`CircuitBreaker::try_acquire`].
///
/// Dropped without a [`record`](Self::record), the call counts as one that was
/// dropped, and the place of a probe is given back.
#[must_use = "the call counts as dropped when the permit is"]
pub struct Permit<'a> {
    breaker: &'a CircuitBreaker,
    core: Opened<'a, Core>,
    admitted: Admitted,
    caller: Caller,
    /// Known where something depends on how long the call takes.
    began: Option<Instant>,
    /// The one that the call was admitted under.
    deadline: Option<Deadline>,
    /// What is under way, for the case that it is never reported.
    phase: Phase,
}

/// What a call was last seen doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its own work, or waiting for somebody else's.
    Working,
    /// Nothing but waiting in a layer of ours.
    Waiting,
    /// It is being polled; seen in a drop, it has panicked.
    Polled,
    Recorded,
}

impl<'a> Permit<'a> {
    pub(super) fn new(
        breaker: &'a CircuitBreaker,
        core: Opened<'a, Core>,
        admitted: Admitted,
        caller: Caller,
        began: Option<Instant>,
        deadline: Option<Deadline>,
    ) -> Self {
        Self {
            breaker,
            core,
            admitted,
            caller,
            began,
            deadline,
            phase: Phase::Working,
        }
    }

    /// Says how the call went. It is a slow call if it took longer than `slow_call`,
    /// counted from when the permit was given.
    pub fn record(mut self, outcome: CallOutcome) {
        self.settle(outcome);
    }

    #[inline]
    pub(super) fn settle(&mut self, outcome: CallOutcome) {
        match outcome {
            CallOutcome::Success => self.report(Report::Success, true),
            CallOutcome::Failure => self.report(Report::Failure, true),
            CallOutcome::Overload => self.report(Report::Overload, false),
            CallOutcome::Neutral => self.report(Report::Neutral, false),
        }
    }

    pub(super) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// With its time counted from now, if nothing asked for that before.
    pub(super) fn timed(mut self) -> Self {
        self.began = self.began.or_else(|| Some(clock::entry()));
        self
    }

    /// It is about to be polled. If a limit was put around it only after it was admitted,
    /// its time counts at least from here: that limit may be what drops it.
    pub(super) fn enter_poll(&mut self) {
        self.phase = Phase::Polled;
        if self.began.is_none() && context::nearest_deadline().is_some() {
            self.began = Some(clock::entry());
        }
    }

    #[inline]
    fn report(&mut self, report: Report, timed: bool) {
        self.phase = Phase::Recorded;
        let transition = self.breaker.settings.with(|settings| {
            // One reading says how long it took and when it ended.
            let (slow, ended) = match (settings.slow_call, self.began) {
                (Some(limit), Some(began)) if timed => {
                    let ended = clock::now();
                    (ended.saturating_duration_since(began) > limit, Some(ended))
                }
                _ => (false, None),
            };
            let now = || ended.unwrap_or_else(clock::now);
            self.core.record(settings, self.admitted, report, slow, now)
        });
        self.breaker.tell(self.caller, transition);
    }

    /// Zero where nothing depends on it.
    fn ran(&self) -> Duration {
        self.began.map_or(Duration::ZERO, |began| {
            clock::now().saturating_duration_since(began)
        })
    }

    /// What a call that was dropped counts as, and whether its time counts.
    fn result_of_drop(&self) -> (Report, bool) {
        match self.phase {
            Phase::Polled => return (Report::Failure, true),
            Phase::Waiting | Phase::Recorded => return (Report::Neutral, false),
            Phase::Working => {}
        }
        let overdue = self.deadline.filter(|deadline| clock::now() >= deadline.at);
        match context::cut_off_after().or(overdue.map(|deadline| deadline.after)) {
            Some(limit) if self.ran().saturating_mul(2) >= limit => (Report::Failure, true),
            Some(_) => (Report::Neutral, false),
            // By the caller: says nothing of the service, unless it took too long.
            None => (Report::Neutral, true),
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.phase != Phase::Recorded {
            let (report, timed) = self.result_of_drop();
            self.report(report, timed);
        }
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}
