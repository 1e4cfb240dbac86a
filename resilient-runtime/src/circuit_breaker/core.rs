//! The state machine of the circuit breaker: plain and synchronous, with the clock as an argument.

mod counts;
mod probes;
mod run;
mod time;
mod word;

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering::*};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use self::counts::{Counts, InUse};
use self::probes::Probes;
use self::time::{Clock, Nanos};
use self::word::Word;
use super::change::{BreakerMode, BreakerState, ChangeCause, Transition};
use super::settings::CircuitBreakerSettings;
use crate::clock::Moment;

/// A circuit breaker without its settings, its name and its listeners.
///
/// Its life is cut into periods, numbered by a *generation*: every change of state or mode, every reset
/// and every change of the window's shape begins a new one, with empty counts. What was admitted in one period changes
/// nothing in another.
///
/// # Concurrency
///
/// State, mode and generation are one word. A call that finds it closed is admitted by that one load, and its result goes
/// to counters without locks. An open breaker refuses by two loads more and takes no lock, nor does a half-open one whose
/// places are known to be taken. Changes of the word, and the books of the probes, are behind a short mutex that is never
/// held while anybody else's code runs.
///
/// Memory ordering: the word is read `Acquire` and written `Release`, after the counters were emptied for the
/// period that it begins. A result whose period is checked against the word and then overtaken by a change is
/// found out by the counter itself, which carries the low bits of the generation.
#[derive(Debug)]
pub struct Core {
    word: AtomicU64,
    /// Nanoseconds before which an open or half-open breaker admits nobody. Belongs to the period of the word that
    /// is read after it; written under the lock alone.
    barred_until: AtomicU64,
    counts: Counts,
    books: Mutex<Probes>,
}

/// Leave to call, to be handed back with the result. Results are told apart by it, so it is good for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    generation: u64,
    probe: Option<NonZeroU64>,
}

/// No leave to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// What is left of the open time; zero if half-open (a probe may report at any moment),
    /// `Duration::MAX` if it is held open by hand.
    pub(crate) retry_after: Duration,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// It counts as a success, and ends a run of failures.
    Success,
    /// It counts as a failure.
    Failure,
    /// It counts as nothing; a probe gives its place back.
    Neutral,
    /// The other side has too much to do: counts as nothing while closed, fails a probe.
    Overload,
}

/// What a circuit breaker has counted, and how it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerSnapshot {
    /// Whether it lets calls through.
    pub state: BreakerState,
    /// Whether it decides by itself.
    pub mode: BreakerMode,
    /// Calls in the window; none if no rule takes a rate.
    pub calls: u32,
    /// Those of them that failed, where a rule takes their rate.
    pub failures: u32,
    /// Those of them that were slow, where a rule takes their rate.
    pub slow: u32,
    /// The current run of failures, if they are counted in a row.
    pub consecutive: u32,
    /// What is left of the open time: `None` unless open, [`Duration::MAX`] if held open by hand.
    pub open_for_remaining: Option<Duration>,
}

type Admission = (Result<Admitted, Refused>, Option<Transition>);

impl Core {
    pub(crate) const fn new() -> Self {
        Core {
            word: AtomicU64::new(0),
            barred_until: AtomicU64::new(0),
            counts: Counts::new(),
            books: Mutex::new(Probes::new()),
        }
    }

    /// Leave to make a call, if the breaker is closed.
    #[inline]
    pub(crate) fn admit_closed(&self) -> Option<Admitted> {
        let word = self.word();
        (word.state() == BreakerState::Closed).then(|| plain(word))
    }

    /// For how long an open breaker refuses every call yet. `None` where that takes a closer look.
    #[inline]
    pub(crate) fn refuses_for(&self, now: impl FnOnce() -> Moment) -> Option<Duration> {
        let word = self.word();
        if word.state() != BreakerState::Open || word.mode() != BreakerMode::Automatic {
            return None;
        }
        let now = now().nanos();
        let until = self.barred_until.load(Acquire);
        (now < until && self.word() == word).then(|| time::left(now, until))
    }

