//! Everything that a closed breaker counts, and what it says about opening.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::*};

use super::Report;
use super::run::Run;
use super::time::{self, Clock, Nanos};
use crate::circuit_breaker::buckets::Buckets;
use crate::circuit_breaker::change::ChangeCause;
use crate::circuit_breaker::ring::Ring;
use crate::circuit_breaker::settings::{CircuitBreakerSettings, Window};
use crate::clock::Moment;

/// The counters, of which the settings say which are in use.
///
/// A window of time is made when it is first used, on lines of its own: they are written by every call, and the others
/// only when something went wrong.
#[derive(Debug)]
pub(super) struct Counts {
    /// The window that the counters were emptied for, see [`shape_of`]; zero before the first result.
    shape: AtomicU64,
    run: Run,
    /// A window of calls.
    ring: Ring,
    /// A window of time, for the failure rate.
    failures: OnceLock<Box<Buckets>>,
    /// The same for the rate of slow calls.
    slow: OnceLock<Box<Buckets>>,
}

/// The windows of time that the settings ask for.
#[derive(Clone, Copy, Debug)]
pub(super) struct InUse<'c> {
    failures: Option<&'c Buckets>,
    slow: Option<&'c Buckets>,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) calls: u32,
    pub(super) failures: u32,
    pub(super) slow: u32,
    pub(super) consecutive: u32,
}

/// A window in one word, never zero: the length of a slice or the number of calls, and which of the two.
#[inline]
fn shape_of(window: Window) -> u64 {
    match window {
        Window::Time(span) => of_time(Buckets::slice(time::of(span))),
        Window::Calls(calls) => of_calls(calls),
    }
}

#[inline]
const fn of_time(slice: Nanos) -> u64 {
    // A tenth of 2^64 leaves room for the bit.
    slice << 1
}

#[inline]
const fn of_calls(calls: u32) -> u64 {
    ((calls as u64) << 1) | 1
}

/// The rules that need a window of time: for the failure rate, and for that of slow calls.
#[inline]
const fn rules_of_time(settings: &CircuitBreakerSettings) -> (Option<f64>, Option<f64>) {
    match settings.window {
        Window::Time(_) => (settings.failure_rule(), settings.slow_rule()),
        Window::Calls(_) => (None, None),
    }
}

impl Counts {
    pub(super) const fn new() -> Self {
        Counts {
            shape: AtomicU64::new(0),
            run: Run::new(),
            ring: Ring::new(),
            failures: OnceLock::new(),
            slow: OnceLock::new(),
        }
    }

    /// Empties everything for a new period, before that is known to anybody.
    pub(super) fn reset(&self, generation: u64) {
        self.run.reset(generation);
        self.ring.reset(generation);
        for made in [&self.failures, &self.slow]
            .into_iter()
            .filter_map(OnceLock::get)
        {
            made.reset(generation);
        }
    }

