//! One state for each key: a breaker for each host, a rate for each tenant.

mod key;
mod keys;
mod own;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::fmt::{self, Display};
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;

pub(crate) use self::key::is_whole;
pub use self::key::{Key, Shown, ViaDebug, ViaDisplay, ViaNothing};
pub(crate) use self::keys::Held;
use self::keys::Keys;
pub(crate) use self::own::Tag;
use crate::clock;
use crate::door::{Door, Opened};
use crate::event::{self, EventKind};
use crate::site::{
    Caller, Chosen, Configured, Entry, Given, Handle, KeyReading, Knobs, Layout, Misfit, Overlay,
    Setting, SettingError, Site, Stateful, Tuning, Value, changing,
};

/// One state for each value of a key: a breaker for each host, a rate for each tenant.
///
/// It is what `key = ..` makes of a layer, and can be handed to one with `state = ..`:
///
/// ```
/// use resilient_runtime::{CircuitBreaker, CircuitBreakerSettings, Failure, Keyed};
/// use std::io;
///
/// static HOSTS: Keyed<CircuitBreaker> = Keyed::new(CircuitBreaker::with(
///     CircuitBreakerSettings::new().consecutive_failures(2),
/// ));
///
/// async fn ask(host: &str) -> io::Result<u32> {
///     if host == "one.example" { Ok(7) } else { Err(io::ErrorKind::ConnectionReset.into()) }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// for host in ["two.example", "two.example"] {
///     let outcome = HOSTS.get(host).call(ask(host)).await;
///     assert!(matches!(outcome, Err(Failure::Error(_))));
/// }
/// let outcome = HOSTS.get("two.example").call(ask("two.example")).await;
/// assert!(matches!(outcome, Err(Failure::Policy(_))));
/// assert!(HOSTS.get("one.example").call(ask("one.example")).await.is_ok());
/// # }
/// ```
///
/// # Identity
///
/// A key is known by a 128-bit hash (SipHash-1-3) under a random secret of the process. It is
/// shown by its `Display`, at most its first 64 bytes, in errors and events.
///
/// # Bounds
///
/// At most [`max_keys`](Self::max_keys) are kept, 10 000 unless told otherwise. For a new one, the
/// idle one that was used longest ago is forgotten (among more than some dozens, one that was used
/// long ago). A state is never forgotten while a call holds it, while it refuses (a breaker that is
/// open or half-open, as it stays until its key comes again), or before it has refilled (a rate
/// limiter). What else it knew goes with it: a breaker's counts, the height that an adaptive limit
/// had found. If none can go, new keys share one more state, and
/// [`KeysExhausted`](crate::EventKind::KeysExhausted) tells of it.
///
/// Beyond some ten thousand they are spread over several maps, of which one may be full before the
/// others are.
///
/// # Locks
///
/// A key that is known is found without a lock and without an allocation. A new one takes a
/// short lock.
pub struct Keyed<S: Stateful> {
    /// Has the settings and the name; its own state is for those for whom there is no place.
    template: S,
    most: NonZeroU32,
    keys: Door<Keys<S::Core>>,
}

static NOTHING: Configured = Configured::new();

const MOST: NonZeroU32 = NonZeroU32::new(10_000).unwrap();

impl<S: Stateful> Keyed<S> {
    /// States like `template`: with its settings and under its name.
    #[must_use]
    pub const fn new(template: S) -> Self {
        Self {
            template,
            most: MOST,
            keys: Door::new(Keys::new()),
        }
    }

    /// How many keys are kept, at least one.
    #[must_use]
    pub const fn max_keys(mut self, most: u32) -> Self {
        if let Some(most) = NonZeroU32::new(most) {
            self.most = most;
        }
        self
    }

