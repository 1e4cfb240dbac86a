//! Bulkhead: so many calls at a time, and a bounded queue for the others.

mod call;
mod enter;
mod layer;
mod permit;
mod settings;

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use tokio::time::Instant;

pub use call::BulkheadCall;
pub use layer::BulkheadLayer;
pub use permit::{BulkheadPermit, OwnedBulkheadPermit};
pub use settings::BulkheadSettings;

use self::enter::{queue, refusal};
use crate::door::{Door, Opened};
use crate::error::PolicyError;
use crate::gate::{self, Entering, Gate, Gated};
use crate::site::{
    Ask, Caller, Entry, LayerKind, Live, Reading, Setting, SettingError, Site, Stateful, Tuning,
    Value,
};
use crate::verdict::Failing;

/// A bulkhead: lets so many calls run at a time, so that one slow dependency, or one greedy
/// caller, cannot take all there is.
///
/// It is the state of `#[bulkhead]`, which makes one for each function; a `static` or a
/// field handed in with `state = ..` is shared by all that name it.
///
/// ```
/// use resilient_runtime::{Bulkhead, BulkheadSettings, Failure, PolicyErrorKind};
/// use std::io;
///
/// static DUMPS: Bulkhead = Bulkhead::with(BulkheadSettings::new().max_concurrent(1)).named("dumps");
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let place = DUMPS.try_acquire().expect("the only place");
/// let outcome = DUMPS.call(async { Ok::<_, io::Error>("a dump") }).await;
/// let Err(Failure::Policy(refusal)) = outcome else { unreachable!() };
/// assert_eq!(refusal.kind(), PolicyErrorKind::BulkheadFull);
///
/// drop(place);
/// assert!(DUMPS.call(async { Ok::<_, io::Error>("a dump") }).await.is_ok());
/// # }
/// ```
///
/// # Fairness
///
/// First come, first served: while a call waits, none overtakes it, also if it needs more
/// places than are free and those behind it would do with fewer. A call that costs more
/// than there are places is refused at once.
///
/// # Locks
///
/// While nobody waits, coming and going is one atomic exchange each. The queue is behind
/// a short lock.
pub struct Bulkhead {
    settings: Live<BulkheadSettings>,
    gate: Door<Gate>,
    /// Who is meant where no annotated function asks.
    caller: Caller,
}

impl Bulkhead {
    /// So many at a time, and nobody waits.
    #[must_use]
    pub const fn new(max_concurrent: u32) -> Self {
        Self::with(BulkheadSettings::new().max_concurrent(max_concurrent))
    }

    /// A bulkhead with settings of its own.
    #[must_use]
    pub const fn with(settings: BulkheadSettings) -> Self {
        Self {
            settings: Live::new(settings),
            gate: Door::new(Gate::new()),
            caller: Caller::Named("bulkhead"),
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

    /// Makes a call when there is a place for it; waits for one as the settings say, and
    /// is refused with [`BulkheadFull`](crate::PolicyErrorKind::BulkheadFull) otherwise.
    ///
    /// It asks when it is first polled. The place is free again before the outcome is
    /// returned.
    ///
    /// # Cancel safety
    ///
    /// Dropped in the queue, it leaves it and the call never begins. Dropped later, it
    /// drops the call and then gives the place back.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled, if it waits and `max_wait` is set.
    pub fn call<F, T, X>(&self, future: F) -> BulkheadCall<'_, F>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        BulkheadCall::new(self, future)
    }

    /// Takes a place if one is free and nobody waits for it.
    ///
    /// # Errors
    ///
    /// [`BulkheadFull`](crate::PolicyErrorKind::BulkheadFull).
    pub fn try_acquire(&self) -> Result<BulkheadPermit<'_>, PolicyError> {
        Self::try_enter(Entry::by_hand(self), Ask::ONE)
    }

