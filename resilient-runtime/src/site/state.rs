//! Layers that keep state: a circuit breaker, a rate limiter, a bulkhead, an adaptive limit.
//! Whose state a call goes to is answered here, once for all of them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::given::Given;
use super::tuning::{Chosen, Knobs, Layout, Misfit, Tuning};
use super::{
    Caller, Layer, LayerKind, Live, Reading, Setting, SettingError, Settings, Site, States, Switch,
    Value,
};
use crate::clock::{Nanos, nanos_of};
use crate::door::Opened;
use crate::error::{PolicyError, PolicyErrorKind};
use crate::event::{self, EventKind};
use crate::keyed::{Held, Key, Keyed, Tag};

/// A state that outlives the calls it decides over: [`CircuitBreaker`](crate::CircuitBreaker)
/// and its like. It is not for others to implement.
pub trait Stateful: fmt::Debug + Send + Sync + Sized + 'static {
    /// What there is one of for each key: the state without its settings and its name.
    #[doc(hidden)]
    type Core: Send + Sync + 'static;
    #[doc(hidden)]
    type Settings: Settings;
    #[doc(hidden)]
    const KIND: LayerKind;
    #[doc(hidden)]
    fn fresh(&self) -> Self::Core;
    #[doc(hidden)]
    fn core(&self) -> Opened<'_, Self::Core>;
    /// Whether a core can be forgotten: it is not in use, refuses nobody, and has refilled.
    #[doc(hidden)]
    fn is_idle(at: &Entry<'_, Self>, now: Instant) -> bool;
    /// Other settings will hold from now on: what happened until now did so by those that hold still.
    #[doc(hidden)]
    fn settings_change(_at: &Entry<'_, Self>) {}
    /// Other settings hold from now on: for who waits, too.
    #[doc(hidden)]
    fn settings_changed(_at: &Entry<'_, Self>) {}
    #[doc(hidden)]
    fn reading(at: &Entry<'_, Self>) -> Reading;
    #[doc(hidden)]
    fn live(&self) -> &Live<Self::Settings>;
    #[doc(hidden)]
    fn caller(&self) -> Caller;
}

impl<S: Stateful> Tuning for S {
    fn list(&self, _key: Option<&str>) -> Vec<Setting> {
        Knobs::list(self.live(), None)
    }

    fn set(&self, key: Option<&str>, knob: &str, value: Option<Value>) -> Result<(), SettingError> {
        if key.is_some() {
            return Err(SettingError::NoKeys);
        }
        let at = Entry::by_hand(self);
        S::settings_change(&at);
        Tuning::set(self.live(), None, knob, value)?;
        S::settings_changed(&at);
        Ok(())
    }

    fn choose(&self, knob: &str, given: Given<'_>) -> Result<Chosen, SettingError> {
        Knobs::choose(self.live(), knob, given)
    }

    fn would(&self, layout: &Layout) -> Result<Vec<Setting>, Misfit> {
        Tuning::would(self.live(), layout)
    }

    fn lay(&self, layout: &Layout) {
        S::settings_change(&Entry::by_hand(self));
        Tuning::lay(self.live(), layout);
    }

    fn laid(&self) {
        S::settings_changed(&Entry::by_hand(self));
    }
}

/// The layer of an annotated function over a state of its own, one for each key, one of the
/// `impl` that it stands in, or one that the function names.
pub struct StateLayer<S: Stateful> {
    site: &'static Site,
    switch: Switch,
    state: Whose<S>,
}

enum Whose<S: Stateful> {
    Own(S),
    OwnKeyed(Keyed<S>),
    Impl(&'static S),
    ImplKeyed(&'static Keyed<S>),
    /// Each call brings it.
    Shared,
}

impl<S: Stateful> StateLayer<S> {
    /// The layer with a state of its own.
    #[must_use]
    pub const fn with(site: &'static Site, state: S) -> Self {
        Self::of(site, Whose::Own(state))
    }

    /// The layer with a state of its own for each key.
    #[must_use]
    pub const fn with_keyed(site: &'static Site, states: Keyed<S>) -> Self {
        Self::of(site, Whose::OwnKeyed(states))
    }

    /// The layer of a function that names its state with `state = ..`.
    #[must_use]
    pub const fn shared(site: &'static Site) -> Self {
        Self::of(site, Whose::Shared)
    }

    /// The layer of a method over the state of its `impl`.
    #[must_use]
    pub const fn of_impl(site: &'static Site, state: &'static S) -> Self {
        Self::of(site, Whose::Impl(state))
    }

    /// The layer of a method over the states of its `impl`, one for each key.
    #[must_use]
    pub const fn of_impl_keyed(site: &'static Site, states: &'static Keyed<S>) -> Self {
        Self::of(site, Whose::ImplKeyed(states))
    }

    const fn of(site: &'static Site, state: Whose<S>) -> Self {
        Self {
            site,
            switch: Switch::new(),
            state,
        }
    }

    /// A call's way to the state of this layer.
    #[must_use]
    #[inline(always)]
    pub fn own(&'static self) -> Asked<'static, S> {
        self.asked(self.one(), |state| Handle {
            lasting: Some(state),
            ..Handle::new(state, None, Some(self.site))
        })
    }

    /// A call's way to the state of `key`.
    #[must_use]
    #[inline(always)]
    pub fn of_key(&'static self, key: Key<'_>) -> Asked<'static, S> {
        let states = match &self.state {
            Whose::OwnKeyed(states) => Some(states),
            Whose::ImplKeyed(states) => Some(*states),
            _ => None,
        };
        self.asked(states, |states| Handle {
            lasting: Some(states.template()),
            ..states.handle(key, Some(self.site))
        })
    }

    /// A call's way to the state that the function names. Its type is its own: what the layer
    /// holds is none.
    #[inline(always)]
    pub fn over<'a, T: Stateful>(&'static self, state: &'a T) -> Asked<'a, T> {
        self.asked(Some(state), |state| {
            Handle::new(state, None, Some(self.site))
        })
    }

    /// A call's way to the state of `key` among those that the function names.
    #[inline(always)]
    pub fn over_key<'a, T: Stateful>(
        &'static self,
        states: &'a Keyed<T>,
        key: Key<'_>,
    ) -> Asked<'a, T> {
        self.asked(Some(states), |states| states.handle(key, Some(self.site)))
    }

    #[inline(always)]
    fn asked<'a, R, T: Stateful>(
        &self,
        state: Option<R>,
        handle: impl FnOnce(R) -> Handle<'a, T>,
    ) -> Asked<'a, T> {
        Asked(state.filter(|_| self.switch.is_on()).map(handle))
    }

    #[inline(always)]
    fn one(&'static self) -> Option<&'static S> {
        match &self.state {
            // Almost all.
            Whose::Own(state) => Some(state),
            _ => self.of_its_impl(),
        }
    }

    #[cold]
    fn of_its_impl(&self) -> Option<&'static S> {
        match &self.state {
            Whose::Impl(state) => Some(*state),
            _ => None,
        }
    }

    #[inline(always)]
    fn entry_of<'a>(&self, state: &'a S) -> Entry<'a, S> {
        Entry {
            site: Some(self.site),
            ..Entry::by_hand(state)
        }
    }

    fn template(&self) -> Option<&S> {
        match &self.state {
            Whose::Own(state) => Some(state),
            Whose::Impl(state) => Some(state),
            Whose::OwnKeyed(states) => Some(states.template()),
            Whose::ImplKeyed(states) => Some(states.template()),
            Whose::Shared => None,
        }
    }
}

