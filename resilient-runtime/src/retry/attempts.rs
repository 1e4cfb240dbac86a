//! Whether there is another attempt, and when.

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

use super::attempt::{Attempt, StartedAttempt};
use super::backoff;
use super::pause::Pause;
use super::{OnOpen, OnTimeout, Retry};
use crate::classify::ErrorClass;
use crate::clock::{self, Moment, Nanos};
use crate::context;
use crate::error::{PolicyError, PolicyErrorKind};
use crate::event::{EventKind, Span, StopReason};
use crate::retry_budget::Within;
use crate::rules::{Grows, Growth, Rules, Test, Told};
use crate::site::Caller;
use crate::stats::{Began, Count, Timing};
use crate::verdict::{Cause, Failing};

/// The attempts of one call. `max_elapsed` counts from when this was made.
///
/// ```
/// use resilient_runtime::Retry;
/// use std::ops::ControlFlow;
///
/// # async fn ping() -> std::io::Result<()> { Ok(()) }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> std::io::Result<()> {
/// let mut attempts = Retry::new(3).attempts();
/// let outcome = loop {
///     let outcome = attempts.attempt(ping()).await;
///     match attempts.next(outcome) {
///         ControlFlow::Break(outcome) => break outcome,
///         ControlFlow::Continue(pause) => pause.await,
///     }
/// };
/// # outcome
/// # }
/// ```
#[derive(Debug)]
pub struct Attempts<'a, S: RetryTerms = Retry> {
    terms: S,
    /// In place of the terms' own.
    budget: Option<Within<'a>>,
    /// A retry is paid for, and has not begun.
    paid: bool,
    /// Switched off: the outcome goes by, and nothing is said of it.
    off: bool,
    made: u32,
    /// When the first attempt began; known only where something depends on it.
    began: Option<Moment>,
    last_pause: Nanos,
    /// When the attempt under way began.
    attempt: Began,
}

/// What the attempts of a call go by: settings that the call brings, or those of its layer, which are read when an
/// attempt has failed.
pub trait RetryTerms: fmt::Debug {
    fn settings(&self) -> Retry;
    /// Whether `max_elapsed` is set.
    fn is_timed(&self) -> bool;
    fn caller(&self) -> Caller;
    fn own_budget(&self) -> Within<'static>;
}

impl RetryTerms for Retry {
    fn settings(&self) -> Retry {
        *self
    }

    fn is_timed(&self) -> bool {
        self.max_elapsed.is_some()
    }

    fn caller(&self) -> Caller {
        Caller::Named(self.name)
    }

    fn own_budget(&self) -> Within<'static> {
        Within::NOTHING
    }
}

impl<'a, S: RetryTerms> Attempts<'a, S> {
    #[inline(always)]
    pub(super) fn new(terms: S, on: bool) -> Self {
        let began = (on && terms.is_timed()).then(clock::entry);
        Self {
            terms,
            budget: None,
            paid: false,
            off: !on,
            made: 0,
            began,
            last_pause: 0,
            attempt: Began::default(),
        }
    }

    /// Keeps to a budget: no retry without it. Of `budget = ..` and of
    /// [`Keyed::get`](crate::Keyed::get) alike.
    #[must_use]
    pub fn within(mut self, budget: impl Into<Within<'a>>) -> Self {
        self.give_back();
        self.budget = Some(budget.into());
        self
    }

    /// The next attempt begins now: the first one did not when this was made, if that
    /// was before the call was first polled.
    pub(super) fn begin(&mut self) {
        if self.made == 0 && self.began.is_some() {
            self.began = Some(clock::entry());
        }
    }

