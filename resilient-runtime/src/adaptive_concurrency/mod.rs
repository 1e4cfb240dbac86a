//! Adaptive concurrency: finds out how much at once is enough, and refuses the rest.

mod aimd;
mod algorithm;
mod core;
mod elasticity;
mod gradient2;
mod live;
mod permit;
mod settings;
mod time;
mod vegas;
mod window;

use std::fmt;

use tokio::time::Instant;

pub use self::core::LimitOutcome;
pub use aimd::Aimd;
pub use algorithm::{LimitAlgorithm, LimitUpdate, LimitWindow};
pub use elasticity::Elasticity;
pub use gradient2::Gradient2;
pub use permit::LimitPermit;
pub use settings::AdaptiveConcurrencySettings;
pub use vegas::Vegas;

use self::core::Core;
use crate::clock;
use crate::door::{Door, Opened};
use crate::error::{PolicyError, PolicyErrorKind};
use crate::site::{Caller, Live, Setting, SettingError, Value};

/// A limit on calls in flight that finds its own height.
pub struct AdaptiveConcurrency<A: LimitAlgorithm = Elasticity> {
    settings: Live<AdaptiveConcurrencySettings>,
    core: Door<Core<A>>,
    caller: Caller,
}

impl AdaptiveConcurrency<Elasticity> {
    /// For a server: [`Elasticity`].
    #[must_use]
    pub const fn server() -> Self {
        Self::new()
    }
}

impl AdaptiveConcurrency<Aimd> {
    /// For a client: [`Aimd`].
    #[must_use]
    pub const fn client() -> Self {
        Self::new()
    }
}

impl<A: LimitAlgorithm> AdaptiveConcurrency<A> {
    /// With the default settings.
    #[must_use]
    pub const fn new() -> Self {
        Self::with(AdaptiveConcurrencySettings::new())
    }

    /// With settings of its own.
    #[must_use]
    pub const fn with(settings: AdaptiveConcurrencySettings) -> Self {
        Self {
            settings: Live::new(settings),
            core: Door::new(Core::new()),
            caller: Caller::Named("adaptive concurrency"),
        }
    }

    /// What it is called in errors and events where no annotated function asks.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.caller = Caller::Named(name);
        self
    }

    /// Asks for leave to make a call, whose end is recorded later.
    ///
    /// # Errors
    ///
    /// [`ConcurrencyLimited`](PolicyErrorKind::ConcurrencyLimited) if the limit is reached.
    pub fn try_acquire(&self) -> Result<LimitPermit<'_, A>, PolicyError> {
        self.try_acquire_at(clock::now())
    }

    /// With the clock as an argument.
    #[doc(hidden)]
    pub fn try_acquire_at(&self, now: Instant) -> Result<LimitPermit<'_, A>, PolicyError> {
        let core = self.core();
        let admitted = self.settings.with(|settings| core.admit(settings, now));
        match admitted {
            Some(admitted) => Ok(LimitPermit::new(self, core, admitted)),
            None => Err(PolicyError::new(
                PolicyErrorKind::ConcurrencyLimited,
                self.caller.name(),
            )),
        }
    }

    /// The limit in force.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.settings.with(|settings| self.core().limit(settings))
    }

    /// Calls in flight.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.core().in_flight()
    }

    /// Back to the initial limit, with nothing learned. Calls in flight keep their places.
    pub fn reset(&self) {
        self.core().reset();
    }

    /// Its knobs.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        self.settings.list()
    }

    /// Lays `value` over what the code says for `knob`.
    ///
    /// # Errors
    ///
    /// An unknown knob, or a value that it does not take. Nothing has changed then.
    pub fn set(&self, knob: &str, value: Value) -> Result<(), SettingError> {
        self.settings.set(knob, value)
    }

    /// Goes back to what the code says for `knob`.
    ///
    /// # Errors
    ///
    /// An unknown knob, or settings that would contradict each other.
    pub fn unset(&self, knob: &str) -> Result<(), SettingError> {
        self.settings.unset(knob)
    }

    fn core(&self) -> Opened<'_, Core<A>> {
        self.core.open(Core::new)
    }
}

impl<A: LimitAlgorithm> Default for AdaptiveConcurrency<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: LimitAlgorithm> fmt::Debug for AdaptiveConcurrency<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdaptiveConcurrency")
            .field("name", &self.caller.name())
            .field("limit", &self.limit())
            .field("in_flight", &self.in_flight())
            .field("settings", &self.settings.get())
            .finish()
    }
}