    /// The state of `key`.
    ///
    /// It is in use, and not forgotten, as long as the handle lives.
    pub fn get<K: Hash + Display + ?Sized>(&self, key: &K) -> Handle<'_, S> {
        let text = || ViaDisplay::text(&&&Shown(key));
        self.handle(Key::new(key, &text), None)
    }

    /// The state of the key that is shown as `text`, if there is one: for operators, who have no more of a key
    /// than that. It looks at every key. One whose text was cut is not found.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Handle<'_, S>> {
        let held = self.keys().find(text)?;
        Some(Handle::new(&self.template, Some(held), None))
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The knobs, which all keys have in common.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        self.list(None)
    }

    /// Lays `value` over what the code says for `knob`, for all keys at once; their states stay.
    ///
    /// # Errors
    ///
    /// An unknown knob, a value that it does not take, or settings that would contradict
    /// each other, also those of one key alone. Nothing has changed then.
    pub fn set(&self, knob: &str, value: Value) -> Result<(), SettingError> {
        Tuning::set(self, None, knob, Some(value))
    }

    /// Goes back to what the code says for `knob`.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set).
    pub fn unset(&self, knob: &str) -> Result<(), SettingError> {
        Tuning::set(self, None, knob, None)
    }

    /// The knobs as they stand for one key, known by its text.
    #[must_use]
    pub fn settings_of(&self, key: &str) -> Vec<Setting> {
        self.list(Some(key))
    }

    /// Lays `value` over what all have for `knob`, for one key alone, known by its text as errors and events show
    /// it: whether it has come yet or not, and also after it was forgotten. A key that has neither `Display` nor `Debug`
    /// has no text, so what is said here reaches none such.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set), and for a text of more than 64 bytes, which is not kept in whole.
    ///
    /// ```
    /// use resilient_runtime::{Keyed, RateLimiter};
    ///
    /// static TENANTS: Keyed<RateLimiter> = Keyed::new(RateLimiter::per_second(10));
    ///
    /// TENANTS.set_for("large", "per_second", 500.into())?;
    /// assert_eq!(TENANTS.get("large").snapshot().available, 500);
    /// assert_eq!(TENANTS.get("small").snapshot().available, 10);
    /// # Ok::<_, resilient_runtime::SettingError>(())
    /// ```
    pub fn set_for(&self, key: &str, knob: &str, value: Value) -> Result<(), SettingError> {
        Tuning::set(self, Some(key), knob, Some(value))
    }

    /// Goes back to what all have for `knob`.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set).
    pub fn unset_for(&self, key: &str, knob: &str) -> Result<(), SettingError> {
        Tuning::set(self, Some(key), knob, None)
    }

    /// What all keys have in common.
    pub(crate) const fn template(&self) -> &S {
        &self.template
    }

    /// Of the template's own state where there is no place for the key.
    #[inline(always)]
    pub(crate) fn handle(&self, key: Key<'_>, site: Option<&'static Site>) -> Handle<'_, S> {
        let held = self.keys().hold(
            key,
            self.most.get() as usize,
            || self.template.fresh(),
            |core, tag, now| S::is_idle(&self.entry(core, tag), now),
        );
        if held.is_none() {
            let caller = site.map_or_else(|| self.template.caller(), Caller::Site);
            self.exhausted(key, caller);
        }
        Handle::new(&self.template, held, site)
    }

    #[cold]
    #[inline(never)]
    fn exhausted(&self, key: Key<'_>, caller: Caller) {
        if event::is_heard() {
            let max_keys = self.most.get();
            let exhausted = || EventKind::KeysExhausted { max_keys };
            event::emit(caller, key.text().as_ref(), exhausted);
        }
    }

    pub(crate) fn readings(&self) -> Vec<KeyReading> {
        let now = clock::now();
        let mut readings = Vec::new();
        self.keys().for_each(|core, tag| {
            let at = self.entry(core, tag);
            readings.push(KeyReading {
                key: tag.text().cloned(),
                reading: S::reading(&at),
                is_busy: !S::is_idle(&at, now),
            });
        });
        readings
    }

    fn entry<'a>(&'a self, core: &'a S::Core, tag: &'a Tag) -> Entry<'a, S> {
        Entry {
            core: Opened::of(core),
            tag: Some(tag),
            ..Entry::by_hand(&self.template)
        }
    }

    /// The keys of which a configuration says something, or said so before.
    fn laid_out<'l>(&self, layout: &'l Layout) -> Vec<(Arc<str>, &'l Configured)> {
        let named = layout.keys.iter();
        let mut keys: Vec<_> = named
            .map(|(key, configured)| (Arc::from(&**key), configured))
            .collect();
        let others = self.keys().own().all().into_iter();
        keys.extend(
            others
                .filter(|(key, _)| !layout.keys.contains_key(&**key))
                .map(|(key, _)| (key, &NOTHING)),
        );
        keys
    }

    /// The settings and nothing else, one change at a time.
    fn set_alone(
        &self,
        key: Option<&str>,
        knob: &str,
        value: Option<Value>,
    ) -> Result<(), SettingError> {
        let _changing = changing();
        let live = self.template.live();
        let set = match key {
            None => {
                let all = self.keys().own().all().into_iter();
                let own: Vec<_> = all.map(|(_, own)| own).collect();
                live.set_all(&own, knob, value)
            }
            Some(key) if !is_whole(key) => Err(SettingError::KeyTooLong),
            Some(key) => self.change_own(key, |own| live.set_own(own, knob, value)),
        };
        self.keys().own().tidy();
        set
    }

    /// Changes what is laid over one key alone. Whoever calls it holds on to `changing`.
    fn change_own<E>(
        &self,
        key: &str,
        change: impl FnOnce(&Overlay) -> Result<(), E>,
    ) -> Result<(), E> {
        let keys = self.keys();
        let found = keys.own().find(key);
        let is_new = found.is_none();
        let own = found.unwrap_or_else(|| Arc::new(Overlay::new()));
        change(&own)?;
        if is_new && !own.is_bare() {
            keys.give(key, &own);
        }
        Ok(())
    }

    /// Every key, and the state for those for whom there is no place.
    fn for_each(&self, see: impl Fn(&Entry<'_, S>)) {
        see(&Entry::by_hand(&self.template));
        self.keys()
            .for_each(|core, tag| see(&self.entry(core, tag)));
    }

    fn keys(&self) -> Opened<'_, Keys<S::Core>> {
        self.keys.open(Keys::new)
    }
}

