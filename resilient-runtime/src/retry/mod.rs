//! Retry: another attempt after a pause, while it is worth it.

mod attempt;
mod attempts;
mod backoff;
mod layer;
mod pause;
mod run;

use std::time::Duration;

pub use attempt::{Attempt, StartedAttempt};
pub(crate) use attempts::RetryTerms;
pub use attempts::{Attempts, RetryAttempt};
pub use backoff::{Backoff, Jitter};
pub use layer::RetryLayer;
pub use pause::Pause;
pub use run::Retrying;

use crate::rules::Rules;
use crate::site::{IsLaid, Knob, Settings, Unit, count, nanos};
use crate::verdict::Failing;

/// How often, and at what distance, a call is tried.
///
/// This is the settings type of `#[retry]`, and a retry to be used by hand:
///
/// ```
/// use resilient_runtime::Retry;
/// use std::io;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> io::Result<()> {
/// let mut asked = 0;
/// let answer = Retry::new(3)
///     .fib()
///     .run(|| {
///         asked += 1;
///         std::future::ready(match asked {
///             1 => Err(io::ErrorKind::ConnectionReset.into()),
///             _ => Ok::<_, io::Error>("pong"),
///         })
///     })
///     .await?;
/// assert_eq!((answer, asked), ("pong", 2));
/// # Ok(())
/// # }
/// ```
///
/// # When it is told to come back
///
/// An error that [says when](crate::Classify::retry_after) is obeyed: the pause is that long, or as long as the backoff's
/// where that is longer. There is no jitter on top of what was asked for, as gRPC (proposal A6) has it; whoever refuses many
/// callers at one moment spreads them by what they are told. More than `max_delay`, and [`Duration::MAX`], mean no
/// other attempt.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    pub(crate) count: u32,
    pub(crate) backoff: Backoff,
    /// Whether the backoff is a handle's, which a function of the code gives way to.
    pub(crate) backoff_by_handle: bool,
    pub(crate) delay: Duration,
    pub(crate) factor: f64,
    pub(crate) max_delay: Duration,
    pub(crate) jitter: Jitter,
    pub(crate) max_elapsed: Option<Duration>,
    pub(crate) on_timeout: OnTimeout,
    pub(crate) on_open: OnOpen,
    pub(crate) name: &'static str,
}

/// What a retry does after a call that a time limit cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTimeout {
    /// Tries again.
    Retry,
    /// Does not: what timed out may have been done, and must not be done twice. This is
    /// about limits of this crate; an error that tells of another's goes by its class.
    Abort,
}

/// What a retry does after a call that an open circuit breaker refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnOpen {
    /// Gives up: the service is known to be down.
    Abort,
    /// Waits until the breaker takes a probe, whatever `max_delay` is. That uses up an
    /// attempt; of several callers that wait, only the probes get through, and the
    /// others are refused once more and wait for their backoff.
    Wait,
}

impl Retry {
    /// `count` attempts in all, the first included; exponential backoff from
    /// 200 ms to 30 s with full jitter (Brooker, "Exponential Backoff And Jitter",
    /// AWS 2015). A count of zero is taken for one.
    #[must_use]
    pub const fn new(count: u32) -> Self {
        Self {
            count: 1,
            backoff: Backoff::Exponential,
            backoff_by_handle: false,
            delay: Duration::from_millis(200),
            factor: 2.0,
            max_delay: Duration::from_secs(30),
            jitter: Jitter::Full,
            max_elapsed: None,
            on_timeout: OnTimeout::Retry,
            on_open: OnOpen::Abort,
            name: "retry",
        }
        .count(count)
    }

    /// What it is called in events where no annotated function asks.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Attempts in all, the first included. Zero is taken for one.
    #[must_use]
    pub const fn count(mut self, count: u32) -> Self {
        self.count = if count == 0 { 1 } else { count };
        self
    }

    /// How the pauses grow.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// The same pause each time: d, d, d.
    #[must_use]
    pub const fn constant(self) -> Self {
        self.backoff(Backoff::Constant)
    }

    /// d, 2d, 3d.
    #[must_use]
    pub const fn linear(self) -> Self {
        self.backoff(Backoff::Linear)
    }

    /// d, 2d, 4d, or another [factor](Self::factor).
    #[must_use]
    pub const fn exponential(self) -> Self {
        self.backoff(Backoff::Exponential)
    }

    /// d, 2d, 3d, 5d, 8d.
    #[must_use]
    pub const fn fib(self) -> Self {
        self.backoff(Backoff::Fib)
    }

    /// Uniform between d and three times the pause before.
    #[must_use]
    pub const fn decorrelated(self) -> Self {
        self.backoff(Backoff::Decorrelated)
    }