    /// Asks to make a call. The clock is read only if the breaker is not closed.
    pub(crate) fn admit<M: Into<Moment>>(
        &self,
        settings: &CircuitBreakerSettings,
        now: impl FnOnce() -> M,
    ) -> Admission {
        let mut word = self.word();
        let mut clock = Clock::new(now);
        loop {
            if word.state() == BreakerState::Closed {
                return (Ok(plain(word)), None);
            }
            if word.mode() == BreakerMode::ForcedOpen {
                return barred(word, Duration::MAX);
            }
            let now = clock.read();
            let until = self.barred_until.load(Acquire);
            if now >= until {
                if let Some(admission) = self.admit_probe(settings, word, now) {
                    return admission;
                }
            } else if self.word() == word {
                return barred(word, time::left(now, until));
            }
            word = self.word();
        }
    }

    /// Takes a probe's place, after the turn to half-open if it is time for that. `None` if the word is no longer current.
    fn admit_probe(
        &self,
        settings: &CircuitBreakerSettings,
        mut word: Word,
        now: Nanos,
    ) -> Option<Admission> {
        let mut books = self.books();
        if self.word() != word {
            return None;
        }
        let mut transition = None;
        if word.state() == BreakerState::Open {
            word = self.begin(&mut books, word.next(BreakerState::HalfOpen, word.mode()));
            transition = Some(Transition {
                from: BreakerState::Open,
                to: BreakerState::HalfOpen,
                mode: word.mode(),
                cause: ChangeCause::OpenElapsed,
                open_for: None,
            });
        }
        let lease = time::after(now, settings.half_open_max);
        let probe = books.take_place(settings.half_open_calls, now, lease);
        // After the word: who still sees it open must not take a lease for the open time.
        self.barred_until
            .store(books.barred_until(settings.half_open_calls), Release);
        if probe.is_none() {
            return Some(barred(word, Duration::ZERO));
        }
        let admitted = Admitted {
            generation: word.generation(),
            probe,
        };
        Some((Ok(admitted), transition))
    }

    /// Hands in a success, if how long it took does not matter and nothing is to be done but to count it, or not even
    /// that.
    ///
    /// # Errors
    ///
    /// That it did not, so [`record`](Self::record) has to; and the time, if it was needed to find that out.
    #[inline(always)]
    pub(crate) fn succeed(
        &self,
        settings: &CircuitBreakerSettings,
        admitted: Admitted,
        now: impl FnOnce() -> Moment,
    ) -> Result<(), Option<Moment>> {
        if self.word() != Word::closed(admitted.generation) || settings.slow_call.is_some() {
            return Err(None);
        }
        self.counts.succeed(settings, admitted.generation, now)
    }

    /// Hands in the result of a call, at its end. `slow`: it took longer than `slow_call`, which is for the caller to say; it
    /// counts even where the result itself does not, and means nothing if the settings have no `slow_call`.
    ///
    /// Half-open, a slow call fails its probe whatever its result: a service that is slow has not come back.
    ///
    /// The clock is read only where time matters: not for a window of calls, unless this result opens the breaker.
    pub(crate) fn record<M: Into<Moment>>(
        &self,
        settings: &CircuitBreakerSettings,
        admitted: Admitted,
        report: Report,
        slow: bool,
        now: impl FnOnce() -> M,
    ) -> Option<Transition> {
        let slow = slow && settings.slow_call.is_some();
        let word = self.word();
        if word.generation() != admitted.generation {
            return None;
        }
        let mut clock = Clock::new(now);
        match (word.state(), admitted.probe) {
            (BreakerState::Closed, _) => {
                let counts = slow || matches!(report, Report::Success | Report::Failure);
                if !counts || word.mode() == BreakerMode::Disabled {
                    return None;
                }
                let good = report == Report::Success && !slow;
                if good && self.counts.are_clean(settings, word.generation()) {
                    return None;
                }
                self.record_closed(settings, word, report, slow, &mut clock)
            }
            (BreakerState::HalfOpen, Some(probe)) => {
                self.record_probe(settings, word, probe, report, slow, clock.read())
            }
            // Admitted by a breaker that only observes; it would have been refused.
            _ => None,
        }
    }