    /// The windows of time that the settings ask for; `None` if one of them was never made.
    #[inline]
    pub(super) fn in_use(&self, settings: &CircuitBreakerSettings) -> Option<InUse<'_>> {
        let (failure_rule, slow_rule) = rules_of_time(settings);
        let in_use = InUse {
            failures: failure_rule.and_then(|_| self.failures.get().map(Box::as_ref)),
            slow: slow_rule.and_then(|_| self.slow.get().map(Box::as_ref)),
        };
        let missing = failure_rule.is_some() && in_use.failures.is_none()
            || slow_rule.is_some() && in_use.slow.is_none();
        (!missing).then_some(in_use)
    }

    /// The same, made where they were not, for a period that is not to end meanwhile.
    pub(super) fn make(&self, settings: &CircuitBreakerSettings, generation: u64) -> InUse<'_> {
        let fresh = || {
            let buckets = Box::new(Buckets::new());
            buckets.reset(generation);
            buckets
        };
        let (failure_rule, slow_rule) = rules_of_time(settings);
        InUse {
            failures: failure_rule.map(|_| &**self.failures.get_or_init(fresh)),
            slow: slow_rule.map(|_| &**self.slow.get_or_init(fresh)),
        }
    }

    /// Whether the counters have the shape that the settings ask for. The first to ask gives them theirs.
    pub(super) fn fit(&self, settings: &CircuitBreakerSettings) -> bool {
        let wanted = shape_of(settings.window);
        let shape = self.shape.load(Acquire);
        shape == wanted
            || shape == 0
                && match self.shape.compare_exchange(0, wanted, AcqRel, Acquire) {
                    Ok(_) => true,
                    Err(found) => found == wanted,
                }
    }

    #[inline(always)]
    fn have_shape(&self, window: Window) -> bool {
        self.shape.load(Acquire) == shape_of(window)
    }

    /// Takes the shape that the settings ask for; a new period has to follow at once.
    pub(super) fn shape(&self, settings: &CircuitBreakerSettings) {
        self.shape.store(shape_of(settings.window), Release);
    }

    /// Whether a success that was not slow would change nothing: no run to end, and no window, or one that
    /// is full of such successes.
    #[inline(always)]
    pub(super) fn are_clean(&self, settings: &CircuitBreakerSettings, generation: u64) -> bool {
        if settings.consecutive_failures.is_some() && !self.run.is_over(generation) {
            return false;
        }
        match settings.window {
            _ if !settings.keeps_window() => true,
            Window::Calls(_) => self.have_shape(settings.window) && self.ring.is_clean(generation),
            Window::Time(_) => false,
        }
    }

    /// Counts a success that was not slow, if that takes no more than a step: nothing where all
    /// [are clean](Self::are_clean), else one more in the only window, and of time in its last slice.
    ///
    /// # Errors
    ///
    /// That it did not, and the time, if it was read.
    #[inline(always)]
    pub(super) fn succeed(
        &self,
        settings: &CircuitBreakerSettings,
        generation: u64,
        now: impl FnOnce() -> Moment,
    ) -> Result<(), Option<Moment>> {
        if self.are_clean(settings, generation) {
            return Ok(());
        }
        self.succeed_in_window(settings, generation, now)
    }

    // By itself: what it needs is more than fits beside a user's body.
    #[inline(never)]
    fn succeed_in_window(
        &self,
        settings: &CircuitBreakerSettings,
        generation: u64,
        now: impl FnOnce() -> Moment,
    ) -> Result<(), Option<Moment>> {
        if settings.consecutive_failures.is_some() {
            return Err(None);
        }
        let shape = self.shape.load(Acquire);
        match settings.window {
            Window::Time(span) => {
                let slice = Buckets::slice(time::of(span));
                let failures = self.failures.get().filter(|_| shape == of_time(slice));
                let failures = failures.ok_or(None)?;
                let now = now();
                let counted = failures.record_in_last(generation, slice, now.nanos(), false);
                counted.then_some(()).ok_or(Some(now))
            }
            Window::Calls(calls) if shape == of_calls(calls) => {
                self.ring.record(generation, calls, false, false);
                Ok(())
            }
            Window::Calls(_) => Err(None),
        }
    }

    /// Counts a result and says whether it is a cause to open.
    ///
    /// A rule is asked only by a result that counts against it, so a success opens nothing. A call that is slow but has no
    /// result of its own counts as a slow call that did not fail.
    pub(super) fn record<M: Into<Moment>>(
        &self,
        settings: &CircuitBreakerSettings,
        generation: u64,
        in_use: InUse<'_>,
        report: Report,
        slow: bool,
        clock: &mut Clock<impl FnOnce() -> M>,
    ) -> Option<ChangeCause> {
        let failed = report == Report::Failure;
        let mut cause = None;
        if let Some(limit) = settings.consecutive_failures {
            match report {
                Report::Failure => {
                    let count = self.run.lengthen(generation)?;
                    cause = (count >= limit).then_some(ChangeCause::ConsecutiveFailures { count });
                }
                Report::Success => self.run.end(generation),
                Report::Neutral | Report::Overload => {}
            }
        }

        if !settings.keeps_window() {
            return cause;
        }
        let (failure_rule, slow_rule) = (settings.failure_rule(), settings.slow_rule());
        // Calls and bad ones, for each rule that has reason to ask.
        let (mut of_failures, mut of_slow) = (None, None);
        match settings.window {
            Window::Calls(calls) => {
                if let Some(tally) = self.ring.record(generation, calls, failed, slow) {
                    of_failures = failed.then_some((tally.calls, tally.failed));
                    of_slow = slow.then_some((tally.calls, tally.slow));
                }
            }
            Window::Time(span) => {
                let now = clock.read();
                let slice = Buckets::slice(time::of(span));
                if let Some(failures) = in_use.failures {
                    failures.record(generation, slice, now, failed);
                }
                if let Some(slow_ones) = in_use.slow {
                    slow_ones.record(generation, slice, now, slow);
                }
                let sum = |buckets: &Buckets| {
                    let counts = buckets.sum(generation, slice, now);
                    (counts.calls, counts.bad)
                };
                of_failures = in_use.failures.filter(|_| failed).map(sum);
                of_slow = in_use.slow.filter(|_| slow).map(sum);
            }
        }
        let reached = |rule: Option<f64>, counted: Option<(u32, u32)>| {
            let (limit, (calls, bad)) = rule.zip(counted)?;
            let rate = f64::from(bad) / f64::from(calls.max(1));
            (calls >= settings.least_calls() && rate >= limit).then_some((rate, calls))
        };
        cause
            .or_else(|| {
                reached(failure_rule, of_failures)
                    .map(|(rate, calls)| ChangeCause::FailureRate { rate, calls })
            })
            .or_else(|| {
                reached(slow_rule, of_slow)
                    .map(|(rate, calls)| ChangeCause::SlowCallRate { rate, calls })
            })
    }

    /// What is counted at `now`; nothing of a window that the settings no longer ask for.
    pub(super) fn read(
        &self,
        settings: &CircuitBreakerSettings,
        generation: u64,
        now: Nanos,
    ) -> Seen {
        let mut seen = Seen {
            consecutive: self.run.length(generation),
            ..Seen::default()
        };
        if !self.have_shape(settings.window) {
            return seen;
        }
        match settings.window {
            Window::Calls(calls) => {
                let tally = self.ring.tally(generation, calls).unwrap_or_default();
                seen.calls = tally.calls;
                // As a window of time, which keeps them for the rule alone.
                seen.failures = settings.failure_rule().map_or(0, |_| tally.failed);
                seen.slow = settings.slow_rule().map_or(0, |_| tally.slow);
            }
            Window::Time(span) => {
                let slice = Buckets::slice(time::of(span));
                let sum = |made: &OnceLock<Box<Buckets>>| {
                    let made = made.get();
                    made.map_or_else(Default::default, |made| made.sum(generation, slice, now))
                };
                let (failures, slow) = (sum(&self.failures), sum(&self.slow));
                seen.calls = failures.calls.max(slow.calls);
                seen.failures = failures.bad;
                seen.slow = slow.bad;
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn no_two_windows_have_one_shape() {
        let time = |nanos| Window::Time(Duration::from_nanos(nanos));
        let windows = [10, 20, 30, 1_000, 1_010, u64::MAX].map(time);
        let calls = [1, 2, 3, 100, 101, 65_535].map(Window::Calls);
        let mut shapes: Vec<u64> = windows.into_iter().chain(calls).map(shape_of).collect();
        shapes.push(0);
        shapes.sort_unstable();
        let all = shapes.len();
        shapes.dedup();
        assert_eq!(shapes.len(), all);
    }
}
