//! Layers that are switched off.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use super::setting::Origin;
use crate::door::{Door, Opened};
use crate::health;

/// Whether a layer takes part, and whether it was switched off with all the others.
pub struct Switch(Door<Off>);

#[derive(Debug, Default)]
struct Off {
    why: AtomicU8,
    said: Mutex<Said>,
}

impl Off {
    const fn new() -> Self {
        Self {
            why: AtomicU8::new(0),
            said: Mutex::new(Said::NOTHING),
        }
    }

    fn set(&self, bit: u8, on: bool) {
        if on {
            self.why.fetch_or(bit, Ordering::Relaxed);
        } else {
            self.why.fetch_and(!bit, Ordering::Relaxed);
        }
    }
}

/// Whether something is to take part, and who says so: a configuration, and over it a handle.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said {
    pub(super) configured: Option<(bool, Origin)>,
    pub(super) by_hand: Option<bool>,
}

impl Said {
    pub(super) const NOTHING: Self = Self {
        configured: None,
        by_hand: None,
    };

    /// Without anybody's word everything takes part.
    pub(super) fn last(self) -> (bool, Origin) {
        let by_hand = self.by_hand.map(|said| (said, Origin::Handle));
        by_hand.or(self.configured).unwrap_or((true, Origin::Code))
    }
}

impl Switch {
    const THIS: u8 = 1;
    const ALL: u8 = 2;

    pub(crate) const fn new() -> Self {
        Self(Door::new(Off::new()))
    }

    /// Whether the layer takes part in a call.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.why() == 0
    }

    /// Whether this layer itself is switched on, whatever the others are.
    pub(crate) fn is_enabled(&self) -> bool {
        self.why() & Self::THIS == 0
    }

    pub(crate) fn enabled_by(&self) -> Origin {
        let (_, origin) = self.said().last();
        origin
    }

    /// By hand; `None` takes the hand away.
    pub(crate) fn set_enabled(&self, enabled: Option<bool>) {
        if self.say(|said| said.by_hand = enabled) {
            health::changed();
        }
    }

    /// By a configuration, which tells whoever watches the health once it is through.
    #[cfg(feature = "config")]
    pub(crate) fn configure(&self, enabled: Option<(bool, Origin)>) {
        self.say(|said| said.configured = enabled);
    }

    /// Whether the layer itself would be switched on if a configuration said so.
    #[cfg(feature = "config")]
    pub(crate) fn would(&self, configured: Option<(bool, Origin)>) -> bool {
        let by_hand = self.said().by_hand;
        let (enabled, _) = Said {
            configured,
            by_hand,
        }
        .last();
        enabled
    }

    pub(crate) fn set_all_off(&self, off: bool) {
        self.open().set(Self::ALL, off);
    }

    fn said(&self) -> Said {
        let off = self.open();
        *off.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the layer is switched by it.
    fn say(&self, change: impl FnOnce(&mut Said)) -> bool {
        let off = self.open();
        let mut said = off.said.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.is_enabled();
        change(&mut said);
        let (enabled, _) = said.last();
        off.set(Self::THIS, !enabled);
        enabled != before
    }

    #[inline]
    fn why(&self) -> u8 {
        self.open().why.load(Ordering::Relaxed)
    }

    fn open(&self) -> Opened<'_, Off> {
        self.0.open(Off::new)
    }
}

impl fmt::Debug for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_on() { "on" } else { "off" })
    }
}
