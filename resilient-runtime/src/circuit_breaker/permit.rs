//! Leave to make one call, and the duty to say how it went.

use std::fmt;
use std::marker::PhantomData;

use tokio::time::Instant;

use super::CircuitBreaker;
use super::core::{Admitted, Report};
use crate::clock::{self, Moment};
use crate::context;
use crate::dropped::{Fate, Polling, Watch};
use crate::site::{Caller, Entry, Way};
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
pub struct BreakerPermit<'a>(Inside<'a, Entry<'a, CircuitBreaker>>);

impl<'a> BreakerPermit<'a> {
    pub(super) fn new(entry: Entry<'a, CircuitBreaker>, admitted: Admitted, watch: Watch) -> Self {
        Self(Inside(Call::new(entry, admitted, watch)))
    }

    /// Says how the call went. It is a slow call if it took longer than `slow_call`,
    /// counted from when the permit was given.
    pub fn record(self, outcome: CallOutcome) {
        self.settle(outcome, clock::moment);
    }

    /// With the clock as an argument.
    #[doc(hidden)]
    pub fn record_at(self, outcome: CallOutcome, now: Instant) {
        self.settle(outcome, || now.into());
    }

    fn settle(mut self, outcome: CallOutcome, now: impl Fn() -> Moment) {
        let entry = self.0.0.whither.clone();
        self.0.0.settle(&entry, outcome, now);
    }
}

/// Where a call was admitted, and is to be handed in.
pub(super) trait Whither<'a> {
    /// Nothing where it was not admitted.
    fn entry(&self) -> Option<Entry<'a, CircuitBreaker>>;
}

impl<'a> Whither<'a> for Entry<'a, CircuitBreaker> {
    fn entry(&self) -> Option<Entry<'a, CircuitBreaker>> {
        Some(self.clone())
    }
}

impl<'a, W: Way<'a, CircuitBreaker>> Whither<'a> for W {
    #[inline(always)]
    fn entry(&self) -> Option<Entry<'a, CircuitBreaker>> {
        self.inside()
    }
}

/// A call that was admitted, until it is settled: dropped before, it counts as dropped.
pub(super) struct Inside<'a, W: Whither<'a>>(pub(super) Call<'a, W>);

/// The same without a drop: for as long as somebody else has that.
#[derive(Clone, Copy)]
pub(super) struct Call<'a, W: Whither<'a>> {
    whither: W,
    admitted: Admitted,
    pub(super) watch: Watch,
    _breaker: PhantomData<&'a CircuitBreaker>,
}

impl<'a, W: Whither<'a>> Call<'a, W> {
    #[inline(always)]
    pub(super) fn new(whither: W, admitted: Admitted, watch: Watch) -> Self {
        Self {
            whither,
            admitted,
            watch,
            _breaker: PhantomData,
        }
    }

    #[inline(always)]
    pub(super) fn entry(&self) -> Option<Entry<'a, CircuitBreaker>> {
        self.whither.entry()
    }

    #[inline(always)]
    pub(super) fn settle(
        &mut self,
        entry: &Entry<'a, CircuitBreaker>,
        outcome: CallOutcome,
        now: impl Fn() -> Moment,
    ) {
        let mut at_once = self.watch.ended_at_once();
        self.watch.end();
        if outcome == CallOutcome::Success {
            let now = || at_once.unwrap_or_else(&now);
            match entry.settings(|settings| entry.core.succeed(settings, self.admitted, now)) {
                Ok(()) => return entry.caller().count(Count::BreakerSucceeded),
                Err(read) => at_once = read.or(at_once),
            }
        }
        let (report, timed) = match outcome {
            CallOutcome::Success => (Report::Success, true),
            CallOutcome::Failure => (Report::Failure, true),
            CallOutcome::Overload => (Report::Overload, false),
            CallOutcome::Neutral => (Report::Neutral, false),
        };
        let began = self.watch.began().filter(|_| timed);
        // A copy, lest it has to lie in memory for those that change nothing, too.
        hand_in(&entry.clone(), self.admitted, report, began, at_once, now);
    }

    /// The call was polled.
    #[inline(always)]
    pub(super) fn polled(
        &mut self,
        entry: &Entry<'a, CircuitBreaker>,
        polling: Polling,
        is_pending: bool,
    ) {
        self.watch.polled(polling, is_pending);
        if is_pending && entry.core.holds_back() {
            context::note_holding_breaker();
        }
    }

    #[cold]
    fn dropped(&self) {
        let (report, timed) = match self.watch.fate() {
            Fate::Panicked | Fate::CutOff { ran_for_half: true } => (Report::Failure, true),
            Fate::Waiting | Fate::CutOff { .. } => (Report::Neutral, false),
            // Says nothing of the service, unless it took too long.
            Fate::Abandoned => (Report::Neutral, true),
        };
        let began = self.watch.began().filter(|_| timed);
        if let Some(entry) = self.entry() {
            hand_in(&entry, self.admitted, report, began, None, clock::moment);
        }
    }
}

impl<'a, W: Whither<'a>> Drop for Inside<'a, W> {
    #[inline]
    fn drop(&mut self) {
        if !self.0.watch.has_ended() {
            self.0.dropped();
        }
    }
}

/// Hands in how a call went that began at `began`, if its time counts. Where nothing depends on how long it took, one
/// that ended `at_once` did so when it began.
#[inline(never)]
fn hand_in(
    entry: &Entry<'_, CircuitBreaker>,
    admitted: Admitted,
    report: Report,
    began: Option<Moment>,
    at_once: Option<Moment>,
    now: impl Fn() -> Moment,
) {
    let transition = entry.settings(|settings| {
        // One reading says how long it took and when it ended.
        let timed = settings.slow_call.zip(began).map(|(limit, began)| {
            let ended = now();
            (ended.since(began) > limit, ended)
        });
        let slow = timed.is_some_and(|(slow, _)| slow);
        count(entry.caller(), report, slow);
        let ended = timed.map(|(_, ended)| ended);
        let now = || ended.or(at_once).unwrap_or_else(&now);
        entry.core.record(settings, admitted, report, slow, now)
    });
    CircuitBreaker::tell(entry, transition);
}

/// Whatever the breaker makes of it: a late result, or one that nothing depends on, is a call as well.
#[inline]
fn count(caller: Caller, report: Report, slow: bool) {
    caller.count(match report {
        Report::Success => Count::BreakerSucceeded,
        Report::Failure => Count::BreakerFailed,
        Report::Neutral | Report::Overload => Count::BreakerNeutral,
    });
    if slow {
        caller.count(Count::BreakerSlow);
    }
}

impl fmt::Debug for BreakerPermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerPermit")
            .field("watch", &self.0.0.watch)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