impl<S: Stateful> Layer for StateLayer<S> {
    fn kind(&self) -> LayerKind {
        S::KIND
    }

    fn switch(&self) -> &Switch {
        &self.switch
    }

    fn tuning(&self) -> Option<&dyn Tuning> {
        Some(match &self.state {
            Whose::Own(state) => state,
            Whose::Impl(state) => *state,
            Whose::OwnKeyed(states) => states,
            Whose::ImplKeyed(states) => *states,
            Whose::Shared => return None,
        })
    }

    fn states(&self) -> Option<&dyn States> {
        Some(match &self.state {
            Whose::Own(state) => state,
            Whose::Impl(state) => *state,
            Whose::OwnKeyed(states) => states,
            Whose::ImplKeyed(states) => *states,
            Whose::Shared => return None,
        })
    }
}

impl<S: Stateful> fmt::Debug for StateLayer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateLayer")
            .field("site", &self.site)
            .field("switch", &self.switch)
            .field("state", &self.template())
            .finish()
    }
}

/// What one call asks for.
///
/// Two words: so the compiler keeps it in registers. What it writes in parts and copies as a whole right after that
/// waits for the parts to arrive in memory.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// How many permits or places.
    pub(crate) cost: u32,
    /// In nanoseconds, or [`Self::AS_SET`].
    max_wait: Nanos,
}

impl Ask {
    /// As the settings say.
    const AS_SET: Nanos = Nanos::MAX;

    pub(crate) const ONE: Self = Self {
        cost: 1,
        max_wait: Self::AS_SET,
    };

    /// Nothing costs nothing.
    pub(crate) fn set_cost(&mut self, cost: u32) {
        self.cost = cost.max(1);
    }

    pub(crate) fn set_max_wait(&mut self, max_wait: Duration) {
        self.max_wait = nanos_of(max_wait).min(Self::AS_SET - 1);
    }

