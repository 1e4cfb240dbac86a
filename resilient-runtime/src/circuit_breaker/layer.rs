//! The circuit breaker of an annotated function.

use super::core::Core;
use super::{
    BreakerCall, BreakerMode, BreakerPermit, BreakerSnapshot, BreakerState, CircuitBreaker,
    CircuitBreakerSettings,
};
use crate::clock;
use crate::error::PolicyError;
use crate::keyed::Keyed;
use crate::rules::Rules;
use crate::site::{Asked, Handle, Site, StateLayer};
use crate::verdict::Failing;

/// The circuit breaker of an annotated function.
pub type BreakerLayer = StateLayer<CircuitBreaker>;

impl BreakerLayer {
    /// The layer with a breaker of its own.
    #[must_use]
    pub const fn new(site: &'static Site, settings: CircuitBreakerSettings) -> Self {
        Self::with(site, CircuitBreaker::with(settings).of(site))
    }

    /// The layer with a breaker of its own for each key.
    #[must_use]
    pub const fn keyed(
        site: &'static Site,
        settings: CircuitBreakerSettings,
        max_keys: u32,
    ) -> Self {
        let template = CircuitBreaker::with(settings).of(site);
        Self::with_keyed(site, Keyed::new(template).max_keys(max_keys))
    }

    /// A call through the breaker.
    #[inline(always)]
    pub fn guard<F, T, X>(
        &'static self,
        future: F,
    ) -> BreakerCall<'static, F, Rules<Result<T, X::Error>>, &'static Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        self.guard_by(future, Rules::new())
    }

    /// The same with rules.
    #[inline(always)]
    pub fn guard_by<F, T, X, R>(
        &'static self,
        future: F,
        rules: R,
    ) -> BreakerCall<'static, F, R, &'static Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        BreakerCall::new(self, rules, future)
    }
}

impl Handle<'_, CircuitBreaker> {
    /// Makes a call if the breaker lets it through, as [`CircuitBreaker::call`] does.
    pub fn call<F, T, X>(&self, future: F) -> BreakerCall<'_, F, Rules<Result<T, X::Error>>, &Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        self.call_by(Rules::new(), future)
    }

    /// [`call`](Self::call) with rules of its own.
    pub fn call_by<F, T, X, R>(&self, rules: R, future: F) -> BreakerCall<'_, F, R, &Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        BreakerCall::new(self, rules, future)
    }

    /// Asks for leave to make a call, as [`CircuitBreaker::try_acquire`] does.
    ///
    /// # Errors
    ///
    /// [`CircuitOpen`](crate::PolicyErrorKind::CircuitOpen) if the breaker is open, or
    /// half-open with all its probes out.
    pub fn try_acquire(&self) -> Result<BreakerPermit<'_>, PolicyError> {
        CircuitBreaker::try_enter(self.entry(), clock::entry())
    }

    /// Whether it lets calls through.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        self.entry().core.state()
    }

    /// Whether it decides by itself.
    #[must_use]
    pub fn mode(&self) -> BreakerMode {
        self.entry().core.mode()
    }

    /// As [`CircuitBreaker::force_open`], for this key alone. It is kept until it is reset.
    pub fn force_open(&self) {
        CircuitBreaker::change(&self.entry(), Core::force_open);
    }

    /// As [`CircuitBreaker::force_close`], for this key alone. It is kept until it is reset.
    pub fn force_close(&self) {
        CircuitBreaker::change(&self.entry(), Core::force_close);
    }

    /// As [`CircuitBreaker::disable`], for this key alone. It is kept until it is reset.
    pub fn disable(&self) {
        CircuitBreaker::change(&self.entry(), Core::disable);
    }

    /// As [`CircuitBreaker::observe_only`], for this key alone. It is kept until it is reset.
    pub fn observe_only(&self) {
        CircuitBreaker::change(&self.entry(), Core::observe_only);
    }

    /// As [`CircuitBreaker::reset`], for this key alone.
    pub fn reset(&self) {
        CircuitBreaker::change(&self.entry(), Core::reset);
    }

    /// What it has counted.
    #[must_use]
    pub fn snapshot(&self) -> BreakerSnapshot {
        CircuitBreaker::look(&self.entry())
    }
}

impl Asked<'_, CircuitBreaker> {
    /// A call through the breaker.
    #[inline(always)]
    pub fn guard<F, T, X>(&self, future: F) -> BreakerCall<'_, F, Rules<Result<T, X::Error>>, &Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        self.guard_by(future, Rules::new())
    }

    /// The same with rules.
    #[inline(always)]
    pub fn guard_by<F, T, X, R>(&self, future: F, rules: R) -> BreakerCall<'_, F, R, &Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        BreakerCall::new(self, rules, future)
    }
}
