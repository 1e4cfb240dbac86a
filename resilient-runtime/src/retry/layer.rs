//! The retry of an annotated function.

use super::{Attempts, Retry, RetryTerms};
use crate::keyed::{Key, Keyed};
use crate::retry_budget::{RetryBudget, Within};
use crate::site::{
    Asked, Caller, Layer, LayerKind, Live, Site, StateLayer, States, Switch, Tuning,
};

/// The retry of an annotated function.
#[derive(Debug)]
pub struct RetryLayer {
    site: &'static Site,
    switch: Switch,
    live: Live<Retry>,
    budget: Option<StateLayer<RetryBudget>>,
}

impl RetryLayer {
    /// The layer with the settings that the code wrote down, and a budget of its own.
    #[must_use]
    pub const fn new(site: &'static Site, settings: Retry) -> Self {
        Self::budgeted(site, settings, RetryBudget::new())
    }

    /// The layer without a budget.
    #[must_use]
    pub const fn unbudgeted(site: &'static Site, settings: Retry) -> Self {
        Self::with(site, settings, None)
    }

    /// The layer with the budget that the code wrote down, of its own.
    #[must_use]
    pub const fn budgeted(site: &'static Site, settings: Retry, budget: RetryBudget) -> Self {
        let budget = StateLayer::with(site, budget.of(site));
        Self::with(site, settings, Some(budget))
    }

    /// The layer with such a budget for each key.
    #[must_use]
    pub const fn keyed(
        site: &'static Site,
        settings: Retry,
        budget: RetryBudget,
        max_keys: u32,
    ) -> Self {
        let budgets = Keyed::new(budget.of(site)).max_keys(max_keys);
        Self::with(site, settings, Some(StateLayer::with_keyed(site, budgets)))
    }

    /// The layer of a function that names its budget.
    #[must_use]
    pub const fn shared(site: &'static Site, settings: Retry) -> Self {
        Self::with(site, settings, Some(StateLayer::shared(site)))
    }

    /// The layer of a method over the budget of its `impl`.
    #[must_use]
    pub const fn of_impl(
        site: &'static Site,
        settings: Retry,
        budget: &'static RetryBudget,
    ) -> Self {
        Self::with(site, settings, Some(StateLayer::of_impl(site, budget)))
    }

    /// The layer of a method over the budgets of its `impl`, one for each key.
    #[must_use]
    pub const fn of_impl_keyed(
        site: &'static Site,
        settings: Retry,
        budgets: &'static Keyed<RetryBudget>,
    ) -> Self {
        Self::with(
            site,
            settings,
            Some(StateLayer::of_impl_keyed(site, budgets)),
        )
    }

    const fn with(
        site: &'static Site,
        settings: Retry,
        budget: Option<StateLayer<RetryBudget>>,
    ) -> Self {
        Self {
            site,
            switch: Switch::new(),
            live: Live::new(settings),
            budget,
        }
    }

    /// Names the knobs that the code works out for each call.
    #[must_use]
    pub const fn per_call(mut self, knobs: &'static [&'static str]) -> Self {
        self.live.set_per_call(knobs);
        self
    }

    /// What the code wrote down, for a call to complete.
    #[must_use]
    pub const fn code(&self) -> Retry {
        *self.live.code()
    }

    /// Begins the attempts of a call.
    #[inline(always)]
    #[must_use]
    pub fn attempts(&'static self) -> Attempts<'static, &'static Self> {
        Attempts::new(self, self.switch.is_on())
    }

    /// Begins the attempts of a call with the settings that it worked out.
    #[must_use]
    pub fn attempts_with(&'static self, settings: Retry) -> Attempts<'static, OfCall> {
        let terms = OfCall {
            settings: self.live.over(settings),
            layer: self,
        };
        Attempts::new(terms, self.switch.is_on())
    }

    /// A call's way to the budget of `key`.
    #[must_use]
    pub fn budget_of_key(&'static self, key: Key<'_>) -> Asked<'static, RetryBudget> {
        self.ask(|budget| budget.of_key(key))
    }

    /// A call's way to the budget that the function names.
    pub fn budget_over<'a>(&'static self, budget: &'a RetryBudget) -> Asked<'a, RetryBudget> {
        self.ask(|layer| layer.over(budget))
    }

    /// A call's way to the budget of `key` among those that the function names.
    pub fn budget_over_key<'a>(
        &'static self,
        budgets: &'a Keyed<RetryBudget>,
        key: Key<'_>,
    ) -> Asked<'a, RetryBudget> {
        self.ask(|layer| layer.over_key(budgets, key))
    }

    /// Without a budget there is nothing to ask.
    fn ask<'a>(
        &'static self,
        ask: impl FnOnce(&'static StateLayer<RetryBudget>) -> Asked<'a, RetryBudget>,
    ) -> Asked<'a, RetryBudget> {
        self.budget.as_ref().map_or(Asked::nothing(), ask)
    }
}

impl RetryTerms for &'static RetryLayer {
    fn settings(&self) -> Retry {
        self.live.get()
    }

    #[inline]
    fn is_timed(&self) -> bool {
        self.live.with(|settings| settings.max_elapsed.is_some())
    }

    #[inline]
    fn caller(&self) -> Caller {
        Caller::Site(self.site)
    }

    #[inline]
    fn own_budget(&self) -> Within<'static> {
        Within::of(self.budget.as_ref())
    }
}

/// The settings that a call of an annotated function worked out.
#[derive(Debug)]
pub struct OfCall {
    settings: Retry,
    layer: &'static RetryLayer,
}

impl RetryTerms for OfCall {
    fn settings(&self) -> Retry {
        self.settings
    }

    fn is_timed(&self) -> bool {
        self.settings.is_timed()
    }

    fn caller(&self) -> Caller {
        self.layer.caller()
    }

    fn own_budget(&self) -> Within<'static> {
        self.layer.own_budget()
    }
}

impl Layer for RetryLayer {
    fn kind(&self) -> LayerKind {
        LayerKind::Retry
    }

    fn switch(&self) -> &Switch {
        &self.switch
    }

    fn tuning(&self) -> Option<&dyn Tuning> {
        Some(&self.live)
    }

    fn budget(&self) -> Option<&dyn Layer> {
        let budget = self.budget.as_ref()?;
        budget.tuning().is_some().then_some(budget)
    }

    fn states(&self) -> Option<&dyn States> {
        self.budget.as_ref()?.states()
    }
}
