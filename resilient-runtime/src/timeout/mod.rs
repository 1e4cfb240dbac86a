//! Timeout: a limit on time, which the code inside can read as its deadline.

mod future;
mod layer;

use std::time::Duration;

pub use future::TimeoutCall;
pub use layer::TimeoutLayer;

use self::future::Limit;
use crate::clock::nanos_of;
use crate::site::{Knob, Settings, Unit, nanos};
use crate::verdict::Failing;

/// A limit on how long a call may take.
///
/// This is the settings type of `#[timeout]`, and a timeout to be used by hand:
///
/// ```
/// use resilient_runtime::{Failure, PolicyErrorKind, Timeout};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let limit = Timeout::new(Duration::from_millis(500));
/// let outcome: Result<(), Failure<std::io::Error>> =
///     limit.call(std::future::pending::<std::io::Result<()>>()).await;
/// let Err(Failure::Policy(error)) = outcome else { unreachable!() };
/// assert_eq!(error.kind(), PolicyErrorKind::TimedOut { after: Duration::from_millis(500) });
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout {
    pub(crate) after: Duration,
    name: &'static str,
}

impl Timeout {
    /// A limit of `after`, counted from the first poll.
    #[must_use]
    pub const fn new(after: Duration) -> Self {
        Self {
            after,
            name: "timeout",
        }
    }

    /// What it is called in errors and events where no annotated function asks.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Limits `future`. When the time is up it is dropped, which cancels what it
    /// awaits, and the outcome is a [`TimedOut`](crate::PolicyErrorKind::TimedOut).
    /// A future that is ready when it is first polled is never timed out.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the future.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled, once the future is pending.
    pub fn call<F, T, X>(self, future: F) -> TimeoutCall<F>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        let limit = Limit::Of(nanos_of(self.after));
        TimeoutCall::new(future, limit, self.name)
    }
}

impl Default for Timeout {
    /// One second.
    fn default() -> Self {
        Self::new(Duration::from_secs(1))
    }
}

impl Settings for Timeout {
    const KNOBS: &'static [Knob<Self>] = &[Knob {
        name: "after",
        unit: Unit::Duration { zero: false },
        get: |timeout| Some(nanos(timeout.after)),
        put: |timeout, word| timeout.after = Duration::from_nanos(word),
    }];
}
