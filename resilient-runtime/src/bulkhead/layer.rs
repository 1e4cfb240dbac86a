//! The bulkhead of an annotated function.

use super::{Bulkhead, BulkheadCall, BulkheadPermit, BulkheadSettings};
use crate::error::PolicyError;
use crate::keyed::Keyed;
use crate::site::{Asked, Handle, Site, StateLayer, Way};
use crate::verdict::Failing;

/// The bulkhead of an annotated function.
pub type BulkheadLayer = StateLayer<Bulkhead>;

impl BulkheadLayer {
    /// The layer with a bulkhead of its own.
    #[must_use]
    pub const fn new(site: &'static Site, settings: BulkheadSettings) -> Self {
        Self::with(site, Bulkhead::with(settings).of(site))
    }

    /// The layer with a bulkhead of its own for each key.
    #[must_use]
    pub const fn keyed(site: &'static Site, settings: BulkheadSettings, max_keys: u32) -> Self {
        let template = Bulkhead::with(settings).of(site);
        Self::with_keyed(site, Keyed::new(template).max_keys(max_keys))
    }

    /// A call through the bulkhead.
    #[inline(always)]
    pub fn guard<F, T, X>(&'static self, future: F) -> BulkheadCall<'static, F, &'static Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        BulkheadCall::new(self, future)
    }
}

impl Handle<'_, Bulkhead> {
    /// Makes a call when there is a place for it, as [`Bulkhead::call`] does.
    pub fn call<F, T, X>(&self, future: F) -> BulkheadCall<'_, F, &Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        BulkheadCall::new(self, future)
    }

    /// Takes a place if one is free, as [`Bulkhead::try_acquire`] does.
    ///
    /// # Errors
    ///
    /// [`BulkheadFull`](crate::PolicyErrorKind::BulkheadFull).
    pub fn try_acquire(&self) -> Result<BulkheadPermit<'_>, PolicyError> {
        Bulkhead::try_enter(self.entry(), Way::ask(self))
    }

    /// Takes a place, and waits for one as the settings say: as [`Bulkhead::acquire`] does,
    /// which also says what becomes of it when it is dropped, and where it panics.
    ///
    /// # Errors
    ///
    /// [`BulkheadFull`](crate::PolicyErrorKind::BulkheadFull).
    pub async fn acquire(&self) -> Result<BulkheadPermit<'_>, PolicyError> {
        Bulkhead::enter(self.entry(), Way::ask(self)).await
    }

    /// The places that are taken.
    #[must_use]
    pub fn in_use(&self) -> u32 {
        self.entry().core.in_use()
    }

    /// The calls that wait for a place.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.entry().core.waiting()
    }
}

impl Asked<'_, Bulkhead> {
    /// A call through the bulkhead.
    #[inline(always)]
    pub fn guard<F, T, X>(&self, future: F) -> BulkheadCall<'_, F, &Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        BulkheadCall::new(self, future)
    }
}
