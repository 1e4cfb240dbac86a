//! The timeout of an annotated function.

use std::time::Duration;

use super::future::{Limit, Whose};
use super::{Timeout, TimeoutCall};
use crate::clock::{Nanos, nanos_of};
use crate::site::{Caller, Layer, LayerKind, Live, Site, Switch, Tuning};
use crate::verdict::Failing;

/// The timeout of an annotated function.
#[derive(Debug)]
pub struct TimeoutLayer {
    site: &'static Site,
    switch: Switch,
    /// What the code wrote down.
    after: Nanos,
    live: Live<Timeout>,
}

impl TimeoutLayer {
    /// The layer with the limit that the code wrote down.
    #[must_use]
    pub const fn new(site: &'static Site, settings: Timeout) -> Self {
        Self {
            site,
            switch: Switch::new(),
            after: nanos_of(settings.after),
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
    pub fn limit<F, T, X>(&'static self, future: F) -> TimeoutCall<F, &'static Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        TimeoutCall::new(future, Limit::OfLayer, self)
    }

    /// Limits `future` to what the call worked out.
    #[inline(always)]
    pub fn limit_to<F, T, X>(
        &'static self,
        after: Duration,
        future: F,
    ) -> TimeoutCall<F, &'static Self>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        TimeoutCall::new(future, Limit::Of(nanos_of(after)), self)
    }

    #[cold]
    fn laid_over(&self, after: Nanos) -> Nanos {
        let code = Timeout::new(Duration::from_nanos(after));
        nanos_of(self.live.over(code).after)
    }
}

impl Whose for &'static TimeoutLayer {
    const SHARES_CLOCK: bool = true;

    #[inline(always)]
    fn caller(self) -> Caller {
        Caller::Site(self.site)
    }

    #[inline(always)]
    fn in_force(self, after: Option<Nanos>) -> Option<Nanos> {
        let after = after.unwrap_or(self.after);
        self.switch.is_on().then(|| {
            if self.live.is_bare() {
                after
            } else {
                self.laid_over(after)
            }
        })
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
