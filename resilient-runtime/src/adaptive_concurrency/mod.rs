//! Adaptive concurrency: finds out how much at once is enough, and refuses the rest.

mod aimd;
mod algorithm;
mod call;
mod core;
mod elasticity;
mod gradient2;
mod held;
mod layer;
mod live;
mod permit;
mod settings;
mod vegas;
mod window;

use std::fmt;

use tokio::time::Instant;

pub use self::core::LimitOutcome;
pub use aimd::Aimd;
pub use algorithm::{LimitAlgorithm, LimitUpdate, LimitWindow};
pub use call::AdaptiveCall;
pub use elasticity::Elasticity;
pub use gradient2::Gradient2;
pub use layer::AdaptiveLayer;
pub use permit::LimitPermit;
pub use settings::AdaptiveConcurrencySettings;
pub use vegas::Vegas;

use self::core::Core;
use crate::clock;
use crate::door::{Door, Opened};
use crate::error::PolicyError;
use crate::gate::{self, Gated};
use crate::site::{
    Caller, Entry, LayerKind, Live, Reading, Setting, SettingError, Site, Stateful, Tuning, Value,
    Way,
};
use crate::verdict::Failing;

/// A limit on calls in flight that finds its own height: what a service cannot do at once is refused at once, before it
/// waits for everything else and makes everything else wait.
///
/// It is the state of `#[adaptive_concurrency]`. How the limit moves is up to the algorithm: [`Elasticity`] before
/// a server, [`Aimd`] in a client; [`Gradient2`] and [`Vegas`] are there for those who know them; others implement
/// [`LimitAlgorithm`].
///
/// ```
/// use resilient_runtime::{AdaptiveConcurrency, Failure, PolicyErrorKind};
/// use std::io;
///
/// static GUARD: AdaptiveConcurrency = AdaptiveConcurrency::server();
///
/// async fn handle() -> io::Result<u32> {
///     Ok(7)
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// match GUARD.call(handle()).await {
///     Ok(answer) => assert_eq!(answer, 7),
///     Err(Failure::Policy(refusal)) => {
///         assert_eq!(refusal.kind(), PolicyErrorKind::ConcurrencyLimited);
///     }
///     Err(other) => panic!("{other:?}"),
/// }
/// # }
/// ```
///
/// # What counts
///
/// Every answer is a sample, good or bad, but one that says overload: that is a drop, as is a timeout of this
/// crate, and a call that is dropped by one after at least half of its time or by anyone after its deadline. Refusals of other layers, panics and calls
/// that are dropped otherwise count as nothing. What was admitted before a [`reset`](Self::reset) counts as nothing after it.
///
/// The rule sees windows of such counts, never a single call. A limit that follows single delays follows their noise,
/// and collapses.
///
/// # Fairness and locks
///
/// Places go to whoever comes first; those who may wait are let in in the order in which they came. A call is admitted and
/// leaves by one atomic exchange each, and a sample is two atomic additions: no lock, no allocation. At the
/// end of a window one caller works out the next limit, under a lock that nobody waits for.
///
/// # In the simulator
///
/// What each algorithm makes of overload, of a server that loses half of its capacity or of a slow dependency is measured,
/// with this code and in virtual time: see `docs/simulator` in the repository.
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

    /// Makes a call if there is a place for it; waits for one as the settings say, and is refused with
    /// [`ConcurrencyLimited`](crate::PolicyErrorKind::ConcurrencyLimited) otherwise. Its outcome is a sample by its class.
    ///
    /// It asks when it is first polled. The place is free again before the outcome is returned.
    ///
    /// # Cancel safety
    ///
    /// Dropped in the queue, it leaves it and the call never begins. Dropped later, it drops the call and then gives
    /// the place back; what that counts as, [`LimitPermit`] says.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled, if it waits and `max_wait` is set.
    pub fn call<F, T, X>(&self, future: F) -> AdaptiveCall<'_, F, A>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        AdaptiveCall::new(self, future)
    }

    /// Asks for leave to make a call, whose end is recorded later.
    ///
    /// # Errors
    ///
    /// [`ConcurrencyLimited`](crate::PolicyErrorKind::ConcurrencyLimited) if the limit is reached.
    pub fn try_acquire(&self) -> Result<LimitPermit<'_, A>, PolicyError> {
        self.try_acquire_at(clock::now())
    }

    /// With the clock as an argument.
    #[doc(hidden)]
    pub fn try_acquire_at(&self, now: Instant) -> Result<LimitPermit<'_, A>, PolicyError> {
        Self::try_enter(self, Entry::by_hand(self), now)
    }

    #[inline]
    fn try_enter<'a, W: Way<'a, Self>>(
        way: W,
        entry: Entry<'a, Self>,
        now: Instant,
    ) -> Result<LimitPermit<'a, A, W>, PolicyError> {
        match gate::try_enter(entry, way.ask().cost) {
            Ok(place) => Ok(LimitPermit::new(place, way, now.into())),
            Err(entry) => Err(call::refusal(&entry, now.into())),
        }
    }

    /// The limit in force.
    #[must_use]
    pub fn limit(&self) -> u32 {
        Gated::limit(&Entry::by_hand(self))
    }

    /// Calls in flight.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.core().in_flight()
    }

    /// Back to the initial limit, with nothing learned. Calls in flight keep their places.
    pub fn reset(&self) {
        Self::forget(&Entry::by_hand(self));
    }

    fn forget(at: &Entry<'_, Self>) {
        at.core.reset();
        at.core.gate.limit_changed(|| Gated::limit(at));
    }

    /// Its knobs.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        Tuning::list(self, None)
    }

    /// Lays `value` over what the code says for `knob`.
    ///
    /// # Errors
    ///
    /// An unknown knob, or a value that it does not take. Nothing has changed then.
    pub fn set(&self, knob: &str, value: Value) -> Result<(), SettingError> {
        Tuning::set(self, None, knob, Some(value))
    }

    /// Goes back to what the code says for `knob`.
    ///
    /// # Errors
    ///
    /// An unknown knob, or settings that would contradict each other.
    pub fn unset(&self, knob: &str) -> Result<(), SettingError> {
        Tuning::set(self, None, knob, None)
    }

    /// The one that belongs to an annotated function, also when it is held by hand.
    const fn of(mut self, site: &'static Site) -> Self {
        self.caller = Caller::Site(site);
        self
    }
}

impl<A: LimitAlgorithm> Stateful for AdaptiveConcurrency<A> {
    type Core = Core<A>;
    type Settings = AdaptiveConcurrencySettings;

    const KIND: LayerKind = LayerKind::AdaptiveConcurrency;

    fn fresh(&self) -> Core<A> {
        Core::new()
    }

    #[inline]
    fn core(&self) -> Opened<'_, Core<A>> {
        self.core.open(Core::new)
    }

    fn is_idle(at: &Entry<'_, Self>, _now: Instant) -> bool {
        at.core.gate.is_idle()
    }

    fn settings_changed(at: &Entry<'_, Self>) {
        at.core.gate.limit_changed(|| Gated::limit(at));
    }

    fn reading(at: &Entry<'_, Self>) -> Reading {
        Reading::Places {
            in_use: at.core.gate.in_use(),
            limit: Gated::limit(at),
            waiting: at.core.gate.waiting(),
        }
    }

    fn live(&self) -> &Live<AdaptiveConcurrencySettings> {
        &self.settings
    }

    fn caller(&self) -> Caller {
        self.caller
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

#[cfg(test)]
mod rules;
