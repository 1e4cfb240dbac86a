//! The circuit breaker of an annotated function.

use super::{CircuitBreaker, CircuitBreakerSettings, Guarded};
use crate::rules::Rules;
use crate::site::{Caller, Layer, LayerKind, Site, Switch, Tuning};
use crate::verdict::Failing;

/// The circuit breaker of an annotated function: one of its own, or a place for
/// one that is handed in.
#[derive(Debug)]
pub struct BreakerLayer {
    site: &'static Site,
    switch: Switch,
    own: Option<CircuitBreaker>,
}

impl BreakerLayer {
    /// The layer with a breaker of its own.
    #[must_use]
    pub const fn new(site: &'static Site, settings: CircuitBreakerSettings) -> Self {
        Self {
            site,
            switch: Switch::new(),
            own: Some(CircuitBreaker::with(settings).of(site)),
        }
    }

    /// The layer of a function that names its breaker with `state = ..`.
    #[must_use]
    pub const fn shared(site: &'static Site) -> Self {
        Self {
            site,
            switch: Switch::new(),
            own: None,
        }
    }

    /// The layer over the breaker that the function named.
    pub const fn over<'a>(&'static self, state: &'a CircuitBreaker) -> SharedBreaker<'a> {
        SharedBreaker { layer: self, state }
    }

    /// A call through the breaker.
    pub fn guard<F, T, X>(
        &'static self,
        future: F,
    ) -> Guarded<'static, F, Rules<Result<T, X::Error>>>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        self.guard_by(future, Rules::new())
    }

    /// The same with rules.
    pub fn guard_by<F, T, X, R>(&'static self, future: F, rules: R) -> Guarded<'static, F, R>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        self.through(self.own.as_ref(), future, rules)
    }

    fn through<'a, F, R>(
        &'static self,
        breaker: Option<&'a CircuitBreaker>,
        future: F,
        rules: R,
    ) -> Guarded<'a, F, R> {
        let breaker = breaker.filter(|_| self.switch.is_on());
        Guarded::new(breaker, Caller::Site(self.site), rules, future)
    }
}

/// A layer and the breaker that its function named.
#[derive(Clone, Copy, Debug)]
pub struct SharedBreaker<'a> {
    layer: &'static BreakerLayer,
    state: &'a CircuitBreaker,
}

impl<'a> SharedBreaker<'a> {
    /// A call through the breaker.
    pub fn guard<F, T, X>(self, future: F) -> Guarded<'a, F, Rules<Result<T, X::Error>>>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        self.guard_by(future, Rules::new())
    }

    /// The same with rules.
    pub fn guard_by<F, T, X, R>(self, future: F, rules: R) -> Guarded<'a, F, R>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        self.layer.through(Some(self.state), future, rules)
    }
}

impl Layer for BreakerLayer {
    fn kind(&self) -> LayerKind {
        LayerKind::CircuitBreaker
    }

    fn breaker(&self) -> Option<&CircuitBreaker> {
        self.own.as_ref()
    }

    fn switch(&self) -> &Switch {
        &self.switch
    }

    fn tuning(&self) -> Option<&dyn Tuning> {
        self.own.as_ref().map(CircuitBreaker::tuning)
    }
}
