//! Every decision is an event of one small model.
//!
//! Where nobody listens an event is not built: [`emit`] is two loads then. Where calls are measured it is counted,
//! whether anybody else listens or not.

mod observe;
mod span;
#[cfg(feature = "tracing")]
mod trace;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "testing")]
pub(crate) use observe::Listening;
pub use observe::{Subscription, observe};
pub(crate) use observe::{is_measured, measure};
pub(crate) use span::{Span, Spanned};

use crate::circuit_breaker::StateChange;
use crate::error::PolicyErrorKind;
use crate::fault::FaultKind;
use crate::site::Caller;
use crate::stats;
use crate::verdict::Cause;

/// A decision of a policy, and the call site at which it fell.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    site: &'static str,
    key: Option<Arc<str>>,
    kind: EventKind,
}

impl Event {
    /// The name of the call site, or of the policy where it is used by hand.
    #[must_use]
    pub const fn site(&self) -> &'static str {
        self.site
    }

    /// The key whose state decided, where each has one of its own and can be shown.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// What was decided.
    #[must_use]
    pub const fn kind(&self) -> &EventKind {
        &self.kind
    }
}

/// What was decided.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// An attempt failed, or returned a value that `when_ok` rejects (then without a cause).
    AttemptFailed {
        /// The first is 1.
        attempt: u32,
        /// Why.
        cause: Option<Cause>,
    },
    /// Another attempt follows after a pause.
    RetryScheduled {
        /// The attempt that follows.
        attempt: u32,
        /// The pause.
        delay: Duration,
    },
    /// An attempt after the first succeeded.
    RetrySucceeded {
        /// The attempt that did.
        attempt: u32,
    },
    /// There is no further attempt: the last outcome is returned.
    RetryStopped {
        /// The attempts made.
        attempts: u32,
        /// Why there are no more.
        why: StopReason,
    },
    /// A time limit passed, and what it limits was dropped.
    TimedOut {
        /// The limit.
        after: Duration,
    },
    /// A circuit breaker changed its state.
    BreakerChanged(StateChange),
    /// A call was refused before it began.
    Refused(PolicyErrorKind),
    /// A layer with a state for each key has no place for a new one, and none can be forgotten:
    /// it uses a state that all such keys share.
    KeysExhausted {
        /// The keys that there are.
        max_keys: u32,
    },
    /// A hedge was started beside what had not answered by then.
    HedgeStarted {
        /// The first is 1.
        hedge: u32,
        /// How long the one before it had been waited for.
        after: Duration,
    },
    /// A hedge succeeded first.
    HedgeWon {
        /// The one that did.
        hedge: u32,
    },
    /// It was time for a hedge, and it was not started.
    HedgeWithheld(Withheld),
    /// A fault was injected into a call.
    FaultInjected(FaultKind),
    /// A fallback answered in place of a failure, or of a value that `when_ok` rejects
    /// (then without a cause).
    FallbackUsed {
        /// What it replaces.
        cause: Option<Cause>,
    },
}

/// Why a retry ended without success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopReason {
    /// All attempts are used up.
    Exhausted,
    /// Errors of this kind are not retried.
    NotRetried,
    /// The pause would end later than `max_elapsed` allows.
    Elapsed,
    /// The surrounding deadline would cut the pause off.
    Deadline,
    /// The service asks to be left alone for longer than `max_delay`.
    RetryAfterTooLong,
    /// The retry budget is spent.
    Budget,
}

/// Why a hedge was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Withheld {
    /// The budget of hedges is spent.
    Budget,
    /// A circuit breaker around the hedge or inside of it is not closed.
    Breaker,
}

/// Builds an event and hands it to whoever listens.
#[inline]
pub(crate) fn emit(caller: Caller, key: Option<&Arc<str>>, kind: impl FnOnce() -> EventKind) {
    if is_heard() {
        tell(caller, key, kind());
    }
}

/// Whether anybody listens, or calls are measured.
#[inline]
pub(crate) fn is_heard() -> bool {
    is_traced() || observe::any()
}

#[inline]
fn is_traced() -> bool {
    #[cfg(feature = "tracing")]
    return trace::any();
    #[cfg(not(feature = "tracing"))]
    return false;
}

/// Calls what a user handed in to be told of something. Its panic is reported by the
/// panic hook and goes no further: a listener must not decide over a call, and one
/// that panics while a call unwinds would end the process.
pub(crate) fn shielded(listener: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(listener));
}

#[cold]
fn tell(caller: Caller, key: Option<&Arc<str>>, kind: EventKind) {
    stats::count_event(caller, &kind);
    let observed = observe::has_listeners();
    if !observed && !is_traced() {
        return;
    }
    let event = Event {
        site: caller.name(),
        key: key.cloned(),
        kind,
    };
    #[cfg(feature = "tracing")]
    shielded(|| trace::record(&event));
    if observed {
        observe::notify(&event);
    }
}