    /// Takes a place, and waits for one as the settings say.
    ///
    /// # Errors
    ///
    /// [`BulkheadFull`](crate::PolicyErrorKind::BulkheadFull) if the queue is full too, or
    /// `max_wait` is over.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves the queue; whoever asks again stands at its end.
    ///
    /// # Panics
    ///
    /// As [`call`](Self::call).
    pub async fn acquire(&self) -> Result<BulkheadPermit<'_>, PolicyError> {
        Self::enter(Entry::by_hand(self), Ask::ONE).await
    }

    /// [`try_acquire`](Self::try_acquire) with a place that keeps the bulkhead alive, and
    /// so can go anywhere.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedBulkheadPermit, PolicyError> {
        self.try_acquire().map(|permit| permit.owned(&self))
    }

    /// [`acquire`](Self::acquire) with a place that keeps the bulkhead alive, and so can
    /// go anywhere: with a stream, or into a task.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Panics
    ///
    /// As [`call`](Self::call).
    pub async fn acquire_owned(self: Arc<Self>) -> Result<OwnedBulkheadPermit, PolicyError> {
        self.acquire().await.map(|permit| permit.owned(&self))
    }

    /// The places that are taken.
    #[must_use]
    pub fn in_use(&self) -> u32 {
        self.core().in_use()
    }

    /// The calls that wait for a place.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.core().waiting()
    }

    /// Its knobs.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        Tuning::list(self, None)
    }

    /// Lays `value` over what the code says for `knob`.
    ///
    /// More places are given to those who wait at once. With fewer, no call under way is
    /// touched, and none begins until enough have ended; one that waits and costs more
    /// than there are places now is refused.
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
    /// An unknown knob.
    pub fn unset(&self, knob: &str) -> Result<(), SettingError> {
        Tuning::set(self, None, knob, None)
    }

    fn try_enter(entry: Entry<'_, Self>, ask: Ask) -> Result<BulkheadPermit<'_>, PolicyError> {
        gate::try_enter(entry, ask.cost)
            .map(BulkheadPermit::new)
            .map_err(refusal)
    }

    async fn enter(entry: Entry<'_, Self>, ask: Ask) -> Result<BulkheadPermit<'_>, PolicyError> {
        let mut entry = Some(entry);
        let mut waiting = None;
        let places = poll_fn(|cx| {
            if let Some(entry) = entry.take() {
                let entry = match gate::try_enter(entry, ask.cost) {
                    Ok(places) => return Poll::Ready(Ok(places)),
                    Err(entry) => entry,
                };
                match queue(entry, ask, cx) {
                    Entering::Inside(places) => return Poll::Ready(Ok(places)),
                    Entering::Refused(entry) => return Poll::Ready(Err(entry)),
                    Entering::Waits(waits) => waiting = Some(waits),
                }
            }
            waiting
                .as_mut()
                .map_or(Poll::Pending, |waits| waits.poll(cx))
        });
        places.await.map(BulkheadPermit::new).map_err(refusal)
    }
}

impl Stateful for Bulkhead {
    type Core = Gate;
    type Settings = BulkheadSettings;

    const KIND: LayerKind = LayerKind::Bulkhead;

    fn fresh(&self) -> Gate {
        Gate::new()
    }

    #[inline]
    fn core(&self) -> Opened<'_, Gate> {
        self.gate.open(Gate::new)
    }

    fn is_idle(at: &Entry<'_, Self>, _now: Instant) -> bool {
        at.core.is_idle()
    }

    fn settings_changed(at: &Entry<'_, Self>) {
        at.core.limit_changed(|| Gated::limit(at));
    }

    fn reading(at: &Entry<'_, Self>) -> Reading {
        Reading::Places {
            in_use: at.core.in_use(),
            limit: Gated::limit(at),
            waiting: at.core.waiting(),
        }
    }

    fn live(&self) -> &Live<BulkheadSettings> {
        &self.settings
    }

    fn caller(&self) -> Caller {
        self.caller
    }
}

impl Default for Bulkhead {
    /// Ten at a time.
    fn default() -> Self {
        Self::with(BulkheadSettings::new())
    }
}

impl fmt::Debug for Bulkhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulkhead")
            .field("name", &self.caller.name())
            .field("in_use", &self.in_use())
            .field("waiting", &self.waiting())
            .field("settings", &self.settings.get())
            .finish()
    }
}

#[cfg(test)]
mod tests;
