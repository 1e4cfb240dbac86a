//! Hedging: another attempt beside one that takes long, and the first success counts.

mod attempts;
mod call;
mod core;
mod course;
mod latency;
mod layer;
mod saved;
mod settings;
mod traffic;

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

pub use call::HedgeCall;
pub use layer::HedgeLayer;
pub use settings::{Hedge, HedgeAfter};

use self::core::Core;
use crate::clock;
use crate::door::{Door, Opened};
use crate::site::{Caller, Live, Setting, SettingError, Site, Tuning, Value};
use crate::verdict::Failing;

/// Hedges calls: beside an attempt that takes longer than nearly all do, another is made, and the first success
/// counts. What hits one call and not another (a pause, a full queue, a slow machine) is cut off the tail of the
/// latencies, at the price of a few calls in a hundred.
///
/// It is the state of `#[hedge]`, and can be used by hand:
///
/// ```
/// use resilient_runtime::{Hedge, HedgeAfter, Hedger};
/// use std::cell::Cell;
/// use std::io;
/// use std::time::Duration;
///
/// static READS: Hedger =
///     Hedger::with(Hedge::new().after(HedgeAfter::Fixed(Duration::from_millis(20)))).named("reads");
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> io::Result<()> {
/// let replicas = Cell::new(0);
/// let answer = READS
///     .run(|| {
///         let replica = replicas.replace(replicas.get() + 1);
///         async move {
///             if replica == 0 {
///                 std::future::pending::<()>().await; // it hangs
///             }
///             Ok::<_, io::Error>(replica)
///         }
///     })
///     .await?;
/// assert_eq!(answer, 1);
/// # Ok(())
/// # }
/// ```
///
/// Hedge only what may run twice, and what another attempt may find elsewhere: a second request to the same busy
/// server makes it busier.
///
/// # What is measured
///
/// The time of each call's first attempt, if it succeeds. One that a hedge has overtaken, that is dropped with the
/// call, or that a time limit inside ends, counts as taking at least its age, once that is beyond the percentile: to
/// measure winners alone would take the delay down with each hedge, and more and more calls would be hedged. Other
/// errors are not measured.
///
/// A percentile rests on the last 250 to 500 calls, on ten times as many as there are beyond it where that is more,
/// and is exact to a sixteenth, upwards. Timers are exact to a millisecond.
///
/// # What it does not do
///
/// There are no more hedges than the budget allows; when all calls are slow, there is nothing to be gained and a
/// lot to be lost by doubling them. There is none either where the [deadline](crate::deadline) would come first, and
/// none while a circuit breaker around or inside is not closed; but one inside of a task that is spawned there is not
/// seen.
///
/// # Fairness and locks
///
/// All attempts of a call are polled when one of them is woken, each in turn the first. A call that needs no hedge
/// allocates nothing; its count and its measure are three atomic additions, and no lock is taken in any case.
///
/// # Source
///
/// Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013: the hedged request, deferred to the 95th percentile. The
/// budget is that of gRPC's retry throttling (proposal A6).
pub struct Hedger {
    settings: Live<Hedge>,
    core: Door<Core>,
    caller: Caller,
}

impl Hedger {
    /// With the default settings.
    #[must_use]
    pub const fn new() -> Self {
        Self::with(Hedge::new())
    }

    /// With settings of its own.
    #[must_use]
    pub const fn with(settings: Hedge) -> Self {
        Self {
            settings: Live::new(settings),
            core: Door::new(Core::new()),
            caller: Caller::Named("hedge"),
        }
    }

    /// What it is called in events where no annotated function asks.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.caller = Caller::Named(name);
        self
    }

    const fn of(mut self, site: &'static Site) -> Self {
        self.caller = Caller::Site(site);
        self
    }

    /// Runs what `make` makes, and makes it once more whenever it is time for a hedge. The first `Ok` is the
    /// outcome, and all others are dropped at once. An error is the outcome when no attempt runs any more, and then it
    /// is the last one; before there is a hedge, an error of the first attempt comes back at once.
    ///
    /// The time counts from the first poll.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops all its attempts.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled, once the first attempt is pending and may be hedged. A panic of an
    /// attempt goes on; the others are dropped.
    pub fn run<M, F, T, X>(&self, make: M) -> HedgeCall<'_, M, F>
    where
        M: Fn() -> F,
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        HedgeCall::new(Some(self), *self.settings.code(), make)
    }

    /// How long an attempt is waited for before a hedge is made. `None` while too few calls were measured.
    #[must_use]
    pub fn delay(&self) -> Option<Duration> {
        self.core().delay(&self.settings.get())
    }

    /// Its knobs.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        Tuning::list(&self.settings, None)
    }

    /// Lays `value` over what the code says for `knob`. It holds from the next call.
    ///
    /// # Errors
    ///
    /// An unknown knob, or a value that it does not take. Nothing has changed then.
    pub fn set(&self, knob: &str, value: Value) -> Result<(), SettingError> {
        Tuning::set(&self.settings, None, knob, Some(value))
    }

    /// Goes back to what the code says for `knob`.
    ///
    /// # Errors
    ///
    /// An unknown knob.
    pub fn unset(&self, knob: &str) -> Result<(), SettingError> {
        Tuning::set(&self.settings, None, knob, None)
    }

    fn tuning(&self) -> &dyn Tuning {
        &self.settings
    }

    #[inline]
    fn core(&self) -> Opened<'_, Core> {
        self.core.open(Core::new)
    }
}

/// What a call does, step by step, for simulations in a time of their own.
#[doc(hidden)]
impl Hedger {
    /// A call begins at that time.
    pub fn begin_at(&self, now: Instant) {
        self.core().begin(&self.settings.get(), clock::nanos(now));
    }

    /// It has waited for [`delay`](Self::delay): whether the budget has a hedge for it.
    #[must_use]
    pub fn try_hedge(&self) -> bool {
        self.core().try_hedge()
    }

    /// Its first attempt took this long and was a success.
    pub fn record(&self, latency: Duration) {
        self.core().record(&self.settings.get(), latency);
    }

    /// Its first attempt was given up at this age.
    pub fn record_at_least(&self, age: Duration) {
        self.core().record_at_least(&self.settings.get(), age);
    }
}

impl Default for Hedger {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Hedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hedger")
            .field("name", &self.caller.name())
            .field("settings", &self.settings.get())
            .field("delay", &self.delay())
            .finish()
    }
}

#[cfg(test)]
mod tests;
