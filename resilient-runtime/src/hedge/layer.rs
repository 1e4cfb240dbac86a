//! The hedge of an annotated function.

use super::{Hedge, HedgeCall, Hedger};
use crate::site::{KeyReading, Layer, LayerKind, Reading, Site, States, Switch, Tuning};
use crate::verdict::Failing;

/// The hedge of an annotated function.
#[derive(Debug)]
pub struct HedgeLayer {
    switch: Switch,
    hedger: Hedger,
}

impl HedgeLayer {
    /// The layer with the settings that the code wrote down.
    #[must_use]
    pub const fn new(site: &'static Site, settings: Hedge) -> Self {
        Self {
            switch: Switch::new(),
            hedger: Hedger::with(settings).of(site),
        }
    }

    /// Names the knobs that the code works out for each call.
    #[must_use]
    pub const fn per_call(mut self, knobs: &'static [&'static str]) -> Self {
        self.hedger.settings.set_per_call(knobs);
        self
    }

    /// What the code wrote down, for a call to complete.
    #[must_use]
    pub const fn code(&self) -> Hedge {
        *self.hedger.settings.code()
    }

    /// Hedges as the code wrote down.
    pub fn run<M, F, T, X>(&'static self, make: M) -> HedgeCall<'static, M, F>
    where
        M: Fn() -> F,
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        self.run_with(self.code(), make)
    }

    /// Hedges as the call worked out.
    pub fn run_with<M, F, T, X>(&'static self, settings: Hedge, make: M) -> HedgeCall<'static, M, F>
    where
        M: Fn() -> F,
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        let hedger = self.switch.is_on().then_some(&self.hedger);
        HedgeCall::new(hedger, settings, make)
    }
}

impl States for Hedger {
    fn reading(&self) -> Option<Reading> {
        let delay = self.delay();
        Some(Reading::Hedge { delay })
    }

    fn keys(&self) -> Option<Vec<KeyReading>> {
        None
    }
}

impl Layer for HedgeLayer {
    fn kind(&self) -> LayerKind {
        LayerKind::Hedge
    }

    fn states(&self) -> Option<&dyn States> {
        Some(&self.hedger)
    }

    fn switch(&self) -> &Switch {
        &self.switch
    }

    fn tuning(&self) -> Option<&dyn Tuning> {
        Some(self.hedger.tuning())
    }
}
