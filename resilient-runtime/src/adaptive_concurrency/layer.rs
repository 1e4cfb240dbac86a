//! The adaptive limit of an annotated function.

use super::call::AdaptiveCall;
use super::{AdaptiveConcurrency, AdaptiveConcurrencySettings, LimitAlgorithm, LimitPermit};
use crate::clock;
use crate::error::PolicyError;
use crate::gate::Gated;
use crate::keyed::Keyed;
use crate::site::{Asked, Handle, Site, StateLayer};
use crate::verdict::Failing;

/// The adaptive limit of an annotated function.
pub type AdaptiveLayer<A> = StateLayer<AdaptiveConcurrency<A>>;

impl<A: LimitAlgorithm> AdaptiveLayer<A> {
    /// The layer with a limit of its own.
    #[must_use]
    pub const fn new(site: &'static Site, settings: AdaptiveConcurrencySettings) -> Self {
        Self::with(site, AdaptiveConcurrency::with(settings).of(site))
    }

    /// The layer with a limit of its own for each key.
    #[must_use]
    pub const fn keyed(
        site: &'static Site,
        settings: AdaptiveConcurrencySettings,
        max_keys: u32,
    ) -> Self {
        let template = AdaptiveConcurrency::with(settings).of(site);
        Self::with_keyed(site, Keyed::new(template).max_keys(max_keys))
    }

    /// A call under the limit.
    #[inline(always)]
    pub fn guard<F, T, X>(&'static self, future: F) -> AdaptiveCall<'static, F, A, &'static Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        AdaptiveCall::new(self, future)
    }
}

impl<A: LimitAlgorithm> Asked<'_, AdaptiveConcurrency<A>> {
    /// A call under the limit.
    #[inline(always)]
    pub fn guard<F, T, X>(&self, future: F) -> AdaptiveCall<'_, F, A, &Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        AdaptiveCall::new(self, future)
    }
}

impl<A: LimitAlgorithm> Handle<'_, AdaptiveConcurrency<A>> {
    /// Makes a call under the limit, as [`AdaptiveConcurrency::call`] does.
    pub fn call<F, T, X>(&self, future: F) -> AdaptiveCall<'_, F, A, &Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        AdaptiveCall::new(self, future)
    }

    /// Asks for leave to make a call, as [`AdaptiveConcurrency::try_acquire`] does.
    ///
    /// # Errors
    ///
    /// [`ConcurrencyLimited`](crate::PolicyErrorKind::ConcurrencyLimited) if the limit is reached.
    pub fn try_acquire(&self) -> Result<LimitPermit<'_, A, &Self>, PolicyError> {
        AdaptiveConcurrency::try_enter(self, self.entry(), clock::now())
    }

    /// The limit in force.
    #[must_use]
    pub fn limit(&self) -> u32 {
        Gated::limit(&self.entry())
    }

    /// Back to the initial limit, as [`AdaptiveConcurrency::reset`] does.
    pub fn reset(&self) {
        AdaptiveConcurrency::forget(&self.entry());
    }

    /// Calls in flight.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.entry().core.in_flight()
    }
}
