//! What a policy says when it ends or refuses a call.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// A call that a policy ended or refused, and not the function itself.
///
/// It names the call site, so that an operator can tell whose breaker is open.
/// An error type receives it through `From<PolicyError>`; keep it as the
/// [`source`](Error::source) (or return it from
/// [`Classify::policy_error`](crate::Classify::policy_error)), and the layers
/// of outer functions recognise it there.
///
/// ```
/// use resilient_runtime::{PolicyError, PolicyErrorKind};
/// use std::time::Duration;
///
/// let error = PolicyError::new(
///     PolicyErrorKind::CircuitOpen { retry_after: Duration::from_secs(4) },
///     "shop::stock",
/// );
/// assert_eq!(error.to_string(), "shop::stock: circuit breaker open, retry after 4s");
/// assert_eq!(error.retry_after(), Some(Duration::from_secs(4)));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PolicyError {
    decided: Decided,
    site: &'static str,
    key: Option<Arc<str>>,
}

/// The source of every [`PolicyError`]: by it a policy error is recognised behind a
/// wrapper that passes its own source through (`#[error(transparent)]` of thiserror).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decided {
    pub(crate) kind: PolicyErrorKind,
    /// It says nothing of the service: that was not asked, or was given too little of its time.
    pub(crate) says_nothing: bool,
}

impl fmt::Display for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("decided by a resilience policy")
    }
}

impl Error for Decided {}

impl fmt::Debug for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyError")
            .field("kind", &self.kind())
            .field("site", &self.site)
            .field("key", &self.key)
            .finish()
    }
}

/// Which policy ended or refused the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyErrorKind {
    /// The time limit passed and the work was dropped.
    TimedOut {
        /// The limit.
        after: Duration,
    },
    /// The circuit breaker took no call.
    CircuitOpen {
        /// When the breaker takes a probe. Zero where that is not known: it is
        /// half-open and its probes are out. [`Duration::MAX`] where it is held
        /// open by hand.
        retry_after: Duration,
    },
    /// The rate limit had no permit within the allowed wait.
    RateLimited {
        /// When the next permit is due.
        retry_after: Duration,
    },
    /// The bulkhead and its queue were full.
    BulkheadFull,
    /// The adaptive limit was reached.
    ConcurrencyLimited,
    /// An injected fault.
    FaultInjected,
}

impl PolicyErrorKind {
    /// How long to wait before asking again; `None` where that is not known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match *self {
            Self::CircuitOpen { retry_after } | Self::RateLimited { retry_after } => {
                Some(retry_after).filter(|wait| !wait.is_zero())
            }
            _ => None,
        }
    }
}

impl PolicyError {
    /// An error of `kind` at the call site named `site`.
    #[must_use]
    pub const fn new(kind: PolicyErrorKind, site: &'static str) -> Self {
        Self {
            decided: Decided {
                kind,
                says_nothing: false,
            },
            site,
            key: None,
        }
    }

    /// The same, of the state that belongs to `key`.
    #[inline]
    pub(crate) fn of_key(
        kind: PolicyErrorKind,
        site: &'static str,
        key: Option<&Arc<str>>,
    ) -> Self {
        Self {
            key: key.cloned(),
            ..Self::new(kind, site)
        }
    }

    /// The same; if so, no breaker and no limit is to draw a conclusion from it.
    #[cfg(feature = "tonic")]
    pub(crate) const fn saying_nothing(mut self, says_nothing: bool) -> Self {
        self.decided.says_nothing = says_nothing;
        self
    }

    pub(crate) const fn decided(&self) -> Decided {
        self.decided
    }

    /// Which policy it was.
    #[must_use]
    pub const fn kind(&self) -> PolicyErrorKind {
        self.decided.kind
    }

    /// The name of the call site (`cache_demo::client::call_get`).
    #[must_use]
    pub const fn site(&self) -> &'static str {
        self.site
    }

    /// The key whose state refused, where each has one of its own and can be shown.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// How long to wait before asking again; `None` where that is not known.
    /// [`Duration::MAX`] says not to ask again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.kind().retry_after()
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.site)?;
        if let Some(key) = &self.key {
            write!(f, "[{key}]")?;
        }
        f.write_str(": ")?;
        match self.kind() {
            PolicyErrorKind::TimedOut { after } => write!(f, "timed out after {after:?}")?,
            PolicyErrorKind::CircuitOpen { .. } => f.write_str("circuit breaker open")?,
            PolicyErrorKind::RateLimited { .. } => f.write_str("rate limited")?,
            PolicyErrorKind::BulkheadFull => f.write_str("bulkhead full")?,
            PolicyErrorKind::ConcurrencyLimited => f.write_str("concurrency limit reached")?,
            PolicyErrorKind::FaultInjected => f.write_str("fault injected")?,
        }
        match self.retry_after() {
            Some(Duration::MAX) => f.write_str(", not to be asked again"),
            Some(wait) => write!(f, ", retry after {:?}", in_whole_millis(wait)),
            None => Ok(()),
        }
    }
}

/// For eyes: rounded up, so that who comes then is not too early. What is shorter stays as it is.
fn in_whole_millis(wait: Duration) -> Duration {
    const MILLI: u128 = 1_000_000;
    let millis = wait.as_nanos().div_ceil(MILLI);
    match u64::try_from(millis) {
        Ok(millis) if wait.as_nanos() > MILLI => Duration::from_millis(millis),
        _ => wait,
    }
}

impl Error for PolicyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.decided)
    }
}

impl From<PolicyError> for io::Error {
    fn from(error: PolicyError) -> Self {
        let kind = match error.kind() {
            PolicyErrorKind::TimedOut { .. } => io::ErrorKind::TimedOut,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

/// An error type that a [`PolicyError`] can become: every `E: From<PolicyError>`.
///
/// It exists for its compiler message; implement `From<PolicyError>`.
#[diagnostic::on_unimplemented(
    message = "a policy can refuse this call, and `{Self}` cannot say so",
    label = "`From<PolicyError>` is not implemented for `{Self}`",
    note = "write `impl From<resilient_runtime::PolicyError> for {Self}`",
    note = "or, for an error type of another crate, name a function on one of the attributes: `into_error = path` with `fn(PolicyError) -> {Self}`"
)]
pub trait FromPolicyError: Sized {
    /// The error that tells of `error`.
    fn from_policy_error(error: PolicyError) -> Self;
}

#[diagnostic::do_not_recommend]
impl<E: From<PolicyError>> FromPolicyError for E {
    fn from_policy_error(error: PolicyError) -> Self {
        error.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(retry_after: Duration) -> String {
        PolicyError::new(PolicyErrorKind::RateLimited { retry_after }, "shop").to_string()
    }

    #[test]
    fn a_wait_is_told_in_whole_milliseconds_if_it_has_any() {
        let rows = [
            (Duration::from_nanos(387_536_264), "388ms"),
            (Duration::from_millis(387), "387ms"),
            (Duration::from_micros(1_001), "2ms"),
            (Duration::from_micros(17), "17µs"),
            (Duration::from_secs(4), "4s"),
        ];
        for (wait, told_as) in rows {
            assert_eq!(
                told(wait),
                format!("shop: rate limited, retry after {told_as}")
            );
        }
        assert_eq!(told(Duration::ZERO), "shop: rate limited");
        assert_eq!(
            told(Duration::MAX),
            "shop: rate limited, not to be asked again"
        );
    }
}
