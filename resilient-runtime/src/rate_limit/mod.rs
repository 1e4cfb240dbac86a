//! Rate limit: so many calls in a time, whatever the number of callers.

mod core;
mod future;
mod layer;
mod live;
mod scale;
mod settings;
mod wait;

use std::fmt;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

pub use future::RateLimitCall;
pub use layer::RateLimitLayer;
pub use settings::RateLimiterSettings;

pub use self::core::RateLimiterSnapshot;

use self::core::Core;
use self::wait::Asking;
use crate::clock;
use crate::clock::nanos;
use crate::door::{Door, Opened};
use crate::error::PolicyError;
use crate::site::{
    Ask, Caller, Entry, LayerKind, Live, Reading, Setting, SettingError, Site, Stateful, Tuning,
    Value,
};
use crate::verdict::Failing;

/// A rate limiter: admits so many calls in a time, and refuses the others or lets them wait.
///
/// It is the state of `#[rate_limit]`, which makes one for each function; a `static` or a
/// field handed in with `state = ..` is shared by all that name it.
///
/// ```
/// use resilient_runtime::{Failure, PolicyErrorKind, RateLimiter, RateLimiterSettings};
/// use std::io;
/// use std::time::Duration;
///
/// static SEARCH: RateLimiter =
///     RateLimiter::with(RateLimiterSettings::per_second(10).burst(2)).named("search");
///
/// async fn search() -> io::Result<u32> {
///     Ok(7)
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// assert!(SEARCH.call(search()).await.is_ok());
/// assert!(SEARCH.call(search()).await.is_ok());
/// let Err(Failure::Policy(refusal)) = SEARCH.call(search()).await else { unreachable!() };
/// let retry_after = Duration::from_millis(100);
/// assert_eq!(refusal.kind(), PolicyErrorKind::RateLimited { retry_after });
///
/// // One that may wait gets the next permit.
/// assert!(SEARCH.call(search()).max_wait(retry_after).await.is_ok());
/// # }
/// ```
///
/// # The bound
///
/// No span of time t admits more than burst + rate × t, settings being as they are: the generic
/// cell rate algorithm (GCRA, ITU-T I.371), a leaky bucket that needs no timer. It counts in
/// fractions of a nanosecond in which nothing is rounded, at 3 a second as at 7 a minute;
/// only rates of more than 2^26 over the time in lowest terms (999 999 937 a second) are lower
/// than asked for, by less than one part in 10^7.
///
/// A call that waits begins when its timer fires, which is up to a millisecond late. The permits
/// that come meanwhile are kept up to `burst`; so with a burst of 1 those who wait are somewhat
/// slower than the rate.
///
/// # Fairness
///
/// First come, first served. A call that would have to wait longer than `max_wait`, or to the
/// deadline around it, is refused at once and takes nothing; the refusal says when the permits
/// will be there. So does one that costs more than `burst`: never. Who waits and is dropped gives its
/// place back, and those behind it move up. One that is due and that nobody polls is passed
/// over after 10 ms, and is first again when it is polled.
///
/// # Settings that change
///
/// The bucket stays as full as it was, in proportion. Those who wait are told their new time, and
/// are refused if it has become too late for them.
///
/// # Locks
///
/// While nobody waits, a call is admitted by one atomic exchange and refused by two loads. The queue is
/// behind a short lock.
pub struct RateLimiter {
    settings: Live<RateLimiterSettings>,
    core: Door<Core>,
    /// Who is meant where no annotated function asks.
    caller: Caller,
}

impl RateLimiter {
    /// So many permits a second, all of which may be taken at once, and nobody waits.
    #[must_use]
    pub const fn per_second(permits: u32) -> Self {
        Self::with(RateLimiterSettings::per_second(permits))
    }

    /// So many permits in each `per`, all of which may be taken at once, and nobody waits.
    #[must_use]
    pub const fn new(permits: u32, per: Duration) -> Self {
        Self::with(RateLimiterSettings::new(permits, per))
    }

