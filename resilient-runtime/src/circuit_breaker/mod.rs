//! Circuit breaker: stops calling a service that is down, and finds out when it is back.

mod buckets;
mod change;
mod core;
mod guard;
mod layer;
mod live;
mod permit;
mod ring;
mod settings;
mod spent;

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

pub use change::{BreakerMode, BreakerState, ChangeCause, StateChange};
pub use guard::BreakerCall;
pub use layer::BreakerLayer;
pub use permit::{BreakerPermit, CallOutcome};
pub use settings::{CircuitBreakerSettings, Window};

pub use self::core::BreakerSnapshot;

use self::change::Transition;
use self::core::{Admitted, Core};
use self::spent::Spent;
use crate::clock::{self, Moment};
use crate::door::{Door, Opened};
use crate::dropped::Watch;
use crate::error::{PolicyError, PolicyErrorKind};
use crate::event::{EventKind, shielded};
use crate::health;
use crate::rules::Rules;
use crate::site::{
    Caller, Entry, LayerKind, Live, Reading, Setting, SettingError, Site, Stateful, Tuning, Value,
};
use crate::verdict::Failing;

/// A circuit breaker: while a service fails too often, its calls are refused at
/// once; after a while a few probes find out whether it is back.
///
/// It is the state of `#[circuit_breaker]`, which makes one for each function; a
/// `static` or a field handed in with `state = ..` is shared by all that name it.
///
/// ```
/// use resilient_runtime::{CircuitBreaker, CircuitBreakerSettings, Failure};
/// use std::io;
///
/// static CACHE: CircuitBreaker =
///     CircuitBreaker::with(CircuitBreakerSettings::new().consecutive_failures(2)).named("cache");
///
/// async fn get(key: &str) -> io::Result<u32> {
///     Err(io::ErrorKind::ConnectionReset.into())
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// for _ in 0..2 {
///     let outcome = CACHE.call(async { get("a").await }).await;
///     assert!(matches!(outcome, Err(Failure::Error(_))));
/// }
/// // From here on the cache is left alone.
/// let outcome = CACHE.call(async { get("a").await }).await;
/// assert!(matches!(outcome, Err(Failure::Policy(_))));
/// # }
/// ```
///
/// # What counts
///
/// A result counts only for the period that admitted it. A call that is dropped
/// counts as nothing, and gives a probe's place back; but if a time limit of this
/// crate drops it after it ran for at least half of that limit, or if it is dropped
/// after the deadline it was admitted under, that is a failure, and if anyone else
/// drops it after longer than `slow_call`, it is a slow call. A call that panics is
/// a failure.
///
/// Dropped while it only waited in a layer of this crate (a pause before a retry, a place in a
/// queue), it counts as nothing. What it waited for is known of its last poll alone: work that
/// goes on beside such a wait, in one `join!`, is not seen then.
///
/// # Fairness and locks
///
/// Closed and open, a call is admitted or refused without a lock. Half-open, a
/// short lock hands out the places of the probes, to whoever comes first.
pub struct CircuitBreaker {
    settings: Live<CircuitBreakerSettings>,
    core: Door<Core>,
    spent: Door<Spent>,
    /// Who is meant where no annotated function asks.
    caller: Caller,
}

impl CircuitBreaker {
    /// A closed breaker with the default settings.
    #[must_use]
    pub const fn new() -> Self {
        Self::with(CircuitBreakerSettings::new())
    }

    /// A closed breaker with settings of its own.
    #[must_use]
    pub const fn with(settings: CircuitBreakerSettings) -> Self {
        Self {
            settings: Live::new(settings),
            core: Door::new(Core::new()),
            spent: Door::new(Spent::new()),
            caller: Caller::Named("circuit breaker"),
        }
    }

