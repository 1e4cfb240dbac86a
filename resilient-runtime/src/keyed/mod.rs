//! One state for each key: a breaker for each host, a rate for each tenant.

mod key;
mod keys;
#[cfg(test)]
mod tests;

use std::fmt::{self, Display};
use std::hash::Hash;
use std::num::NonZeroU32;

pub use self::key::{Key, Shown, ViaDebug, ViaDisplay, ViaNothing};
pub(crate) use self::keys::Held;
use self::keys::Keys;
use crate::door::{Door, Opened};
use crate::event::{self, EventKind};
use crate::site::{Caller, Handle, Setting, SettingError, Stateful, Tuning, Value};

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
        self.handle(Key::new(key, &text), self.template.caller())
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
        self.list()
    }

    /// Lays `value` over what the code says for `knob`, for all keys at once; their states stay.
    ///
    /// # Errors
    ///
    /// An unknown knob, a value that it does not take, or settings that would contradict
    /// each other. Nothing has changed then.
    pub fn set(&self, knob: &str, value: Value) -> Result<(), SettingError> {
        Tuning::set(self, knob, value)
    }

    /// Goes back to what the code says for `knob`.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set).
    pub fn unset(&self, knob: &str) -> Result<(), SettingError> {
        Tuning::unset(self, knob)
    }

    /// What all keys have in common.
    pub(crate) const fn template(&self) -> &S {
        &self.template
    }

    /// Of the template's own state where there is no place for the key.
    pub(crate) fn handle(&self, key: Key<'_>, caller: Caller) -> Handle<'_, S> {
        let most = self.most.get();
        let held = self.keys().hold(
            key,
            most as usize,
            || self.template.fresh(),
            |core, now| self.template.is_idle(core, now),
        );
        if held.is_none() && event::is_heard() {
            let exhausted = || EventKind::KeysExhausted { max_keys: most };
            event::emit(caller, key.text().as_ref(), exhausted);
        }
        Handle::new(&self.template, held, caller)
    }

    fn settings_changed(&self) {
        let keys = self.keys();
        keys.for_each(|core| self.template.settings_changed(core));
    }

    fn keys(&self) -> Opened<'_, Keys<S::Core>> {
        self.keys.open(Keys::new)
    }
}

impl<S: Stateful> Tuning for Keyed<S> {
    fn list(&self) -> Vec<Setting> {
        self.template.list()
    }

    fn set(&self, knob: &str, value: Value) -> Result<(), SettingError> {
        Tuning::set(&self.template, knob, value)?;
        self.settings_changed();
        Ok(())
    }

    fn unset(&self, knob: &str) -> Result<(), SettingError> {
        Tuning::unset(&self.template, knob)?;
        self.settings_changed();
        Ok(())
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
