//! What is counted at a call site.

use crate::circuit_breaker::BreakerState;
use crate::error::PolicyErrorKind;
use crate::event::{EventKind, StopReason, Withheld};
use crate::fault::FaultKind;
use crate::site::LayerKind;

macro_rules! counts {
    ($($layer:expr => { $($(#[$doc:meta])* $count:ident,)* })*) => {
        /// What is counted at a call site, each from the first call on that was [measured](crate::Registry::measure).
        ///
        /// Counts only grow. Where a site has several layers of one kind, they share their counts. Where sites share
        /// a state, each counts its own calls; a change that nobody's call brought about is counted where the state
        /// belongs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Count {
            $($($(#[$doc])* $count,)*)*
        }

        impl Count {
            /// All of them, in the order of their numbers (`count as usize`).
            pub const ALL: &'static [Self] = &[$($(Self::$count,)*)*];

            /// The layer that counts it; `None` for the call itself.
            #[must_use]
            pub const fn layer(self) -> Option<LayerKind> {
                match self {
                    $($(Self::$count)|* => $layer,)*
                }
            }
        }
    };
}

counts! {
    None => {
        /// Calls that returned `Ok`, a fallback's included.
        CallSucceeded,
        /// Calls that returned `Err`.
        CallFailed,
        /// Of the calls that failed, those where the caller was at fault: their error is a
        /// [`CallerFault`](crate::ErrorClass::CallerFault), and not a fallback's.
        CallerAtFault,
        /// Calls that were dropped before their end, by a timeout of somebody else's or because nobody wanted the
        /// answer any more.
        CallDropped,
        /// Calls that panicked, or were dropped because what polled them did.
        CallPanicked,
        /// Calls with a new key for which there was no place: see [`KeysExhausted`](EventKind::KeysExhausted).
        KeysExhausted,
    }
    Some(LayerKind::Fallback) => {
        /// Failures, or rejected values, in place of which the fallback answered.
        FallbackUsed,
        /// Answers of the fallback that are `Ok`.
        FallbackSucceeded,
        /// Answers of the fallback that are `Err`.
        FallbackFailed,
    }
    Some(LayerKind::Retry) => {
        /// Calls whose first attempt succeeded.
        RetryNotNeeded,
        /// Calls of which a later attempt succeeded.
        RetrySucceeded,
        /// Calls that failed with all their attempts: [`Exhausted`](StopReason::Exhausted).
        RetryExhausted,
        /// Calls that failed with what is not retried: [`NotRetried`](StopReason::NotRetried).
        RetryNotRetried,
        /// Calls that failed and had no time for another attempt: [`Elapsed`](StopReason::Elapsed).
        RetryElapsed,
        /// Calls that failed when the deadline was near: [`Deadline`](StopReason::Deadline).
        RetryDeadline,
        /// Calls that failed, and were not to come back so soon:
        /// [`RetryAfterTooLong`](StopReason::RetryAfterTooLong).
        RetryAfterTooLong,
        /// Calls that failed when the retry budget was spent: [`Budget`](StopReason::Budget).
        RetryBudgetSpent,
        /// Of `RetryExhausted`, those without a retry: they have one attempt.
        RetryExhaustedAtOnce,
        /// Of `RetryNotRetried`, those without a retry.
        RetryNotRetriedAtOnce,
        /// Of `RetryElapsed`, those without a retry.
        RetryElapsedAtOnce,
        /// Of `RetryDeadline`, those without a retry.
        RetryDeadlineAtOnce,
        /// Of `RetryAfterTooLong`, those without a retry.
        RetryAfterTooLongAtOnce,
        /// Of `RetryBudgetSpent`, those without a retry.
        RetryBudgetSpentAtOnce,
        /// Attempts that failed, or returned a value that `when_ok` rejects.
        AttemptFailed,
        /// Retries: attempts after the first, counted when their pause begins.
        Retries,
    }
    Some(LayerKind::Timeout) => {
        /// What ended within its time, well or not.
        TimeoutKept,
        /// What did not.
        TimedOut,
    }
    Some(LayerKind::CircuitBreaker) => {
        /// Calls that the breaker admitted and that count as a success.
        BreakerSucceeded,
        /// Calls that it admitted and that count as a failure.
        BreakerFailed,
        /// Calls that it admitted and that count as neither: they were dropped or ignored, or the service sheds load.
        BreakerNeutral,
        /// Of these three, the slow ones: longer than `slow_call`.
        BreakerSlow,
        /// Calls that it refused.
        BreakerRefused,
        /// How often it opened, after it was closed.
        BreakerOpened,
        /// How often it opened again, after it was half-open.
        BreakerReopened,
        /// How often it became half-open.
        BreakerHalfOpened,
        /// How often it closed.
        BreakerClosed,
    }
    Some(LayerKind::RateLimit) => {
        /// Calls that got their permits, at once or after a wait.
        RateLimitAdmitted,
        /// Calls that got none.
        RateLimitRefused,
    }
    Some(LayerKind::Bulkhead) => {
        /// Calls that got their places, at once or after a wait.
        BulkheadAdmitted,
        /// Calls that got none.
        BulkheadRefused,
    }
    Some(LayerKind::AdaptiveConcurrency) => {
        /// Calls that got a place, at once or after a wait.
        AdaptiveAdmitted,
        /// Calls that got none.
        AdaptiveRefused,
        /// Calls that got one, and tell of overload: [`Dropped`](crate::LimitOutcome::Dropped).
        AdaptiveDropped,
    }
    Some(LayerKind::Hedge) => {
        /// Hedges that were started.
        HedgeStarted,
        /// Hedges that succeeded first.
        HedgeWon,
        /// Hedges that the budget did not allow.
        HedgeWithheldBudget,
        /// Hedges that were not started because a circuit breaker is not closed.
        HedgeWithheldBreaker,
    }
    Some(LayerKind::Fault) => {
        /// Errors that were injected.
        FaultErrors,
        /// Latencies that were injected.
        FaultDelays,
        /// Panics that were injected.
        FaultPanics,
    }
}

impl Count {
    /// What an event counts as. The second is for part of what the first counts.
    pub(crate) fn of(event: &EventKind) -> [Option<Self>; 2] {
        let count = match event {
            EventKind::AttemptFailed { .. } => Self::AttemptFailed,
            EventKind::RetryScheduled { .. } => Self::Retries,
            EventKind::RetrySucceeded { .. } => Self::RetrySucceeded,
            EventKind::RetryStopped { attempts, why } => {
                let [all, at_once] = Self::stopped(*why);
                return [Some(all), (*attempts == 1).then_some(at_once)];
            }
            EventKind::TimedOut { .. } => Self::TimedOut,
            EventKind::BreakerChanged(change) => match (change.from(), change.to()) {
                // Another mode, and the state stays.
                (from, to) if from == to => return [None; 2],
                (BreakerState::HalfOpen, BreakerState::Open) => Self::BreakerReopened,
                (_, BreakerState::Open) => Self::BreakerOpened,
                (_, BreakerState::HalfOpen) => Self::BreakerHalfOpened,
                (_, BreakerState::Closed) => Self::BreakerClosed,
            },
            EventKind::Refused(kind) => match kind {
                PolicyErrorKind::CircuitOpen { .. } => Self::BreakerRefused,
                PolicyErrorKind::RateLimited { .. } => Self::RateLimitRefused,
                PolicyErrorKind::BulkheadFull => Self::BulkheadRefused,
                PolicyErrorKind::ConcurrencyLimited => Self::AdaptiveRefused,
                // Nobody refuses by these.
                PolicyErrorKind::TimedOut { .. } | PolicyErrorKind::FaultInjected => {
                    return [None; 2];
                }
            },
            EventKind::KeysExhausted { .. } => Self::KeysExhausted,
            EventKind::HedgeStarted { .. } => Self::HedgeStarted,
            EventKind::HedgeWon { .. } => Self::HedgeWon,
            EventKind::HedgeWithheld(Withheld::Budget) => Self::HedgeWithheldBudget,
            EventKind::HedgeWithheld(Withheld::Breaker) => Self::HedgeWithheldBreaker,
            EventKind::FaultInjected(FaultKind::Error) => Self::FaultErrors,
            EventKind::FaultInjected(FaultKind::Latency(_)) => Self::FaultDelays,
            EventKind::FaultInjected(FaultKind::Panic) => Self::FaultPanics,
            EventKind::FallbackUsed { .. } => Self::FallbackUsed,
        };
        [Some(count), None]
    }

    /// All that end so, and those of them without a retry.
    const fn stopped(why: StopReason) -> [Self; 2] {
        match why {
            StopReason::Exhausted => [Self::RetryExhausted, Self::RetryExhaustedAtOnce],
            StopReason::NotRetried => [Self::RetryNotRetried, Self::RetryNotRetriedAtOnce],
            StopReason::Elapsed => [Self::RetryElapsed, Self::RetryElapsedAtOnce],
            StopReason::Deadline => [Self::RetryDeadline, Self::RetryDeadlineAtOnce],
            StopReason::RetryAfterTooLong => {
                [Self::RetryAfterTooLong, Self::RetryAfterTooLongAtOnce]
            }
            StopReason::Budget => [Self::RetryBudgetSpent, Self::RetryBudgetSpentAtOnce],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_the_number_of_its_place() {
        for (place, count) in Count::ALL.iter().enumerate() {
            assert_eq!(*count as usize, place, "{count:?}");
        }
    }
}
