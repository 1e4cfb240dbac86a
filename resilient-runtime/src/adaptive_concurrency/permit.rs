//! Leave to make one call under an adaptive limit.

use std::fmt;

use tokio::time::Instant;

use super::core::{Admitted, Core};
use super::{AdaptiveConcurrency, LimitAlgorithm, LimitOutcome};
use crate::clock;
use crate::door::Opened;

/// A place under an adaptive limit. See [`AdaptiveConcurrency::try_acquire`].
///
/// Dropped without a [`record`](Self::record), the place is free again and the call says nothing about the load.
#[must_use = "the place is free again when the permit is dropped"]
pub struct LimitPermit<'a, A: LimitAlgorithm> {
    limit: &'a AdaptiveConcurrency<A>,
    core: Opened<'a, Core<A>>,
    admitted: Option<Admitted>,
}

impl<'a, A: LimitAlgorithm> LimitPermit<'a, A> {
    pub(super) fn new(
        limit: &'a AdaptiveConcurrency<A>,
        core: Opened<'a, Core<A>>,
        admitted: Admitted,
    ) -> Self {
        Self {
            limit,
            core,
            admitted: Some(admitted),
        }
    }

    /// Says how the call ended.
    pub fn record(self, outcome: LimitOutcome) {
        self.settle(outcome, clock::now);
    }

    /// With the clock as an argument.
    #[doc(hidden)]
    pub fn record_at(self, outcome: LimitOutcome, now: Instant) {
        self.settle(outcome, || now);
    }

    #[inline]
    fn settle(mut self, outcome: LimitOutcome, now: impl FnOnce() -> Instant) {
        if let Some(admitted) = self.admitted.take() {
            self.give_back(admitted, outcome, now);
        }
    }

    #[inline]
    fn give_back(&self, admitted: Admitted, outcome: LimitOutcome, now: impl FnOnce() -> Instant) {
        self.limit
            .settings
            .with(|settings| self.core.settle(settings, admitted, outcome, now));
    }
}

impl<A: LimitAlgorithm> Drop for LimitPermit<'_, A> {
    fn drop(&mut self) {
        if let Some(admitted) = self.admitted.take() {
            self.give_back(admitted, LimitOutcome::Ignored, clock::now);
        }
    }
}

impl<A: LimitAlgorithm> fmt::Debug for LimitPermit<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitPermit").finish_non_exhaustive()
    }
}
