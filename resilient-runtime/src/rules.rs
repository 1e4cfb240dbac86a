//! The closures that a user may hand to a layer: `when`, `when_ok`, `ignore`,
//! `on_retry`, and a backoff of their own.
//!
//! A rule that is not given is [`Unset`]: it costs nothing and decides nothing.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use crate::retry::{Backoff, RetryAttempt};
use crate::verdict::Outcome;

/// Rules for a layer around a function that returns `R`.
///
/// Naming `R` is what lets a closure leave out its argument type.
///
/// ```
/// use resilient_runtime::Rules;
///
/// let rules = Rules::<Result<u32, String>>::new()
///     .when(|error| error.contains("busy"))
///     .when_ok(|value| *value == 0);
/// # drop(rules);
/// ```
pub struct Rules<R, When = Unset, WhenOk = Unset, Ignore = Unset, OnRetry = Unset, Growth = Unset> {
    pub(crate) when: When,
    pub(crate) when_ok: WhenOk,
    pub(crate) ignore: Ignore,
    pub(crate) on_retry: OnRetry,
    pub(crate) growth: Growth,
    returns: PhantomData<fn() -> R>,
}

/// A rule that is not given.
#[derive(Clone, Copy, Debug)]
pub struct Unset;

/// A rule that is.
#[derive(Clone, Copy, Debug)]
pub struct Given<F>(F);

impl<R> Rules<R> {
    /// No rules: the table of classes decides.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            when: Unset,
            when_ok: Unset,
            ignore: Unset,
            on_retry: Unset,
            growth: Unset,
            returns: PhantomData,
        }
    }
}

impl<R> Default for Rules<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Outcome, When, WhenOk, Ignore, OnRetry, Growth>
    Rules<R, When, WhenOk, Ignore, OnRetry, Growth>
{
    /// Decides for errors of the function, in place of their class: true is retried
    /// by a retry and a failure to a circuit breaker. Policy errors are not asked about.
    pub fn when<F>(self, when: F) -> Rules<R, Given<F>, WhenOk, Ignore, OnRetry, Growth>
    where
        F: Fn(&R::Error) -> bool,
    {
        let Self {
            when_ok,
            ignore,
            on_retry,
            growth,
            returns,
            ..
        } = self;
        Rules {
            when: Given(when),
            when_ok,
            ignore,
            on_retry,
            growth,
            returns,
        }
    }

    /// Values for which it is true are treated as a failure is.
    pub fn when_ok<F>(self, when_ok: F) -> Rules<R, When, Given<F>, Ignore, OnRetry, Growth>
    where
        F: Fn(&R::Ok) -> bool,
    {
        let Self {
            when,
            ignore,
            on_retry,
            growth,
            returns,
            ..
        } = self;
        Rules {
            when,
            when_ok: Given(when_ok),
            ignore,
            on_retry,
            growth,
            returns,
        }
    }

    /// Errors for which it is true count as nothing to a circuit breaker. It is asked
    /// before all else.
    pub fn ignore<F>(self, ignore: F) -> Rules<R, When, WhenOk, Given<F>, OnRetry, Growth>
    where
        F: Fn(&R::Error) -> bool,
    {
        let Self {
            when,
            when_ok,
            on_retry,
            growth,
            returns,
            ..
        } = self;
        Rules {
            when,
            when_ok,
            ignore: Given(ignore),
            on_retry,
            growth,
            returns,
        }
    }

    /// Called before each pause of a retry.
    pub fn on_retry<F>(self, on_retry: F) -> Rules<R, When, WhenOk, Ignore, Given<F>, Growth>
    where
        F: Fn(&RetryAttempt<'_, R::Error>),
    {
        let Self {
            when,
            when_ok,
            ignore,
            growth,
            returns,
            ..
        } = self;
        Rules {
            when,
            when_ok,
            ignore,
            on_retry: Given(on_retry),
            growth,
            returns,
        }
    }

    /// The pause before retry 1, 2, ..., before jitter and `max_delay`.
    pub fn backoff<B>(self, backoff: &B) -> Rules<R, When, WhenOk, Ignore, OnRetry, Given<&B>>
    where
        B: IntoBackoff,
    {
        let Self {
            when,
            when_ok,
            ignore,
            on_retry,
            returns,
            ..
        } = self;
        Rules {
            when,
            when_ok,
            ignore,
            on_retry,
            growth: Given(backoff),
            returns,
        }
    }
}

impl<R, When, WhenOk, Ignore, OnRetry, Growth> fmt::Debug
    for Rules<R, When, WhenOk, Ignore, OnRetry, Growth>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").finish_non_exhaustive()
    }
}

/// A rule that says yes or no of a value, or nothing where it is not given.
pub trait Test<V: ?Sized> {
    /// What it says.
    fn test(&self, value: &V) -> Option<bool>;
}

impl<V: ?Sized> Test<V> for Unset {
    fn test(&self, _value: &V) -> Option<bool> {
        None
    }
}

impl<V: ?Sized, F: Fn(&V) -> bool> Test<V> for Given<F> {
    fn test(&self, value: &V) -> Option<bool> {
        Some((self.0)(value))
    }
}

/// A rule that is told of each pause before a retry.
pub trait Told<E> {
    /// Tells it.
    fn tell(&self, attempt: &RetryAttempt<'_, E>);
}

impl<E> Told<E> for Unset {
    fn tell(&self, _attempt: &RetryAttempt<'_, E>) {}
}

impl<E, F: Fn(&RetryAttempt<'_, E>)> Told<E> for Given<F> {
    fn tell(&self, attempt: &RetryAttempt<'_, E>) {
        (self.0)(attempt);
    }
}

/// A value that says how pauses grow: a [`Backoff`], or a function from the retry
/// (1, 2, ...) to the pause.
pub trait IntoBackoff {
    /// How long before this retry.
    fn growth(&self, retry: u32) -> Growth;
}

/// What a backoff says of one retry.
#[derive(Clone, Copy, Debug)]
pub enum Growth {
    /// One of the named backoffs, over the retry's own delay.
    Named(Backoff),
    /// This long.
    Pause(Duration),
}

impl IntoBackoff for Backoff {
    fn growth(&self, _retry: u32) -> Growth {
        Growth::Named(*self)
    }
}

impl<F: Fn(u32) -> Duration> IntoBackoff for F {
    fn growth(&self, retry: u32) -> Growth {
        Growth::Pause(self(retry))
    }
}

/// A rule for the growth of pauses.
pub trait Grows {
    /// What it says of this retry.
    fn growth(&self, retry: u32) -> Option<Growth>;
}

impl Grows for Unset {
    fn growth(&self, _retry: u32) -> Option<Growth> {
        None
    }
}

impl<B: IntoBackoff> Grows for Given<&B> {
    fn growth(&self, retry: u32) -> Option<Growth> {
        Some(self.0.growth(retry))
    }
}