    /// The first pause, d above.
    #[must_use]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The growth of the exponential backoff. Less than 1.0, or no number, is taken for 1.0.
    #[must_use]
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = if factor >= 1.0 { factor } else { 1.0 };
        self
    }

    /// No pause is longer, after growth and after jitter.
    #[must_use]
    pub const fn max_delay(mut self, max_delay: Duration) -> Self {
        self.max_delay = max_delay;
        self
    }

    /// How the pauses are spread. A wait that was asked for is not.
    #[must_use]
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// No attempt starts later than this after the first, and no pause is begun
    /// that would end later.
    #[must_use]
    pub const fn max_elapsed(mut self, max_elapsed: Duration) -> Self {
        self.max_elapsed = Some(max_elapsed);
        self
    }

    /// What follows a timeout.
    #[must_use]
    pub const fn on_timeout(mut self, on_timeout: OnTimeout) -> Self {
        self.on_timeout = on_timeout;
        self
    }

    /// What follows the refusal of an open circuit breaker.
    #[must_use]
    pub const fn on_open(mut self, on_open: OnOpen) -> Self {
        self.on_open = on_open;
        self
    }

    /// Runs what `attempt` makes until it succeeds or it is not worth another try,
    /// and returns the last outcome as it is.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the attempt or the pause that is under way; there is no
    /// further attempt.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled, when it is to pause.
    pub fn run<M, F, T, X>(self, attempt: M) -> Retrying<'static, M, F, Rules<Result<T, X::Error>>>
    where
        M: FnMut() -> F,
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        self.run_by(Rules::new(), attempt)
    }

    /// [`run`](Self::run) with rules of its own.
    ///
    /// ```
    /// use resilient_runtime::{Retry, Rules};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let rules = Rules::<Result<u32, &str>>::new()
    ///     .when(|error| *error == "busy")
    ///     .on_retry(|attempt| println!("again in {:?}", attempt.delay()));
    /// let outcome = Retry::new(5).run_by(rules, || async { Err::<u32, _>("broken") }).await;
    /// assert_eq!(outcome, Err("broken"));
    /// # }
    /// ```
    pub fn run_by<M, F, T, X, R>(self, rules: R, attempt: M) -> Retrying<'static, M, F, R>
    where
        M: FnMut() -> F,
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        Retrying::new(self, rules, attempt)
    }

    /// Counts attempts for a loop of the caller's own:
    /// [`Attempts::next`] says after each whether there is another.
    #[must_use]
    pub fn attempts(self) -> Attempts<'static> {
        Attempts::new(self, true)
    }
}

impl Default for Retry {
    /// Three attempts.
    fn default() -> Self {
        Self::new(3)
    }
}

/// In the order of [`Backoff::place`].
const BACKOFFS: &[&str] = &["constant", "linear", "exponential", "fib", "decorrelated"];

/// In the order of [`Jitter::word`].
const JITTERS: &[&str] = &["none", "full", "equal"];

impl Settings for Retry {
    const KNOBS: &'static [Knob<Self>] = &[
        Knob {
            name: "count",
            unit: Unit::AT_LEAST_ONE,
            get: |retry| Some(retry.count.into()),
            put: |retry, word| retry.count = count(word),
        },
        Knob {
            name: "backoff",
            unit: Unit::Name(BACKOFFS),
            get: |retry| retry.backoff.place(),
            put: |retry, word| {
                retry.backoff = Backoff::at_place(word).unwrap_or(retry.backoff);
                retry.backoff_by_handle = true;
            },
        },
        Knob {
            name: "delay",
            unit: Unit::Duration { zero: true },
            get: |retry| Some(nanos(retry.delay)),
            put: |retry, word| retry.delay = Duration::from_nanos(word),
        },
        Knob {
            name: "factor",
            unit: Unit::Factor,
            get: |retry| Some(retry.factor.to_bits()),
            put: |retry, word| retry.factor = f64::from_bits(word),
        },
        Knob {
            name: "max_delay",
            unit: Unit::Duration { zero: true },
            get: |retry| Some(nanos(retry.max_delay)),
            put: |retry, word| retry.max_delay = Duration::from_nanos(word),
        },
        Knob {
            name: "jitter",
            unit: Unit::RateOr(JITTERS),
            get: |retry| Some(retry.jitter.word()),
            put: |retry, word| retry.jitter = Jitter::of_word(word),
        },
        Knob {
            name: "max_elapsed",
            unit: Unit::Duration { zero: false },
            get: |retry| retry.max_elapsed.map(nanos),
            put: |retry, word| retry.max_elapsed = Some(Duration::from_nanos(word)),
        },
        Knob {
            name: "on_timeout",
            unit: Unit::Name(&["retry", "abort"]),
            get: |retry| Some((retry.on_timeout == OnTimeout::Abort).into()),
            put: |retry, word| {
                retry.on_timeout = if word == 0 {
                    OnTimeout::Retry
                } else {
                    OnTimeout::Abort
                };
            },
        },
        Knob {
            name: "on_open",
            unit: Unit::Name(&["abort", "wait"]),
            get: |retry| Some((retry.on_open == OnOpen::Wait).into()),
            put: |retry, word| {
                retry.on_open = if word == 0 {
                    OnOpen::Abort
                } else {
                    OnOpen::Wait
                };
            },
        },
    ];

    fn check(&self, _: IsLaid<'_>) -> Result<(), &'static str> {
        if self.max_delay < self.delay {
            return Err("`max_delay` is below `delay`");
        }
        Ok(())
    }

    fn check_use(&self, is_laid: IsLaid<'_>) -> Result<(), &'static str> {
        if is_laid("factor") && !matches!(self.backoff, Backoff::Exponential) {
            return Err("only an exponential `backoff` grows by a `factor`: drop one of the two");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_that_is_laid_has_an_exponential_backoff() {
        assert_eq!(Retry::new(3).check_use(&|_| true), Ok(()));
        let fib = Retry::new(3).fib();
        assert!(fib.check_use(&|knob| knob == "factor").is_err());
        assert_eq!(fib.check_use(&|knob| knob == "backoff"), Ok(()));
        let short = Retry::new(3).delay(Duration::from_secs(31));
        assert_eq!(short.check(&|_| false), Err("`max_delay` is below `delay`"));
    }
}
