//! Leave to make one call, and the duty to say how it went.

use std::fmt;
use std::task::Poll;

use tokio::time::Instant;

use super::CircuitBreaker;
use super::core::{Admitted, Report};
use crate::clock;
use crate::context;
use crate::dropped::{Fate, Watch};
use crate::site::Entry;
use crate::stats::Count;

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
pub struct BreakerPermit<'a> {
    entry: Entry<'a, CircuitBreaker>,
    admitted: Admitted,
    watch: Watch,
    recorded: bool,
}

impl<'a> BreakerPermit<'a> {
    pub(super) fn new(entry: Entry<'a, CircuitBreaker>, admitted: Admitted, watch: Watch) -> Self {
        Self {
            entry,
            admitted,
            watch,
            recorded: false,
        }
    }

    /// Says how the call went. It is a slow call if it took longer than `slow_call`,
    /// counted from when the permit was given.
    pub fn record(mut self, outcome: CallOutcome) {
        self.settle(outcome, clock::now);
    }

    /// With the clock as an argument.
    #[doc(hidden)]
    pub fn record_at(mut self, outcome: CallOutcome, now: Instant) {
        self.settle(outcome, || now);
    }

    #[inline]
    pub(super) fn settle(&mut self, outcome: CallOutcome, now: impl Fn() -> Instant) {
        match outcome {
            CallOutcome::Success => self.report(Report::Success, true, now),
            CallOutcome::Failure => self.report(Report::Failure, true, now),
            CallOutcome::Overload => self.report(Report::Overload, false, now),
            CallOutcome::Neutral => self.report(Report::Neutral, false, now),
        }
    }

    #[inline]
    pub(super) fn poll<T>(&mut self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let core = &self.entry.core;
        let _holding = core.holds_back().then(context::enter_holding_breaker);
        let polled = self.watch.poll(poll);
        if polled.is_pending() && core.holds_back() {
            context::note_holding_breaker();
        }
        polled
    }

    #[inline]
    fn report(&mut self, report: Report, timed: bool, now: impl Fn() -> Instant) {
        self.recorded = true;
        let transition = self.entry.settings(|settings| {
            // One reading says how long it took and when it ended.
            let (slow, ended) = match (settings.slow_call, self.watch.began()) {
                (Some(limit), Some(began)) if timed => {
                    let ended = now();
                    (ended.saturating_duration_since(began) > limit, Some(ended))
                }
                _ => (false, None),
            };
            self.count(report, slow);
            let now = || ended.unwrap_or_else(&now);
            let core = &self.entry.core;
            core.record(settings, self.admitted, report, slow, now)
        });
        CircuitBreaker::tell(&self.entry, transition);
    }

    /// Whatever the breaker makes of it: a late result, or one that nothing depends on, is a call as well.
    #[inline]
    fn count(&self, report: Report, slow: bool) {
        let caller = self.entry.caller;
        caller.count(match report {
            Report::Success => Count::BreakerSucceeded,
            Report::Failure => Count::BreakerFailed,
            Report::Neutral | Report::Overload => Count::BreakerNeutral,
        });
        if slow {
            caller.count(Count::BreakerSlow);
        }
    }
}

impl Drop for BreakerPermit<'_> {
    fn drop(&mut self) {
        if self.recorded {
            return;
        }
        let (report, timed) = match self.watch.fate() {
            Fate::Panicked | Fate::CutOff { ran_for_half: true } => (Report::Failure, true),
            Fate::Waiting | Fate::CutOff { .. } => (Report::Neutral, false),
            // Says nothing of the service, unless it took too long.
            Fate::Abandoned => (Report::Neutral, true),
        };
        self.report(report, timed, clock::now);
    }
}

impl fmt::Debug for BreakerPermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerPermit")
            .field("watch", &self.watch)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
