//! Settings that can be replaced while the program runs.
//!
//! A layer's settings are a plain struct, written down by the code. Each of its
//! knobs may be overridden by a word laid over it; while none is, reading the
//! settings is one load and a reference to what the code wrote. Overridden, the
//! words are read under a version (a sequence lock), so that a call sees a set of
//! settings that stood together.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Mutex, PoisonError};

use super::knob::{Knob, Settings};
use super::setting::{Origin, Setting, SettingError, Value};
use crate::door::{Door, Opened};

/// More knobs than any layer has.
const MOST: usize = 12;
/// The word of a knob that is not overridden.
pub(super) const NONE: u64 = u64::MAX;

struct Overlay {
    any: AtomicBool,
    /// Odd while the words are being written.
    version: AtomicU64,
    words: [AtomicU64; MOST],
    writing: Mutex<()>,
}

impl Overlay {
    const fn new() -> Self {
        Self {
            any: AtomicBool::new(false),
            version: AtomicU64::new(0),
            words: [const { AtomicU64::new(NONE) }; MOST],
            writing: Mutex::new(()),
        }
    }

    fn read(&self) -> [u64; MOST] {
        loop {
            let before = self.version.load(Ordering::Acquire);
            let words = std::array::from_fn(|i| self.words[i].load(Ordering::Relaxed));
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == before {
                return words;
            }
            std::hint::spin_loop();
        }
    }

    /// Under the lock `writing`.
    fn write(&self, words: [u64; MOST]) {
        self.version.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::Release);
        for (cell, word) in self.words.iter().zip(words) {
            cell.store(word, Ordering::Relaxed);
        }
        self.version.fetch_add(1, Ordering::Release);
        self.any
            .store(words.iter().any(|&word| word != NONE), Ordering::Relaxed);
    }
}

/// Settings as the code wrote them, and what was laid over them since.
pub(crate) struct Live<S> {
    code: S,
    /// The knobs that the code works out anew for each call.
    per_call: &'static [&'static str],
    overlay: Door<Overlay>,
}

impl<S: Settings> Live<S> {
    pub(crate) const fn new(code: S) -> Self {
        assert!(S::KNOBS.len() <= MOST);
        Self {
            code,
            per_call: &[],
            overlay: Door::new(Overlay::new()),
        }
    }

    /// Names the knobs that the code works out for each call.
    pub(crate) const fn set_per_call(&mut self, knobs: &'static [&'static str]) {
        self.per_call = knobs;
    }

    pub(crate) const fn code(&self) -> &S {
        &self.code
    }

    /// The settings in force, over `code`, which is the struct's own or what a call made of it.
    #[inline]
    pub(crate) fn over(&self, code: S) -> S {
        let overlay = self.open();
        if overlay.any.load(Ordering::Relaxed) {
            lay(code, overlay.read())
        } else {
            code
        }
    }

    /// The settings in force.
    pub(crate) fn get(&self) -> S {
        self.over(self.code)
    }

    /// The settings in force, without a copy of what the code wrote.
    #[inline]
    pub(crate) fn with<R>(&self, read: impl FnOnce(&S) -> R) -> R {
        let overlay = self.open();
        if overlay.any.load(Ordering::Relaxed) {
            read(&lay(self.code, overlay.read()))
        } else {
            read(&self.code)
        }
    }

    pub(crate) fn list(&self) -> Vec<Setting> {
        let words = self.open().read();
        S::KNOBS
            .iter()
            .zip(words)
            .map(|(knob, word)| {
                let overridden = word != NONE;
                let word = match overridden {
                    true => Some(word),
                    false if self.per_call.contains(&knob.name) => None,
                    false => (knob.get)(&self.code),
                };
                Setting {
                    knob: knob.name,
                    value: word.and_then(|word| knob.unit.to_value(word)),
                    origin: if overridden {
                        Origin::Handle
                    } else {
                        Origin::Code
                    },
                }
            })
            .collect()
    }

    pub(crate) fn set(&self, name: &str, value: Value) -> Result<(), SettingError> {
        self.change(name, |knob| {
            let takes = knob.unit.takes();
            knob.unit.to_word(value).ok_or(SettingError::BadValue {
                knob: knob.name,
                takes,
            })
        })
    }

    pub(crate) fn unset(&self, name: &str) -> Result<(), SettingError> {
        self.change(name, |_| Ok(NONE))
    }

    fn change(
        &self,
        name: &str,
        word: impl FnOnce(&Knob<S>) -> Result<u64, SettingError>,
    ) -> Result<(), SettingError> {
        let place = S::KNOBS
            .iter()
            .position(|knob| knob.name == name)
            .ok_or_else(|| SettingError::UnknownKnob {
                knob: name.to_owned(),
                known: S::KNOBS.iter().map(|knob| knob.name).collect(),
            })?;
        let word = word(&S::KNOBS[place])?;

        let overlay = self.open();
        let _writing = overlay
            .writing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = overlay.read();
        let mut words = before;
        words[place] = word;
        if let Err(why) = lay(self.code, words).check()
            // What contradicted itself before is not this change's fault.
            && lay(self.code, before).check().is_ok()
        {
            return Err(SettingError::Contradiction(why));
        }
        overlay.write(words);
        Ok(())
    }

    fn open(&self) -> Opened<'_, Overlay> {
        self.overlay.open(Overlay::new)
    }
}

/// `settings` with what was laid over them.
#[cold]
fn lay<S: Settings>(mut settings: S, words: [u64; MOST]) -> S {
    for (knob, word) in S::KNOBS.iter().zip(words) {
        if word != NONE {
            (knob.put)(&mut settings, word);
        }
    }
    settings
}

impl<S: fmt::Debug> fmt::Debug for Live<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)
    }
}