    fn record_closed<M: Into<Moment>>(
        &self,
        settings: &CircuitBreakerSettings,
        mut word: Word,
        report: Report,
        slow: bool,
        clock: &mut Clock<impl FnOnce() -> M>,
    ) -> Option<Transition> {
        if settings.keeps_window() && !self.counts.fit(settings) {
            word = self.reshape(settings, word)?;
        }
        let in_use = self.counts.in_use(settings);
        let in_use = in_use.unwrap_or_else(|| self.make(settings));
        let cause = self
            .counts
            .record(settings, word.generation(), in_use, report, slow, clock)?;
        if word.mode() == BreakerMode::ForcedClosed {
            return None;
        }
        let now = clock.read();
        let mut books = self.books();
        if self.word() != word {
            return None;
        }
        Some(self.open(settings, &mut books, word, cause, now))
    }

    fn record_probe(
        &self,
        settings: &CircuitBreakerSettings,
        word: Word,
        probe: NonZeroU64,
        report: Report,
        slow: bool,
        now: Nanos,
    ) -> Option<Transition> {
        let mut books = self.books();
        if self.word() != word {
            return None;
        }
        let in_time = books.give_back(probe, now);
        let failed = slow || matches!(report, Report::Failure | Report::Overload);
        if in_time && failed {
            books.reopen();
            return Some(self.open(settings, &mut books, word, ChangeCause::ProbeFailed, now));
        }
        if in_time && report == Report::Success && books.succeed(settings.half_open_calls) {
            books.close();
            self.begin(&mut books, word.next(BreakerState::Closed, word.mode()));
            return Some(Transition {
                from: BreakerState::HalfOpen,
                to: BreakerState::Closed,
                mode: word.mode(),
                cause: ChangeCause::ProbesSucceeded,
                open_for: None,
            });
        }
        self.barred_until
            .store(books.barred_until(settings.half_open_calls), Release);
        None
    }

    /// Opens, for as long as it is the turn of.
    fn open(
        &self,
        settings: &CircuitBreakerSettings,
        books: &mut Probes,
        word: Word,
        cause: ChangeCause,
        now: Nanos,
    ) -> Transition {
        let open_for = settings.open_period(books.reopened());
        // Before the word: who sees it open sees until when.
        self.barred_until.store(time::after(now, open_for), Release);
        self.begin(books, word.next(BreakerState::Open, word.mode()));
        Transition {
            from: word.state(),
            to: BreakerState::Open,
            mode: word.mode(),
            cause,
            open_for: Some(open_for),
        }
    }

    /// Begins a new period because the settings ask for another window. `None` if the period is over already.
    #[cold]
    fn reshape(&self, settings: &CircuitBreakerSettings, word: Word) -> Option<Word> {
        let mut books = self.books();
        if self.word() != word {
            return None;
        }
        self.counts.shape(settings);
        Some(self.begin(&mut books, word.next(word.state(), word.mode())))
    }

