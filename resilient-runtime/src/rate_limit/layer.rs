//! The rate limit of an annotated function.

use super::{RateLimitCall, RateLimiter, RateLimiterSettings, RateLimiterSnapshot};
use crate::error::PolicyError;
use crate::keyed::Keyed;
use crate::site::{Asked, Handle, Site, StateLayer, Way};
use crate::verdict::Failing;

/// The rate limit of an annotated function.
pub type RateLimitLayer = StateLayer<RateLimiter>;

impl RateLimitLayer {
    /// The layer with a limiter of its own.
    #[must_use]
    pub const fn new(site: &'static Site, settings: RateLimiterSettings) -> Self {
        Self::with(site, RateLimiter::with(settings).of(site))
    }

    /// The layer with a limiter of its own for each key.
    #[must_use]
    pub const fn keyed(site: &'static Site, settings: RateLimiterSettings, max_keys: u32) -> Self {
        let template = RateLimiter::with(settings).of(site);
        Self::with_keyed(site, Keyed::new(template).max_keys(max_keys))
    }

    /// A call through the limiter.
    #[inline(always)]
    pub fn guard<F, T, X>(&'static self, future: F) -> RateLimitCall<'static, F, &'static Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        RateLimitCall::new(self, future)
    }
}

impl Handle<'_, RateLimiter> {
    /// Makes a call when there are permits for it, as [`RateLimiter::call`] does.
    pub fn call<F, T, X>(&self, future: F) -> RateLimitCall<'_, F, &Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        RateLimitCall::new(self, future)
    }

    /// Takes permits if they are there, as [`RateLimiter::try_acquire`] does.
    ///
    /// # Errors
    ///
    /// [`RateLimited`](crate::PolicyErrorKind::RateLimited).
    pub fn try_acquire(&self) -> Result<(), PolicyError> {
        RateLimiter::take(self.entry(), Way::ask(self))
    }

    /// Takes permits, and waits for them as the settings say: as [`RateLimiter::acquire`] does,
    /// which also says what becomes of it when it is dropped, and where it panics.
    ///
    /// # Errors
    ///
    /// [`RateLimited`](crate::PolicyErrorKind::RateLimited).
    pub async fn acquire(&self) -> Result<(), PolicyError> {
        RateLimiter::wait(self.entry(), Way::ask(self)).await
    }

    /// How it stands.
    #[must_use]
    pub fn snapshot(&self) -> RateLimiterSnapshot {
        RateLimiter::look(&self.entry())
    }
}

impl Asked<'_, RateLimiter> {
    /// A call through the limiter.
    #[inline(always)]
    pub fn guard<F, T, X>(&self, future: F) -> RateLimitCall<'_, F, &Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        RateLimitCall::new(self, future)
    }
}
