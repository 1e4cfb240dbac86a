//! What travels between the layers: an error together with what it means.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::classify::{Classify, ErrorClass};
use crate::clock;
use crate::error::{Decided, FromPolicyError, PolicyError, PolicyErrorKind};

/// Why a call failed, as every layer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An error of the function itself.
    Error(ErrorClass),
    /// A policy of this function, or of a function that it called.
    Policy(PolicyErrorKind),
}

/// What an error means: its cause, and when to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub(crate) cause: Cause,
    pub(crate) retry_after: Option<Duration>,
    /// A policy error that says nothing of the service.
    pub(crate) says_nothing: bool,
}

impl Verdict {
    /// The verdict on an error of the function itself.
    #[must_use]
    pub const fn of_class(class: ErrorClass, retry_after: Option<Duration>) -> Self {
        Self {
            cause: Cause::Error(class),
            retry_after,
            says_nothing: false,
        }
    }

    /// The verdict on a policy error.
    #[must_use]
    pub fn of_policy(kind: PolicyErrorKind) -> Self {
        Self::of_decided(Decided {
            kind,
            says_nothing: false,
        })
    }

    pub(crate) fn of_decided(Decided { kind, says_nothing }: Decided) -> Self {
        Self {
            cause: Cause::Policy(kind),
            retry_after: kind.retry_after(),
            says_nothing,
        }
    }

    fn of<E: Classify>(error: &E) -> Self {
        match error.policy_error() {
            Some(policy) => Self::of_decided(policy.decided()),
            None => Self::of_class(error.class(), error.retry_after()),
        }
    }
}

/// An error of the function itself, judged once, where it arose.
#[derive(Clone, Debug)]
pub struct Judged<E> {
    error: E,
    verdict: Verdict,
}

impl<E> Judged<E> {
    /// `error`, with what it means.
    pub const fn new(error: E, verdict: Verdict) -> Self {
        Self { error, verdict }
    }

    /// The function's own error.
    pub fn into_error(self) -> E {
        self.error
    }
}

/// What a stack of layers returns in place of a value: the function's own error,
/// or a policy's.
#[derive(Clone, Debug)]
pub enum Failure<E> {
    /// The function itself failed.
    Error(Judged<E>),
    /// A layer ended or refused the call.
    Policy(PolicyError),
}

impl<E> Failure<E> {
    /// The function's error type, which a policy error is converted into.
    pub fn into_error(self) -> E
    where
        E: FromPolicyError,
    {
        self.into_error_by(E::from_policy_error)
    }

    /// Like [`into_error`](Self::into_error), with `convert` in place of `From`.
    pub fn into_error_by(self, convert: impl FnOnce(PolicyError) -> E) -> E {
        match self {
            Self::Error(judged) => judged.into_error(),
            Self::Policy(policy) => convert(policy),
        }
    }
}

impl<E> From<Judged<E>> for Failure<E> {
    fn from(judged: Judged<E>) -> Self {
        Self::Error(judged)
    }
}

impl<E> From<PolicyError> for Failure<E> {
    fn from(error: PolicyError) -> Self {
        Self::Policy(error)
    }
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(judged) => judged.error.fmt(f),
            Self::Policy(policy) => policy.fmt(f),
        }
    }
}

impl<E: std::error::Error> std::error::Error for Failure<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Error(judged) => judged.error.source(),
            Self::Policy(policy) => Some(policy),
        }
    }
}

/// An error that a layer can read: [`Judged`], [`Failure`], and every error that
/// implements [`Classify`].
pub trait Failing: Sized {
    /// The function's own error type.
    type Error;

    /// What it means.
    fn verdict(&self) -> Verdict;

    /// The function's own error, if it is one.
    fn error(&self) -> Option<&Self::Error>;

    /// The policy error, if it is one.
    fn policy(&self) -> Option<&PolicyError>;

    /// The form in which layers that can refuse hand it on.
    fn into_failure(self) -> Failure<Self::Error>;
}

impl<E> Failing for Judged<E> {
    type Error = E;

    fn verdict(&self) -> Verdict {
        self.verdict
    }

    fn error(&self) -> Option<&E> {
        Some(&self.error)
    }

    fn policy(&self) -> Option<&PolicyError> {
        None
    }

    fn into_failure(self) -> Failure<E> {
        Failure::Error(self)
    }
}

impl<E> Failing for Failure<E> {
    type Error = E;

    fn verdict(&self) -> Verdict {
        match self {
            Self::Error(judged) => judged.verdict,
            Self::Policy(policy) => Verdict::of_decided(policy.decided()),
        }
    }

    fn error(&self) -> Option<&E> {
        match self {
            Self::Error(judged) => Some(&judged.error),
            Self::Policy(_) => None,
        }
    }

    fn policy(&self) -> Option<&PolicyError> {
        match self {
            Self::Error(_) => None,
            Self::Policy(policy) => Some(policy),
        }
    }

    fn into_failure(self) -> Self {
        self
    }
}