    /// In place of the settings' own.
    pub(crate) fn max_wait(self) -> Option<Duration> {
        (self.max_wait != Self::AS_SET).then_some(Duration::from_nanos(self.max_wait))
    }
}

/// What a call of an annotated function asks for, and where. Nothing where the layer is switched off.
#[derive(Debug)]
pub struct Asked<'a, S: Stateful>(Option<Handle<'a, S>>);

impl<S: Stateful> Asked<'_, S> {
    /// Asks for that many permits or places.
    #[must_use]
    #[inline(always)]
    pub fn cost(self, cost: u32) -> Self {
        Self(self.0.map(|handle| handle.cost(cost)))
    }

    /// Waits this long at the most, whatever the settings say.
    #[must_use]
    #[inline(always)]
    pub fn max_wait(self, max_wait: Duration) -> Self {
        Self(self.0.map(|handle| handle.max_wait(max_wait)))
    }

    /// No state at all.
    pub(crate) const fn nothing() -> Self {
        Self(None)
    }

    pub(crate) fn handle(&self) -> Option<&Handle<'_, S>> {
        self.0.as_ref()
    }
}

/// The state of one key. Made by [`Keyed::get`].
///
/// While it lives, the state of its key is in use and not forgotten.
pub struct Handle<'a, S: Stateful> {
    state: &'a S,
    /// The key's own core; without it the state's is meant.
    held: Option<Held<S::Core>>,
    site: Option<&'static Site>,
    ask: Ask,
    /// The state once more where it lives as long as the program.
    lasting: Option<&'static S>,
}

impl<'a, S: Stateful> Handle<'a, S> {
    #[inline(always)]
    pub(crate) fn new(
        state: &'a S,
        held: Option<Held<S::Core>>,
        site: Option<&'static Site>,
    ) -> Self {
        Self {
            state,
            held,
            site,
            ask: Ask::ONE,
            lasting: None,
        }
    }

    /// Asks for that many permits or places, at least one.
    #[must_use]
    #[inline(always)]
    pub fn cost(mut self, cost: u32) -> Self {
        self.ask.set_cost(cost);
        self
    }

    /// Waits this long at the most, whatever the settings say.
    #[must_use]
    #[inline(always)]
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.ask.set_max_wait(max_wait);
        self
    }

    #[inline]
    pub(crate) fn entry(&self) -> Entry<'_, S> {
        let (core, tag) = match &self.held {
            Some(held) => (Opened::of(held.core()), Some(held.tag())),
            None => (self.state.core(), None),
        };
        Entry {
            state: self.state,
            core,
            site: self.site,
            tag,
        }
    }
}

impl<S: Stateful> fmt::Debug for Handle<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("key", &self.held.as_ref().map(|held| held.tag().text()))
            .field("state", self.state)
            .finish_non_exhaustive()
    }
}

/// How a call finds its state when it is polled: by hand, by the layer of an annotated function, or by a key's
/// [`Handle`]. It is not for others to implement.
pub trait Way<'a, S: Stateful>: Copy {
    /// `None` where the layer is switched off.
    #[doc(hidden)]
    fn entry(self) -> Option<Entry<'a, S>>;
    /// The same for a call that was let in: what is switched off since is not so for it.
    #[doc(hidden)]
    fn inside(self) -> Option<Entry<'a, S>> {
        self.entry()
    }
    #[doc(hidden)]
    fn ask(self) -> Ask {
        Ask::ONE
    }
    /// The state in a form that may outlive the call, if it does itself.
    #[doc(hidden)]
    fn lasting(self) -> Option<Lasting<S>>;
}

/// By hand.
impl<'a, S: Stateful> Way<'a, S> for &'a S {
    #[inline(always)]
    fn entry(self) -> Option<Entry<'a, S>> {
        Some(Entry::by_hand(self))
    }

    fn lasting(self) -> Option<Lasting<S>> {
        None
    }
}

impl<S: Stateful> Way<'static, S> for &'static StateLayer<S> {
    #[inline(always)]
    fn entry(self) -> Option<Entry<'static, S>> {
        if self.switch.is_on() {
            self.inside()
        } else {
            None
        }
    }

    #[inline(always)]
    fn inside(self) -> Option<Entry<'static, S>> {
        self.one().map(|state| self.entry_of(state))
    }

    fn lasting(self) -> Option<Lasting<S>> {
        let state = self.one()?;
        Some(Lasting {
            state,
            core: LastingCore::Own(state.core()),
            caller: Caller::Site(self.site),
        })
    }
}