    /// Begins an attempt: [`start`](Self::start), and [`run`](StartedAttempt::run).
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops `attempt`.
    #[inline]
    pub fn attempt<F, T, X>(&mut self, attempt: F) -> Attempt<F>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        self.start().run(attempt)
    }

    /// Begins an attempt, before there is any work to do: so what runs inside knows how many came
    /// [before it](crate::previous_attempts), and a budget that it is made.
    #[inline(always)]
    pub fn start(&mut self) -> StartedAttempt {
        self.paid = false;
        let span = if self.off {
            Span::NONE
        } else {
            let caller = self.terms.caller();
            self.attempt = caller.begin(clock::entry);
            Span::of(caller, self.made.saturating_add(1))
        };
        StartedAttempt::new(self.made, span)
    }

    /// Takes the outcome of an attempt: [`Break`](ControlFlow::Break) with it if it
    /// is what the call returns, [`Continue`](ControlFlow::Continue) with the pause
    /// before another attempt.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled, if there is to be a pause.
    #[inline(always)]
    pub fn next<T, X: Failing>(
        &mut self,
        outcome: Result<T, X>,
    ) -> ControlFlow<Result<T, X>, Pause> {
        self.next_by(outcome, &Rules::<Result<T, X::Error>>::new())
    }

    /// [`next`](Self::next) with rules of its own.
    ///
    /// # Panics
    ///
    /// As [`next`](Self::next).
    #[inline(always)]
    pub fn next_by<T, X, R, When, WhenOk, Ignore, OnRetry, Pauses>(
        &mut self,
        outcome: Result<T, X>,
        rules: &Rules<R, When, WhenOk, Ignore, OnRetry, Pauses>,
    ) -> ControlFlow<Result<T, X>, Pause>
    where
        X: Failing,
        When: Test<X::Error>,
        WhenOk: Test<T>,
        OnRetry: Told<X::Error>,
        Pauses: Grows,
    {
        clock::forget();
        self.paid = false;
        match outcome {
            Ok(value) if self.off || !rules.when_ok.test(&value).unwrap_or(false) => {
                if !self.off {
                    self.succeeds();
                }
                ControlFlow::Break(Ok(value))
            }
            outcome if self.off => ControlFlow::Break(outcome),
            outcome => self.fails(outcome, rules),
        }
    }

    #[inline(always)]
    fn ends(&mut self) -> (Caller, u32) {
        let caller = self.terms.caller();
        caller.end(Timing::Attempt, std::mem::take(&mut self.attempt));
        self.made = self.made.saturating_add(1);
        (caller, self.made)
    }

    #[inline(always)]
    fn succeeds(&mut self) {
        let (caller, attempt) = self.ends();
        self.budget().earn();
        if attempt > 1 {
            caller.emit(|| EventKind::RetrySucceeded { attempt });
        } else {
            caller.count(Count::RetryNotNeeded);
        }
    }

    #[cold]
    fn fails<T, X, R, When, WhenOk, Ignore, OnRetry, Pauses>(
        &mut self,
        outcome: Result<T, X>,
        rules: &Rules<R, When, WhenOk, Ignore, OnRetry, Pauses>,
    ) -> ControlFlow<Result<T, X>, Pause>
    where
        X: Failing,
        When: Test<X::Error>,
        OnRetry: Told<X::Error>,
        Pauses: Grows,
    {
        let (caller, attempt) = self.ends();
        let settings = self.terms.settings();
        let (wanted, cause, retry_after) = match &outcome {
            Ok(_) => (true, None, None),
            Err(failure) => {
                let verdict = failure.verdict();
                let wanted = wants(&settings, verdict.cause, failure.error(), &rules.when);
                (wanted, Some(verdict.cause), verdict.retry_after)
            }
        };
        caller.emit(|| EventKind::AttemptFailed { attempt, cause });

        let pause = if wanted {
            self.pause(&settings, cause, retry_after, rules.growth.growth(attempt))
        } else {
            Err(StopReason::NotRetried)
        };
        let delay = match pause {
            Ok(delay) => delay,
            Err(why) => {
                caller.emit(|| EventKind::RetryStopped {
                    attempts: attempt,
                    why,
                });
                return ControlFlow::Break(outcome);
            }
        };

        let failure = outcome.as_ref().err();
        rules.on_retry.tell(&RetryAttempt {
            attempt,
            delay,
            error: failure.and_then(Failing::error),
            policy_error: failure.and_then(Failing::policy),
        });
        caller.emit(|| EventKind::RetryScheduled {
            attempt: attempt + 1,
            delay,
        });
        ControlFlow::Continue(Pause::new(delay))
    }

    /// How long to pause before the next attempt, if there is one.
    fn pause(
        &mut self,
        settings: &Retry,
        cause: Option<Cause>,
        retry_after: Option<Duration>,
        growth: Option<Growth>,
    ) -> Result<Duration, StopReason> {
        if self.made >= settings.count {
            return Err(StopReason::Exhausted);
        }
        let growth = match growth {
            Some(growth) if !settings.backoff_by_handle => growth,
            _ => Growth::Named(settings.backoff),
        };
        let backoff = backoff::pause(
            settings,
            growth,
            self.made,
            Duration::from_nanos(self.last_pause),
        );
        let open = matches!(
            cause,
            Some(Cause::Policy(PolicyErrorKind::CircuitOpen { .. }))
        );
        let asked = retry_after.unwrap_or_default();
        if asked == Duration::MAX || (asked > settings.max_delay && !open) {
            return Err(StopReason::RetryAfterTooLong);
        }
        let delay = backoff.max(asked);

        let deadline = context::nearest_deadline().map(|deadline| deadline.at);
        if self.began.is_some() || deadline.is_some() {
            // A pause that ends at the very deadline leaves no time for an attempt.
            let ends = clock::moment().plus(clock::nanos_of(delay));
            if deadline.is_some_and(|deadline| ends.is_none_or(|ends| ends >= deadline)) {
                return Err(StopReason::Deadline);
            }
            let latest = settings
                .max_elapsed
                .and_then(|longest| self.began?.plus(clock::nanos_of(longest)));
            if latest.is_some_and(|latest| ends.is_none_or(|ends| ends > latest)) {
                return Err(StopReason::Elapsed);
            }
        }
        if !self.budget().withdraw() {
            return Err(StopReason::Budget);
        }
        self.paid = true;
        self.last_pause = clock::nanos_of(delay);
        Ok(delay)
    }
}

