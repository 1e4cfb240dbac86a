//! What an error says about the service, and whether asking again is worth it.

use std::error::Error;
use std::io;
use std::time::Duration;

use crate::error::{Decided, PolicyError, PolicyErrorKind};

/// The answer to two questions: is the service down, and is it worth asking again?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Unavailable, reset, timed out: a failure, and worth another try.
    Transient,
    /// Internal, unknown, data loss: a failure that another try will not mend.
    ServerFault,
    /// Bad request, not found, denied: the service answered, and answered rightly.
    CallerFault,
    /// Resource exhausted, 429: the service sheds load; worth another try, later.
    Overload,
}

/// How an error type answers for its errors, once, for all policies.
///
/// An annotated function finds the implementation by itself where its error type
/// is concrete; a generic error type needs the bound `E: Classify`. An error
/// without it counts as [`ErrorClass::Transient`].
///
/// ```
/// use resilient_runtime::{Classify, ErrorClass};
///
/// enum StockError { Offline, NoSuchItem }
///
/// impl Classify for StockError {
///     fn class(&self) -> ErrorClass {
///         match self {
///             StockError::Offline => ErrorClass::Transient,
///             StockError::NoSuchItem => ErrorClass::CallerFault,
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "nothing says what a `{Self}` means to a policy",
    label = "`Classify` is not implemented for `{Self}`",
    note = "implement `resilient_runtime::Classify` for it, or wrap the future in `resilient_runtime::judged_by(future, |error| ErrorClass::Transient)`"
)]
pub trait Classify {
    /// What this error says.
    fn class(&self) -> ErrorClass;

    /// How long the service asks to be left alone. [`Duration::MAX`] says not to ask again.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// The policy error that became this error, if it was one. An annotated function also
    /// searches the [`source`](Error::source)s of the error; a policy used by hand asks
    /// this alone.
    fn policy_error(&self) -> Option<&PolicyError> {
        None
    }
}

impl Classify for PolicyError {
    fn class(&self) -> ErrorClass {
        match self.kind() {
            PolicyErrorKind::RateLimited { .. }
            | PolicyErrorKind::BulkheadFull
            | PolicyErrorKind::ConcurrencyLimited => ErrorClass::Overload,
            _ => ErrorClass::Transient,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        PolicyError::retry_after(self)
    }

    fn policy_error(&self) -> Option<&PolicyError> {
        Some(self)
    }
}

impl Classify for io::Error {
    fn class(&self) -> ErrorClass {
        use io::ErrorKind as Kind;
        match self.kind() {
            Kind::NotFound
            | Kind::PermissionDenied
            | Kind::AlreadyExists
            | Kind::InvalidInput
            | Kind::Unsupported => ErrorClass::CallerFault,
            Kind::InvalidData | Kind::OutOfMemory => ErrorClass::ServerFault,
            _ => ErrorClass::Transient,
        }
    }

    fn policy_error(&self) -> Option<&PolicyError> {
        in_chain(self)
    }
}

impl Classify for Box<dyn Error + Send + Sync> {
    fn class(&self) -> ErrorClass {
        ErrorClass::Transient
    }

    fn policy_error(&self) -> Option<&PolicyError> {
        in_chain(&**self)
    }
}

impl Classify for String {
    fn class(&self) -> ErrorClass {
        ErrorClass::Transient
    }
}

impl Classify for &str {
    fn class(&self) -> ErrorClass {
        ErrorClass::Transient
    }
}

impl Classify for () {
    fn class(&self) -> ErrorClass {
        ErrorClass::Transient
    }
}

/// The policy error in `error` or anywhere below it.
pub(crate) fn in_chain<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e PolicyError> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// What the policy error in `error` or anywhere below it says. It is found behind a
/// transparent wrapper too, whose source is not the policy error but the source of that.
pub(crate) fn decided_in_chain(error: &(dyn Error + 'static)) -> Option<Decided> {
    chain(error).find_map(|error| {
        let policy = error.downcast_ref().map(PolicyError::decided);
        policy.or_else(|| error.downcast_ref().copied())
    })
}

/// `error` and what it stems from. `io::Error` is opened by hand: its `source()` leaves
/// out the error that it was made of.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_error_has_a_class_of_its_own_and_is_its_own_source() {
        let wait = Duration::from_secs(3);
        let rows = [
            (
                PolicyErrorKind::TimedOut { after: wait },
                ErrorClass::Transient,
                None,
            ),
            (
                PolicyErrorKind::CircuitOpen { retry_after: wait },
                ErrorClass::Transient,
                Some(wait),
            ),
            (
                PolicyErrorKind::RateLimited { retry_after: wait },
                ErrorClass::Overload,
                Some(wait),
            ),
            (PolicyErrorKind::BulkheadFull, ErrorClass::Overload, None),
            (
                PolicyErrorKind::ConcurrencyLimited,
                ErrorClass::Overload,
                None,
            ),
            (PolicyErrorKind::FaultInjected, ErrorClass::Transient, None),
        ];
        for (kind, class, retry_after) in rows {
            let error = PolicyError::new(kind, "shop::stock");
            assert_eq!(error.class(), class, "{kind:?}");
            assert_eq!(Classify::retry_after(&error), retry_after, "{kind:?}");
            assert_eq!(error.policy_error(), Some(&error));
        }
    }

    #[test]
    fn io_errors_are_classed_by_their_kind() {
        use io::ErrorKind as Kind;
        let rows = [
            (Kind::ConnectionReset, ErrorClass::Transient),
            (Kind::TimedOut, ErrorClass::Transient),
            (Kind::Other, ErrorClass::Transient),
            (Kind::NotFound, ErrorClass::CallerFault),
            (Kind::PermissionDenied, ErrorClass::CallerFault),
            (Kind::InvalidInput, ErrorClass::CallerFault),
            (Kind::InvalidData, ErrorClass::ServerFault),
            (Kind::OutOfMemory, ErrorClass::ServerFault),
        ];
        for (kind, class) in rows {
            assert_eq!(io::Error::from(kind).class(), class, "{kind:?}");
        }
    }

    #[test]
    fn an_error_that_says_nothing_more_names_no_time_and_no_policy() {
        assert_eq!("down".class(), ErrorClass::Transient);
        assert_eq!("down".retry_after(), None);
        assert_eq!("down".policy_error(), None);
    }
}
