//! Retry budget: retries in proportion to what succeeds, whatever fails.

mod bucket;
mod layer;
mod settings;
#[cfg(test)]
mod tests;

use std::fmt;

use tokio::time::Instant;

pub use layer::Within;
pub use settings::RetryBudgetSettings;

use self::bucket::{Bucket, Terms};
use crate::clock::{self, nanos};
use crate::door::{Door, Opened};
use crate::site::{
    Caller, Entry, LayerKind, Live, Reading, Setting, SettingError, Site, Stateful, Tuning, Value,
};

/// A retry budget: a bucket of retries that successes fill.
///
/// Each `#[retry]` has one of its own; a `static` or a field handed in with `budget = ..` is shared by
/// all that name it. While calls fail now and then it changes nothing. In an outage it is spent, and
/// from then on there are no more retries than `ratio` for each success and `per_second`: callers cannot
/// multiply the load on what is already down. A retry that it refuses returns the error of the attempt
/// before, and is the event [`RetryStopped`](crate::EventKind::RetryStopped).
///
/// ```
/// use resilient_runtime::{Retry, RetryBudget};
/// use std::io;
///
/// static CACHE: RetryBudget = RetryBudget::strict().named("cache");
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let mut attempts = 0;
/// let outcome: io::Result<()> = Retry::new(20)
///     .constant()
///     .run(|| {
///         attempts += 1;
///         std::future::ready(Err(io::ErrorKind::ConnectionReset.into()))
///     })
///     .within(&CACHE)
///     .await;
/// assert!(outcome.is_err());
/// // The first, and ten of the bucket.
/// assert_eq!(attempts, 11);
/// # }
/// ```
///
/// # Cancel safety
///
/// A retry is paid for when its pause begins. A call that is dropped in the pause gives it back.
///
/// # Fairness
///
/// None: who asks first has it. A bucket has no queue.
///
/// # Source
///
/// The token bucket of gRPC's retry throttling (proposal A6) and of AWS's SDKs, with gRPC's ratio of
/// successes instead of a number of retries a second, which a fleet multiplies; and, unlike either, with
/// a drip, so that a process which calls once a minute can still try again.
pub struct RetryBudget {
    settings: Live<RetryBudgetSettings>,
    bucket: Door<Bucket>,
    caller: Caller,
}

impl RetryBudget {
    /// 100 retries at first and at most; a success brings a tenth of one, and so does a second.
    #[must_use]
    pub const fn new() -> Self {
        Self::with(RetryBudgetSettings::new())
    }

    /// The same with 10 retries: for a service that many processes call.
    #[must_use]
    pub const fn strict() -> Self {
        Self::with(RetryBudgetSettings::strict())
    }

    /// As the settings say.
    #[must_use]
    pub const fn with(settings: RetryBudgetSettings) -> Self {
        Self {
            settings: Live::new(settings),
            bucket: Door::new(Bucket::new()),
            caller: Caller::Named("retry budget"),
        }
    }

    /// What it is called.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.caller = Caller::Named(name);
        self
    }

    /// The one that belongs to an annotated function, also when it is held by hand.
    pub(crate) const fn of(mut self, site: &'static Site) -> Self {
        self.caller = Caller::Site(site);
        self
    }

    /// Takes a retry out, if there is one: for a loop that is no [`Retry`](crate::Retry). One that is not made after all
    /// is to be [put back](Self::put_back).
    #[must_use]
    pub fn try_withdraw(&self) -> bool {
        self.try_withdraw_at(clock::now())
    }

    /// With the clock as an argument.
    #[doc(hidden)]
    pub fn try_withdraw_at(&self, now: Instant) -> bool {
        Self::withdraw(&Entry::by_hand(self), now)
    }

    /// Puts in what a success earns.
    pub fn deposit(&self) {
        Self::earn(&Entry::by_hand(self));
    }

    /// Puts a retry back that was taken out and not made.
    pub fn put_back(&self) {
        self.core().put_back();
    }

    /// How many retries there are.
    #[must_use]
    pub fn tokens(&self) -> f64 {
        self.tokens_at(clock::now())
    }

    /// With the clock as an argument.
    #[doc(hidden)]
    pub fn tokens_at(&self, now: Instant) -> f64 {
        Self::count(&Entry::by_hand(self), now)
    }

    /// Its knobs.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        Tuning::list(self, None)
    }

    /// Lays `value` over what the code says for `knob`; what has been taken out stays out, but that one which becomes
    /// smaller owes no more than it holds.
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

    pub(crate) fn withdraw(at: &Entry<'_, Self>, now: Instant) -> bool {
        at.core.try_withdraw(at.terms(), nanos(now))
    }

    #[inline]
    pub(crate) fn earn(at: &Entry<'_, Self>) {
        // A copy, lest it has to lie in memory for a full bucket, too.
        at.core.deposit(|| at.clone().terms());
    }

    fn count(at: &Entry<'_, Self>, now: Instant) -> f64 {
        at.core.tokens(at.terms(), nanos(now))
    }
}

impl Entry<'_, RetryBudget> {
    fn terms(&self) -> Terms {
        self.settings(RetryBudgetSettings::terms)
    }
}

impl Stateful for RetryBudget {
    type Core = Bucket;
    type Settings = RetryBudgetSettings;

    const KIND: LayerKind = LayerKind::Retry;

    fn fresh(&self) -> Bucket {
        Bucket::new()
    }

    #[inline]
    fn core(&self) -> Opened<'_, Bucket> {
        self.bucket.open(Bucket::new)
    }

    fn is_idle(at: &Entry<'_, Self>, now: Instant) -> bool {
        at.core.is_full(at.terms(), nanos(now))
    }

    /// What came in until now came by the settings that held until now.
    fn settings_change(at: &Entry<'_, Self>) {
        let _ = Self::count(at, clock::now());
    }

    fn reading(at: &Entry<'_, Self>) -> Reading {
        Reading::Budget {
            tokens: Self::count(at, clock::now()),
            capacity: at.settings(RetryBudgetSettings::most),
        }
    }

    fn live(&self) -> &Live<RetryBudgetSettings> {
        &self.settings
    }

    fn caller(&self) -> Caller {
        self.caller
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBudget")
            .field("name", &self.caller.name())
            .field("settings", &self.settings.get())
            .field("bucket", &*self.core())
            .finish()
    }
}