/// The rule of `when` replaces that of the class. Over a policy error, which it may
/// see inside the error of an inner function, it has a veto: what must not run
/// twice does not, and what is open is not hammered.
fn wants<E>(settings: &Retry, cause: Cause, error: Option<&E>, when: &impl Test<E>) -> bool {
    let by_rule = error.and_then(|error| when.test(error));
    match cause {
        Cause::Error(class) => by_rule.unwrap_or(matches!(
            class,
            ErrorClass::Transient | ErrorClass::Overload
        )),
        Cause::Policy(_) if by_rule == Some(false) => false,
        Cause::Policy(PolicyErrorKind::TimedOut { .. }) => settings.on_timeout == OnTimeout::Retry,
        Cause::Policy(PolicyErrorKind::CircuitOpen { .. }) => settings.on_open == OnOpen::Wait,
        Cause::Policy(_) => true,
    }
}

impl<S: RetryTerms> Attempts<'_, S> {
    #[inline(always)]
    fn budget(&self) -> Within<'_> {
        self.budget.unwrap_or_else(|| self.terms.own_budget())
    }

    /// In its pause a retry has not begun: what was paid for it goes back.
    #[inline(always)]
    fn give_back(&mut self) {
        if self.paid {
            self.put_back();
        }
    }

    #[cold]
    fn put_back(&mut self) {
        self.paid = false;
        self.budget().put_back();
    }
}

impl<S: RetryTerms> Drop for Attempts<'_, S> {
    #[inline]
    fn drop(&mut self) {
        self.give_back();
    }
}

/// What `on_retry` is told before each pause.
pub struct RetryAttempt<'a, E> {
    attempt: u32,
    delay: Duration,
    error: Option<&'a E>,
    policy_error: Option<&'a PolicyError>,
}

impl<E> RetryAttempt<'_, E> {
    /// The attempt that failed; the first is 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The pause before the next.
    #[must_use]
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// The function's own error. `None` if a policy of this function ended the
    /// attempt, or if it returned a value that `when_ok` rejects.
    #[must_use]
    pub fn error(&self) -> Option<&E> {
        self.error
    }

    /// The policy error that ended the attempt.
    #[must_use]
    pub fn policy_error(&self) -> Option<&PolicyError> {
        self.policy_error
    }
}

impl<E> fmt::Debug for RetryAttempt<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryAttempt")
            .field("attempt", &self.attempt)
            .field("delay", &self.delay)
            .field("policy_error", &self.policy_error)
            .finish_non_exhaustive()
    }
}