impl<S: Stateful> Tuning for Keyed<S> {
    fn list(&self, key: Option<&str>) -> Vec<Setting> {
        let own = key.and_then(|key| self.keys().own().find(key));
        Knobs::list(self.template.live(), own.as_deref())
    }

    fn set(&self, key: Option<&str>, knob: &str, value: Option<Value>) -> Result<(), SettingError> {
        self.for_each(S::settings_change);
        let set = self.set_alone(key, knob, value);
        self.for_each(S::settings_changed);
        set
    }

    fn choose(&self, knob: &str, given: Given<'_>) -> Result<Chosen, SettingError> {
        Knobs::choose(self.template.live(), knob, given)
    }

    fn has_keys(&self) -> bool {
        true
    }

    fn would(&self, layout: &Layout) -> Result<Vec<Setting>, Misfit> {
        let live = self.template.live();
        let would = Knobs::would(live, None, &layout.all, &NOTHING);
        let would = would.map_err(Misfit::of_all)?;
        for (key, configured) in self.laid_out(layout) {
            if !is_whole(&key) {
                return Err(Misfit::of_key(&key, SettingError::KeyTooLong));
            }
            let own = self.keys().own().find(&key);
            let would = Knobs::would(live, own.as_deref(), &layout.all, configured);
            would.map_err(|why| Misfit::of_key(&key, why))?;
        }
        Ok(would)
    }

    fn lay(&self, layout: &Layout) {
        let live = self.template.live();
        self.for_each(S::settings_change);
        Knobs::lay(live, None, &layout.all);
        for (key, configured) in self.laid_out(layout) {
            let laid: Result<(), Infallible> = self.change_own(&key, |own| {
                Knobs::lay(live, Some(own), configured);
                Ok(())
            });
            let Ok(()) = laid;
        }
        self.keys().own().tidy();
    }

    fn laid(&self) {
        self.for_each(S::settings_changed);
    }
}

impl<S: Stateful> fmt::Debug for Keyed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("template", &self.template)
            .field("max_keys", &self.most)
            .field("len", &self.len())
            .finish()
    }
}
