//! The timeout of an annotated function.

use std::time::Duration;

use super::{Timeout, TimeoutCall};
use crate::site::{Caller, Layer, LayerKind, Live, Site, Switch, Tuning};
use crate::verdict::Failing;

/// The timeout of an annotated function.
#[derive(Debug)]
pub struct TimeoutLayer {
    site: &'static Site,
    switch: Switch,
    live: Live<Timeout>,
}

impl TimeoutLayer {
    /// The layer with the limit that the code wrote down.
    #[must_use]
    pub const fn new(site: &'static Site, settings: Timeout) -> Self {
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

    /// Limits `future` as the code wrote down.
    #[inline(always)]
    pub fn limit<F, T, X>(&'static self, future: F) -> TimeoutCall<F>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        self.limit_to(self.live.code().after, future)
    }

    /// Limits `future` to what the call worked out.
    #[inline(always)]
    pub fn limit_to<F, T, X>(&'static self, after: Duration, future: F) -> TimeoutCall<F>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        let after = self
            .switch
            .is_on()
            .then(|| self.live.over(Timeout::new(after)).after);
        TimeoutCall::new(future, after, Caller::Site(self.site))
    }
}

impl Layer for TimeoutLayer {
    fn kind(&self) -> LayerKind {
        LayerKind::Timeout
    }

    fn switch(&self) -> &Switch {
        &self.switch
    }

    fn tuning(&self) -> Option<&dyn Tuning> {
        Some(&self.live)
    }
}