    /// Makes the counters that the settings ask for. Under the lock: or a period could begin that would miss them, and
    /// they it.
    #[cold]
    fn make(&self, settings: &CircuitBreakerSettings) -> InUse<'_> {
        let _books = self.books();
        self.counts.make(settings, self.word().generation())
    }

    /// Begins a new period: empties everything, then makes the word known.
    fn begin(&self, books: &mut Probes, word: Word) -> Word {
        books.clear();
        self.counts.reset(word.generation());
        self.word.store(word.bits(), Release);
        word
    }

    /// Refuses every call until another mode is set.
    pub(crate) fn force_open(&self) -> Option<Transition> {
        self.set(BreakerMode::ForcedOpen)
    }

    /// Lets every call pass and counts it, but never opens, until another mode is set.
    pub(crate) fn force_close(&self) -> Option<Transition> {
        self.set(BreakerMode::ForcedClosed)
    }

    /// Lets every call pass and counts nothing.
    pub(crate) fn disable(&self) -> Option<Transition> {
        self.set(BreakerMode::Disabled)
    }

    /// Lets every call pass, while the states go on as if it refused, beginning with closed.
    pub(crate) fn observe_only(&self) -> Option<Transition> {
        self.set(BreakerMode::ObserveOnly)
    }

    /// Closed, with an empty window, and left to its settings.
    pub(crate) fn reset(&self) -> Option<Transition> {
        self.set(BreakerMode::Automatic)
    }

    /// A mode that is set already stays as it is, but for the automatic one, which starts anew. Only a change of state
    /// or mode is handed out.
    fn set(&self, mode: BreakerMode) -> Option<Transition> {
        let mut books = self.books();
        let word = self.word();
        if word.mode() == mode && mode != BreakerMode::Automatic {
            return None;
        }
        let (from, to) = (word.state(), mode_starts_in(mode));
        books.close();
        self.begin(&mut books, word.next(to, mode));
        (from != to || word.mode() != mode).then_some(Transition {
            from,
            to,
            mode,
            cause: ChangeCause::ByHand,
            open_for: None,
        })
    }

    pub(crate) fn state(&self) -> BreakerState {
        self.word().state()
    }

    /// Whether it holds calls back: not where it would only like to.
    #[inline]
    pub(crate) fn holds_back(&self) -> bool {
        let word = self.word();
        word.state() != BreakerState::Closed && word.mode() != BreakerMode::ObserveOnly
    }

    pub(crate) fn mode(&self) -> BreakerMode {
        self.word().mode()
    }

    /// State and counts at `now`. The counts may be a call ahead of or behind each other while calls end.
    pub(crate) fn snapshot(
        &self,
        settings: &CircuitBreakerSettings,
        now: Instant,
    ) -> BreakerSnapshot {
        let now = time::nanos(now);
        loop {
            let word = self.word();
            let until = self.barred_until.load(Acquire);
            let seen = self.counts.read(settings, word.generation(), now);
            if self.word() != word {
                continue;
            }
            let open_for_remaining = match (word.state(), word.mode()) {
                (_, BreakerMode::ForcedOpen) => Some(Duration::MAX),
                (BreakerState::Open, _) => Some(time::left(now, until)),
                _ => None,
            };
            return BreakerSnapshot {
                state: word.state(),
                mode: word.mode(),
                calls: seen.calls,
                failures: seen.failures,
                slow: seen.slow,
                consecutive: seen.consecutive,
                open_for_remaining,
            };
        }
    }

    #[inline]
    fn word(&self) -> Word {
        Word::from_bits(self.word.load(Acquire))
    }

    /// Nothing that runs under the lock can leave the books half written, so a poisoned lock is as good as another.
    fn books(&self) -> MutexGuard<'_, Probes> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[inline]
fn plain(word: Word) -> Admitted {
    Admitted {
        generation: word.generation(),
        probe: None,
    }
}

/// The answer of a breaker that admits nobody: no, or, if it only observes, yes without counting.
fn barred(word: Word, left: Duration) -> Admission {
    if word.mode() == BreakerMode::ObserveOnly {
        return (Ok(plain(word)), None);
    }
    let retry_after = match word.state() {
        BreakerState::Open => left,
        _ => Duration::ZERO,
    };
    (Err(Refused { retry_after }), None)
}

const fn mode_starts_in(mode: BreakerMode) -> BreakerState {
    match mode {
        BreakerMode::ForcedOpen => BreakerState::Open,
        _ => BreakerState::Closed,
    }
}

#[cfg(test)]
mod tests;