    /// A limiter with settings of its own.
    #[must_use]
    pub const fn with(settings: RateLimiterSettings) -> Self {
        Self {
            settings: Live::new(settings),
            core: Door::new(Core::new(&settings.scale)),
            caller: Caller::Named("rate limit"),
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

    /// Makes a call when there is a permit for it; waits for one as the settings say, and
    /// is refused with [`RateLimited`](crate::PolicyErrorKind::RateLimited) otherwise.
    ///
    /// It asks when it is first polled. [`cost`](RateLimitCall::cost) and
    /// [`max_wait`](RateLimitCall::max_wait) are said on what this returns.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it takes nothing, and those behind it move up. Dropped later, it
    /// drops the call; the permit is used.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled, if it waits.
    pub fn call<F, T, X>(&self, future: F) -> RateLimitCall<'_, F>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        RateLimitCall::new(self, future)
    }

    /// Takes a permit if there is one that nobody waits for.
    ///
    /// # Errors
    ///
    /// [`RateLimited`](crate::PolicyErrorKind::RateLimited), with the time until there is one.
    pub fn try_acquire(&self) -> Result<(), PolicyError> {
        self.try_acquire_many(1)
    }

    /// Takes `cost` permits, at least one, if there are as many that nobody waits for.
    ///
    /// # Errors
    ///
    /// [`RateLimited`](crate::PolicyErrorKind::RateLimited), with the time until there are as many.
    pub fn try_acquire_many(&self, cost: u32) -> Result<(), PolicyError> {
        Self::take(Entry::by_hand(self), ask(cost))
    }

    /// Takes a permit, and waits for it as the settings say.
    ///
    /// # Errors
    ///
    /// [`RateLimited`](crate::PolicyErrorKind::RateLimited), with the time until there is one.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it takes nothing; whoever asks again stands at the end of the queue.
    ///
    /// # Panics
    ///
    /// As [`call`](Self::call).
    pub async fn acquire(&self) -> Result<(), PolicyError> {
        self.acquire_many(1).await
    }

    /// [`acquire`](Self::acquire) of `cost` permits, at least one.
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
    pub async fn acquire_many(&self, cost: u32) -> Result<(), PolicyError> {
        Self::wait(Entry::by_hand(self), ask(cost)).await
    }

    /// The permits that a call could take now.
    #[must_use]
    pub fn available(&self) -> u32 {
        self.snapshot().available
    }

    /// How it stands.
    #[must_use]
    pub fn snapshot(&self) -> RateLimiterSnapshot {
        Self::look(&Entry::by_hand(self))
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
    /// An unknown knob, a value that it does not take, or `per_second` beside `permits` and
    /// `per`. Nothing has changed then.
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

    fn take(entry: Entry<'_, Self>, ask: Ask) -> Result<(), PolicyError> {
        match Self::admit(entry, ask, clock::entry(), None) {
            Asking::Refused(refusal) => Err(refusal),
            _ => Ok(()),
        }
    }

    async fn wait(entry: Entry<'_, Self>, ask: Ask) -> Result<(), PolicyError> {
        let mut entry = Some(entry);
        let mut waiting = None;
        poll_fn(|cx| {
            if let Some(entry) = entry.take() {
                match Self::admit(entry, ask, clock::entry(), Some(cx)) {
                    Asking::Admitted => return Poll::Ready(Ok(())),
                    Asking::Refused(refusal) => return Poll::Ready(Err(refusal)),
                    Asking::Waits(waits) => waiting = Some(waits),
                }
            }
            waiting
                .as_mut()
                .map_or(Poll::Pending, |waits| waits.as_mut().poll(cx))
        })
        .await
    }

    fn look(at: &Entry<'_, Self>) -> RateLimiterSnapshot {
        let now = nanos(clock::now());
        at.settings(|settings| at.core.snapshot(&settings.scale, now))
    }
}

fn ask(cost: u32) -> Ask {
    let mut ask = Ask::ONE;
    ask.set_cost(cost);
    ask
}

impl Stateful for RateLimiter {
    type Core = Core;
    type Settings = RateLimiterSettings;

    const KIND: LayerKind = LayerKind::RateLimit;

    fn fresh(&self) -> Core {
        // Not by the settings in force, which stand behind a door of their own; a full one follows.
        Core::new(&self.settings.code().scale)
    }

    #[inline]
    fn core(&self) -> Opened<'_, Core> {
        self.core.open(|| self.fresh())
    }

    fn is_idle(at: &Entry<'_, Self>, now: Instant) -> bool {
        at.core.is_idle(nanos(now))
    }

    fn settings_changed(at: &Entry<'_, Self>) {
        let now = nanos(clock::now());
        at.settings(|settings| at.core.follow(&settings.scale, now));
    }

    fn reading(at: &Entry<'_, Self>) -> Reading {
        Reading::RateLimit(Self::look(at))
    }

    fn live(&self) -> &Live<RateLimiterSettings> {
        &self.settings
    }

    fn caller(&self) -> Caller {
        self.caller
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter")
            .field("name", &self.caller.name())
            .field("snapshot", &self.snapshot())
            .field("settings", &self.settings.get())
            .finish()
    }
}

#[cfg(test)]
mod tests;