impl<'a, 'b: 'a, S: Stateful> Way<'a, S> for &'a Handle<'b, S> {
    #[inline(always)]
    fn entry(self) -> Option<Entry<'a, S>> {
        Some(Handle::entry(self))
    }

    #[inline(always)]
    fn ask(self) -> Ask {
        self.ask
    }

    fn lasting(self) -> Option<Lasting<S>> {
        let state = self.lasting?;
        let core = match &self.held {
            Some(held) => LastingCore::Key(held.clone()),
            None => LastingCore::Own(state.core()),
        };
        Some(Lasting {
            state,
            core,
            caller: Handle::entry(self).caller(),
        })
    }
}

/// Off where the layer was switched off when the call began.
impl<'a, 'b: 'a, S: Stateful> Way<'a, S> for &'a Asked<'b, S> {
    #[inline(always)]
    fn entry(self) -> Option<Entry<'a, S>> {
        self.handle().and_then(Way::entry)
    }

    #[inline(always)]
    fn ask(self) -> Ask {
        self.handle().map_or(Ask::ONE, Way::ask)
    }

    fn lasting(self) -> Option<Lasting<S>> {
        self.handle().and_then(Way::lasting)
    }
}

/// One call at the door of one state.
#[derive(Debug)]
pub struct Entry<'a, S: Stateful> {
    pub(crate) state: &'a S,
    pub(crate) core: Opened<'a, S::Core>,
    /// The annotated function that calls; without one the state answers for itself.
    pub(crate) site: Option<&'static Site>,
    /// Of the key, where the core is that of one.
    pub(crate) tag: Option<&'a Tag>,
}

impl<S: Stateful> Clone for Entry<'_, S> {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            core: self.core.clone(),
            ..*self
        }
    }
}

impl<'a, S: Stateful> Entry<'a, S> {
    #[inline(always)]
    pub(crate) fn by_hand(state: &'a S) -> Self {
        Self {
            state,
            core: state.core(),
            site: None,
            tag: None,
        }
    }

    #[inline(always)]
    pub(crate) fn caller(&self) -> Caller {
        self.site.map_or_else(|| self.state.caller(), Caller::Site)
    }

    /// The key as it is shown.
    pub(crate) fn key(&self) -> Option<&'a Arc<str>> {
        self.tag.and_then(Tag::text)
    }

    /// The settings in force here.
    #[inline(always)]
    pub(crate) fn settings<R>(&self, read: impl FnOnce(&S::Settings) -> R) -> R {
        let own = self.tag.and_then(Tag::own);
        self.state.live().with_own(own, read)
    }

    #[inline]
    pub(crate) fn emit(&self, kind: impl FnOnce() -> EventKind) {
        event::emit(self.caller(), self.key(), kind);
    }

    /// The call is refused: an event, and an error.
    #[inline(always)]
    pub(crate) fn refuse(&self, kind: PolicyErrorKind) -> PolicyError {
        self.emit(|| EventKind::Refused(kind));
        PolicyError::of_key(kind, self.caller().name(), self.key())
    }
}

/// A state that lives as long as the program, or as long as this.
pub struct Lasting<S: Stateful> {
    state: &'static S,
    core: LastingCore<S::Core>,
    pub(crate) caller: Caller,
}

enum LastingCore<C: 'static> {
    Own(Opened<'static, C>),
    Key(Held<C>),
}

impl<S: Stateful> fmt::Debug for Lasting<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lasting")
            .field("state", self.state)
            .finish_non_exhaustive()
    }
}

impl<S: Stateful> Clone for Lasting<S> {
    fn clone(&self) -> Self {
        Self {
            core: match &self.core {
                LastingCore::Own(core) => LastingCore::Own(core.clone()),
                LastingCore::Key(held) => LastingCore::Key(held.clone()),
            },
            ..*self
        }
    }
}

impl<S: Stateful> Lasting<S> {
    pub(crate) fn core(&self) -> &S::Core {
        match &self.core {
            LastingCore::Own(core) => core,
            LastingCore::Key(held) => held.core(),
        }
    }

    /// The settings in force here.
    pub(crate) fn settings<R>(&self, read: impl FnOnce(&S::Settings) -> R) -> R {
        let own = match &self.core {
            LastingCore::Own(_) => None,
            LastingCore::Key(held) => held.tag().own(),
        };
        self.state.live().with_own(own, read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_asked_for_as_it_was_said_up_to_the_longest() {
        let asked = |max_wait| {
            let mut ask = Ask::ONE;
            ask.set_max_wait(max_wait);
            ask.max_wait()
        };
        assert_eq!(Ask::ONE.max_wait(), None);
        for said in [
            Duration::ZERO,
            Duration::from_nanos(1),
            Duration::from_secs(1 << 33),
        ] {
            assert_eq!(asked(said), Some(said));
        }
        let longest = Duration::from_nanos(u64::MAX - 1);
        assert_eq!(asked(Duration::MAX), Some(longest));
    }
}