impl<E: Classify> Failing for E {
    type Error = E;

    fn verdict(&self) -> Verdict {
        Verdict::of(self)
    }

    fn error(&self) -> Option<&E> {
        Some(self)
    }

    fn policy(&self) -> Option<&PolicyError> {
        None
    }

    fn into_failure(self) -> Failure<E> {
        let verdict = self.verdict();
        Failure::Error(Judged::new(self, verdict))
    }
}

/// A `Result` under any alias.
#[diagnostic::on_unimplemented(
    message = "an annotated function returns `Result<T, E>`, and this one returns `{Self}`",
    label = "not a `Result`",
    note = "a policy has to tell success from failure: return a `Result`, or take the attributes off"
)]
pub trait Outcome {
    /// The value.
    type Ok;
    /// The error.
    type Error;
}

impl<T, E> Outcome for Result<T, E> {
    type Ok = T;
    type Error = E;
}

pin_project! {
    /// A future whose errors are judged as they arise. Made by [`judged_by`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct JudgedFuture<F, J> {
        #[pin]
        inner: F,
        judge: J,
    }
}

/// Judges the errors of `future` by `class`, for an error type that does not
/// implement [`Classify`].
///
/// ```
/// use resilient_runtime::{ErrorClass, Retry, judged_by};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let number = Retry::new(3)
///     .run(|| judged_by(async { "7".parse::<u8>() }, |_| ErrorClass::CallerFault))
///     .await;
/// assert_eq!(number.unwrap(), 7);
/// # }
/// ```
pub fn judged_by<F, T, E, C>(future: F, class: C) -> JudgedFuture<F, impl Fn(&E) -> Verdict>
where
    F: Future<Output = Result<T, E>>,
    C: Fn(&E) -> ErrorClass,
{
    judged(future, move |error: &E| {
        Verdict::of_class(class(error), None)
    })
}

/// The innermost layer: errors of the function meet their verdict here.
#[inline(always)]
pub fn judged<F, T, E, J>(future: F, judge: J) -> JudgedFuture<F, J>
where
    F: Future<Output = Result<T, E>>,
    J: Fn(&E) -> Verdict,
{
    JudgedFuture {
        inner: future,
        judge,
    }
}

/// The same for an outcome that is there already.
pub fn judge<T, E>(
    outcome: Result<T, E>,
    judge: impl FnOnce(&E) -> Verdict,
) -> Result<T, Judged<E>> {
    outcome.map_err(|error| {
        let verdict = judge(&error);
        Judged { error, verdict }
    })
}

impl<F, T, E, J> Future for JudgedFuture<F, J>
where
    F: Future<Output = Result<T, E>>,
    J: Fn(&E) -> Verdict,
{
    type Output = Result<T, Judged<E>>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The instant that the layers share was read before the body began.
        clock::forget();
        let this = self.project();
        let judge = &*this.judge;
        this.inner.poll(cx).map_err(|error| {
            let verdict = judge(&error);
            Judged::new(error, verdict)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::io;

    use super::*;
    use crate::retry::Retry;
    use crate::rules::Rules;

    fn policy() -> PolicyError {
        PolicyError::new(PolicyErrorKind::BulkheadFull, "shop::stock")
    }

    #[test]
    fn a_failure_reads_as_what_it_is() {
        let own = Failure::from(judge(Err::<(), _>("down"), |_| Verdict::of(&"down")).unwrap_err());
        assert_eq!(own.to_string(), "down");
        let ours = Failure::<&str>::from(policy());
        assert_eq!(ours.to_string(), policy().to_string());
    }

    #[test]
    fn a_failure_has_the_source_that_it_stems_from() {
        let ours = Failure::<io::Error>::from(policy());
        let source = ours.source().and_then(|source| source.downcast_ref());
        assert_eq!(source, Some(&policy()));

        let wrapped = Failure::from(policy());
        let own = Judged::new(wrapped, Verdict::of_policy(PolicyErrorKind::BulkheadFull));
        let own: Failure<Failure<io::Error>> = own.into();
        assert!(
            own.source()
                .is_some_and(|source| source.is::<PolicyError>())
        );
    }

    #[test]
    fn each_form_of_failure_tells_its_own_error_from_a_policys() {
        let own = "down".into_failure();
        assert_eq!((own.error(), own.policy()), (Some(&"down"), None));
        let ours = Failure::<&str>::from(policy());
        assert_eq!((ours.error(), ours.policy()), (None, Some(&policy())));
        assert_eq!(
            ours.verdict(),
            Verdict::of_policy(PolicyErrorKind::BulkheadFull)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_rule_by_hand_sees_the_plain_error() {
        let rules = Rules::<Result<(), &str>>::new().when(|error| *error == "busy");
        let mut answers = ["broken", "busy", "busy"].map(Err::<(), _>).to_vec();
        let call = Retry::new(9).run_by(rules, || std::future::ready(answers.pop().unwrap()));
        assert_eq!(call.await, Err("broken"));
        assert!(answers.is_empty());
    }
}
