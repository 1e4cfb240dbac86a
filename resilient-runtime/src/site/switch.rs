//! Layers that are switched off.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::door::{Door, Opened};

/// Whether a layer takes part, and whether it was switched off with all the others.
pub struct Switch(Door<AtomicU8>);

impl Switch {
    const THIS: u8 = 1;
    const ALL: u8 = 2;

    pub(crate) const fn new() -> Self {
        Self(Door::new(AtomicU8::new(0)))
    }

    /// Whether the layer takes part in a call.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.load() == 0
    }

    /// Whether this layer itself is switched on, whatever the others are.
    pub(crate) fn is_enabled(&self) -> bool {
        self.load() & Self::THIS == 0
    }

    pub(crate) fn set_enabled(&self, enabled: bool) {
        self.set(Self::THIS, !enabled);
    }

    pub(crate) fn set_all_off(&self, off: bool) {
        self.set(Self::ALL, off);
    }

    fn load(&self) -> u8 {
        self.open().load(Ordering::Relaxed)
    }

    fn set(&self, bit: u8, on: bool) {
        if on {
            self.open().fetch_or(bit, Ordering::Relaxed);
        } else {
            self.open().fetch_and(!bit, Ordering::Relaxed);
        }
    }

    fn open(&self) -> Opened<'_, AtomicU8> {
        self.0.open(|| AtomicU8::new(0))
    }
}

impl fmt::Debug for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_on() { "on" } else { "off" })
    }
}
