//! The fault injection of an annotated function.

use super::call::Injection;
use super::{Fault, FaultCall, FaultDraw, FaultInjector};
use crate::site::{KeyReading, Layer, LayerKind, Reading, Site, States, Switch, Tuning};
use crate::verdict::{Failing, Judged, Verdict};

/// The fault injection of an annotated function.
#[derive(Debug)]
pub struct FaultLayer {
    switch: Switch,
    injector: FaultInjector,
}

impl FaultLayer {
    /// The layer with the settings that the code wrote down.
    #[must_use]
    pub const fn new(site: &'static Site, fault: Fault) -> Self {
        Self {
            switch: Switch::new(),
            injector: FaultInjector::new(fault).of(site),
        }
    }

    /// Names the knobs that the code works out for each call.
    #[must_use]
    pub const fn per_call(mut self, knobs: &'static [&'static str]) -> Self {
        self.injector.live.set_per_call(knobs);
        self
    }

    /// What the code wrote down, for a call to complete.
    #[must_use]
    pub const fn code(&self) -> Fault {
        *self.injector.live.code()
    }

    /// Injects what the code wrote down.
    #[inline(always)]
    pub fn inject<F, T, X>(&'static self, future: F) -> FaultCall<'static, F>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        FaultCall::new(self.injection(None), future)
    }

    /// Injects what the call worked out.
    #[inline(always)]
    pub fn inject_with<F, T, X>(&'static self, fault: Fault, future: F) -> FaultCall<'static, F>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        FaultCall::new(self.injection(Some(fault)), future)
    }

    /// Injects what the code wrote down, but for the error: true if the call is to fail with one of the
    /// function's own.
    #[inline(always)]
    pub fn draw(&'static self) -> FaultDraw {
        FaultDraw::new(self.injection(None))
    }

    /// The same of what the call worked out.
    #[inline(always)]
    pub fn draw_with(&'static self, fault: Fault) -> FaultDraw {
        FaultDraw::new(self.injection(Some(fault)))
    }

    #[inline(always)]
    fn injection(&'static self, fault: Option<Fault>) -> Injection<'static> {
        Injection::Asking(&self.injector, Some(&self.switch), fault)
    }
}

/// What it does is counted, and stands in no state.
impl States for FaultInjector {
    fn reading(&self) -> Option<Reading> {
        None
    }

    fn keys(&self) -> Option<Vec<KeyReading>> {
        None
    }
}

impl Layer for FaultLayer {
    fn kind(&self) -> LayerKind {
        LayerKind::Fault
    }

    fn states(&self) -> Option<&dyn States> {
        Some(&self.injector)
    }

    fn switch(&self) -> &Switch {
        &self.switch
    }

    fn tuning(&self) -> Option<&dyn Tuning> {
        Some(self.injector.tuning())
    }
}

/// An error to be injected, with what it means.
pub fn judged_error<E>(error: E, judge: impl FnOnce(&E) -> Verdict) -> Judged<E> {
    let verdict = judge(&error);
    Judged::new(error, verdict)
}