    /// What it is called in errors and events where no annotated function asks.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.caller = Caller::Named(name);
        self
    }

    /// The one that belongs to an annotated function, also when it is held by hand.
    const fn of(mut self, site: &'static Site) -> Self {
        self.caller = Caller::Site(site);
        self
    }

    /// Makes a call if the breaker lets it through. Every error counts by its class.
    ///
    /// The future is polled in place, and not at all if the call is refused.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the call, which then counts as described above.
    pub fn call<F, T, X>(&self, future: F) -> BreakerCall<'_, F, Rules<Result<T, X::Error>>>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        self.call_by(Rules::new(), future)
    }

    /// [`call`](Self::call) with rules of its own.
    pub fn call_by<F, T, X, R>(&self, rules: R, future: F) -> BreakerCall<'_, F, R>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        BreakerCall::new(self, rules, future)
    }

    /// Asks for leave to make a call whose result is recorded later: the two-step
    /// form of [`call`](Self::call), for work that is not one future.
    ///
    /// # Errors
    ///
    /// [`CircuitOpen`](PolicyErrorKind::CircuitOpen) if the breaker is open, or
    /// half-open with all its probes out.
    ///
    /// ```
    /// use resilient_runtime::{CallOutcome, CircuitBreaker, CircuitBreakerSettings};
    ///
    /// let breaker = CircuitBreaker::new();
    /// let permit = breaker.try_acquire()?;
    /// // ... the work, wherever it runs ...
    /// permit.record(CallOutcome::Success);
    /// # Ok::<_, resilient_runtime::PolicyError>(())
    /// ```
    pub fn try_acquire(&self) -> Result<BreakerPermit<'_>, PolicyError> {
        Self::try_enter(Entry::by_hand(self), clock::entry())
    }

    /// With the clock as an argument.
    #[doc(hidden)]
    pub fn try_acquire_at(&self, now: Instant) -> Result<BreakerPermit<'_>, PolicyError> {
        Self::try_enter(Entry::by_hand(self), now.into())
    }

    /// Nothing polls such a permit, so a limit that is put around the work later cannot be
    /// noticed when it is: the time counts from here.
    fn try_enter(entry: Entry<'_, Self>, now: Moment) -> Result<BreakerPermit<'_>, PolicyError> {
        match Self::admit(&entry, || now) {
            Ok((admitted, _)) => Ok(BreakerPermit::new(entry, admitted, Watch::since(now))),
            Err(retry_after) => Err(Self::refusal(&entry, retry_after)),
        }
    }

    /// For a call that is not let in by a closed breaker. Tells as well whether its time counts whatever happens; or
    /// when to come back.
    #[inline(always)]
    fn enter(entry: &Entry<'_, Self>) -> Result<(Admitted, bool), Duration> {
        match entry.core.refuses_for(clock::entry) {
            Some(retry_after) => Err(retry_after),
            // A copy, lest it has to lie in memory for the others, too.
            None => Self::admit(&entry.clone(), clock::entry),
        }
    }

    /// Whether it lets calls through. An open breaker whose time is up stays open
    /// until the next call.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        self.core().state()
    }

    /// Whether it decides by itself.
    #[must_use]
    pub fn mode(&self) -> BreakerMode {
        self.core().mode()
    }

    /// How long it was in this state, counted from when this was first asked or the state first changed. Of
    /// [`Keyed`](crate::Keyed) breakers it is not known.
    #[must_use]
    pub fn time_in(&self, state: BreakerState) -> Duration {
        let spent = self.spent.open(Spent::new);
        spent.time_in(state, self.state(), clock::now())
    }

    /// What it has counted.
    #[must_use]
    pub fn snapshot(&self) -> BreakerSnapshot {
        Self::look(&Entry::by_hand(self))
    }

    /// Refuses every call until [`reset`](Self::reset).
    pub fn force_open(&self) {
        Self::change(&Entry::by_hand(self), Core::force_open);
    }

    /// Lets every call through, and goes on counting, until [`reset`](Self::reset).
    pub fn force_close(&self) {
        Self::change(&Entry::by_hand(self), Core::force_close);
    }

    /// Lets every call through and counts nothing, until [`reset`](Self::reset).
    pub fn disable(&self) {
        Self::change(&Entry::by_hand(self), Core::disable);
    }

    /// Lets every call through, counts, and tells of the changes that it would
    /// make, until [`reset`](Self::reset).
    pub fn observe_only(&self) {
        Self::change(&Entry::by_hand(self), Core::observe_only);
    }

    /// Closed, with nothing counted, and deciding by itself again.
    pub fn reset(&self) {
        Self::change(&Entry::by_hand(self), Core::reset);
    }

    /// Its knobs.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        Tuning::list(self, None)
    }

    /// Lays `value` over what the code says for `knob`; what was counted stays,
    /// unless the window itself changes.
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

    #[inline(never)]
    fn admit(
        entry: &Entry<'_, Self>,
        now: impl FnOnce() -> Moment,
    ) -> Result<(Admitted, bool), Duration> {
        let (admission, timed) =
            entry.settings(|settings| (entry.core.admit(settings, now), is_timed(settings)));
        let (admitted, transition) = admission;
        Self::tell(entry, transition);
        match admitted {
            Ok(admitted) => Ok((admitted, timed)),
            Err(refused) => Err(refused.retry_after),
        }
    }

    #[cold]
    #[inline(never)]
    fn refusal(entry: &Entry<'_, Self>, retry_after: Duration) -> PolicyError {
        entry.refuse(PolicyErrorKind::CircuitOpen { retry_after })
    }

    fn look(at: &Entry<'_, Self>) -> BreakerSnapshot {
        at.settings(|settings| at.core.snapshot(settings, clock::now()))
    }

    fn change(at: &Entry<'_, Self>, change: impl FnOnce(&Core) -> Option<Transition>) {
        let transition = change(&at.core);
        Self::tell(at, transition);
    }

    /// Outside every lock.
    #[inline]
    fn tell(entry: &Entry<'_, Self>, transition: Option<Transition>) {
        if let Some(transition) = transition {
            Self::tell_of(entry, transition);
        }
    }

    #[cold]
    fn tell_of(entry: &Entry<'_, Self>, transition: Transition) {
        let breaker = entry.state;
        if entry.tag.is_none() {
            let spent = breaker.spent.open(Spent::new);
            spent.leave(transition.from, clock::now());
        }
        let change = StateChange::new(
            breaker.caller.name(),
            entry.caller().name(),
            entry.key(),
            transition,
        );
        entry.emit(|| EventKind::BreakerChanged(change.clone()));
        health::changed();
        if let Some(on_change) = breaker.settings.code().on_change {
            shielded(|| on_change(&change));
        }
    }
}

const fn is_timed(settings: &CircuitBreakerSettings) -> bool {
    settings.slow_call.is_some()
}

impl Stateful for CircuitBreaker {
    type Core = Core;
    type Settings = CircuitBreakerSettings;

    const KIND: LayerKind = LayerKind::CircuitBreaker;

    fn fresh(&self) -> Core {
        Core::new()
    }

    #[inline]
    fn core(&self) -> Opened<'_, Core> {
        self.core.open(Core::new)
    }

    fn is_idle(at: &Entry<'_, Self>, _now: Instant) -> bool {
        at.core.state() == BreakerState::Closed && at.core.mode() == BreakerMode::Automatic
    }

    fn reading(at: &Entry<'_, Self>) -> Reading {
        Reading::CircuitBreaker(Self::look(at))
    }

    fn live(&self) -> &Live<CircuitBreakerSettings> {
        &self.settings
    }

    fn caller(&self) -> Caller {
        self.caller
    }
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("name", &self.caller.name())
            .field("state", &self.state())
            .field("mode", &self.mode())
            .field("settings", &self.settings.get())
            .finish()
    }
}
