//! The retry of an annotated function.

use super::{Attempts, Retry};
use crate::site::{Caller, Layer, LayerKind, Live, Site, Switch, Tuning};

/// The retry of an annotated function.
#[derive(Debug)]
pub struct RetryLayer {
    site: &'static Site,
    switch: Switch,
    live: Live<Retry>,
}

impl RetryLayer {
    /// The layer with the settings that the code wrote down.
    #[must_use]
    pub const fn new(site: &'static Site, settings: Retry) -> Self {
        Self {
            site,
            switch: Switch::new(),
            live: Live::new(settings),
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
    #[inline]
    #[must_use]
    pub fn attempts(&'static self) -> Attempts {
        self.attempts_with(self.code())
    }

    /// Begins the attempts of a call with the settings that it worked out.
    #[inline]
    #[must_use]
    pub fn attempts_with(&'static self, settings: Retry) -> Attempts {
        let caller = Caller::Site(self.site);
        if !self.switch.is_on() {
            return Attempts::switched_off(caller);
        }
        Attempts::new(self.live.over(settings), caller)
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
}
