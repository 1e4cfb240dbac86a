//! Settings that can be replaced while the program runs.
//!
//! A layer's settings are a plain struct, written down by the code. Each of its
//! knobs may be overridden by a word laid over it; while none is, reading the
//! settings is one load and a reference to what the code wrote.

use std::fmt;
use std::sync::Arc;

use super::given::Given;
use super::knob::{Knob, Settings, Unit};
use super::overlay::{Laid, MOST, NONE, NOTHING, Overlay, Words};
use super::setting::{Origin, Setting, SettingError, Value};
use super::tuning::{Chosen, Configured, Knobs};
use crate::door::{Door, Opened};

/// Settings as the code wrote them, and what was laid over them since.
pub struct Live<S> {
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
        match self.open().words() {
            Some(words) => lay(code, &words),
            None => code,
        }
    }

    /// Whether nothing is laid over what the code wrote.
    #[inline(always)]
    pub(crate) fn is_bare(&self) -> bool {
        self.open().is_bare()
    }

    /// The settings in force.
    pub(crate) fn get(&self) -> S {
        self.over(self.code)
    }

    /// The settings in force, without a copy of what the code wrote.
    #[inline]
    pub(crate) fn with<R>(&self, read: impl FnOnce(&S) -> R) -> R {
        self.with_own(None, read)
    }

    /// The same for one key, which may have something laid over it alone.
    #[inline(always)]
    pub(crate) fn with_own<R>(&self, own: Option<&Overlay>, read: impl FnOnce(&S) -> R) -> R {
        let laid;
        let settings = if self.is_bare() && own.is_none_or(Overlay::is_bare) {
            &self.code
        } else {
            laid = self.laid(own);
            &laid
        };
        read(settings)
    }

    #[cold]
    fn laid(&self, own: Option<&Overlay>) -> S {
        match own.and_then(Overlay::words) {
            Some(own) => lay(self.get(), &own),
            None => self.get(),
        }
    }

    fn open(&self) -> Opened<'_, Overlay> {
        self.overlay.open(Overlay::new)
    }

    fn place(name: &str) -> Result<usize, SettingError> {
        let place = S::KNOBS.iter().position(|knob| knob.name == name);
        place.ok_or_else(|| SettingError::UnknownKnob {
            knob: name.to_owned(),
            known: S::KNOBS.iter().map(|knob| knob.name).collect(),
        })
    }

    /// The knob that is said in milliseconds by this name.
    fn in_milliseconds(name: &str) -> Option<&'static str> {
        let name = name.strip_suffix("_ms")?;
        let mut knobs = S::KNOBS.iter();
        let knob = knobs.find(|knob| knob.name == name && knob.unit.is_duration())?;
        Some(knob.name)
    }

    fn choice(
        name: &str,
        value: impl FnOnce(Unit) -> Option<Value>,
    ) -> Result<Chosen, SettingError> {
        let place = Self::place(name)?;
        let knob = &S::KNOBS[place];
        let chosen = value(knob.unit).and_then(|value| {
            let word = knob.unit.to_word(value)?;
            Some(Chosen {
                knob: knob.name,
                value,
                place,
                word,
            })
        });
        chosen.ok_or_else(|| SettingError::BadValue {
            knob: knob.name,
            takes: knob.unit.takes(),
        })
    }

    /// The place of a knob and the word for it, by hand.
    fn word(knob: &str, value: Option<Value>) -> Result<(usize, u64), SettingError> {
        match value {
            Some(value) => {
                let chosen = Self::choice(knob, |_| Some(value))?;
                Ok((chosen.place, chosen.word))
            }
            None => Ok((Self::place(knob)?, NONE)),
        }
    }

    /// What stands with `site` laid over what the code wrote, and `own` over that for one key.
    fn listed(&self, site: &Laid, own: Option<&Laid>) -> Vec<Setting> {
        let described = |(place, knob): (usize, &Knob<S>)| {
            let laid = own.and_then(|own| own.top(place)).or(site.top(place));
            let (word, origin) = match laid {
                Some((word, origin)) => (Some(word), origin),
                None if self.per_call.contains(&knob.name) => (None, Origin::Code),
                None => ((knob.get)(&self.code), Origin::Code),
            };
            Setting {
                knob: knob.name,
                value: word.and_then(|word| knob.unit.to_value(word)),
                origin,
            }
        };
        S::KNOBS.iter().enumerate().map(described).collect()
    }

    /// Of the words for all calls and those for one key.
    fn check(&self, before: [Words; 2], after: [Words; 2]) -> Result<(), SettingError> {
        let check = |words| self.lay_both(words).check(&is_laid::<S>(words));
        match check(after) {
            // What contradicted itself before is not this change's fault.
            Err(why) if check(before) != Err(why) => Err(SettingError::Contradiction(why)),
            _ => Ok(()),
        }
    }

    fn check_use(&self, configured: [Words; 2]) -> Result<(), SettingError> {
        let settings = self.lay_both(configured);
        let used = settings.check_use(&is_laid::<S>(configured));
        used.map_err(SettingError::Contradiction)
    }

    fn lay_both(&self, [site, own]: [Words; 2]) -> S {
        lay(lay(self.code, &site), &own)
    }
}

impl<S: Settings> Knobs for Live<S> {
    fn list(&self, own: Option<&Overlay>) -> Vec<Setting> {
        self.listed(&self.open().laid(), own.map(Overlay::laid).as_ref())
    }

    fn set_all(
        &self,
        keys: &[Arc<Overlay>],
        knob: &str,
        value: Option<Value>,
    ) -> Result<(), SettingError> {
        let (place, word) = Self::word(knob, value)?;
        self.open().change(|before| {
            let after = before.by_hand(place, word);
            let (was, is) = (before.words(), after.words());
            let all = [NOTHING].into_iter();
            for own in all.chain(keys.iter().map(|own| own.laid().words())) {
                self.check([was, own], [is, own])?;
            }
            Ok(after)
        })
    }

    fn set_own(&self, own: &Overlay, knob: &str, value: Option<Value>) -> Result<(), SettingError> {
        let (place, word) = Self::word(knob, value)?;
        let site = self.open().laid().words();
        own.change(|before| {
            let after = before.by_hand(place, word);
            self.check([site, before.words()], [site, after.words()])?;
            Ok(after)
        })
    }

    fn choose(&self, name: &str, given: Given<'_>) -> Result<Chosen, SettingError> {
        match (Self::in_milliseconds(name), given) {
            (None, given) => Self::choice(name, |unit| unit.read(given)),
            (Some(knob), Given::Integer(count)) => {
                Self::choice(knob, |unit| unit.read(Given::Milliseconds(count)))
            }
            (Some(knob), _) => Err(SettingError::BadValue {
                knob,
                takes: "a whole number of milliseconds".to_owned(),
            }),
        }
    }

    fn would(
        &self,
        own: Option<&Overlay>,
        site: &Configured,
        key: &Configured,
    ) -> Result<Vec<Setting>, SettingError> {
        let (site, key) = (Laid::of(site), Laid::of(key));
        let before = self.open().laid();
        let after = before.configured(&site);
        let own_before = own.map_or(Laid::NOTHING, Overlay::laid);
        let own_after = own_before.configured(&key);
        // By itself: what a handle says over it is not its fault.
        self.check_use([site.words(), key.words()])?;
        self.check(
            [before.words(), own_before.words()],
            [after.words(), own_after.words()],
        )?;
        Ok(self.listed(&after, Some(&own_after)))
    }

    fn lay(&self, own: Option<&Overlay>, configured: &Configured) {
        let configured = Laid::of(configured);
        let site = self.open();
        own.unwrap_or(&site).lay(&configured);
    }
}

/// `settings` with what was laid over them.
#[cold]
fn lay<S: Settings>(mut settings: S, words: &Words) -> S {
    for (knob, &word) in S::KNOBS.iter().zip(words) {
        if word != NONE {
            (knob.put)(&mut settings, word);
        }
    }
    settings
}

fn is_laid<S: Settings>(words: [Words; 2]) -> impl Fn(&str) -> bool {
    move |name| {
        let place = S::KNOBS.iter().position(|knob| knob.name == name);
        place.is_some_and(|place| words.iter().any(|words| words[place] != NONE))
    }
}

impl<S: fmt::Debug> fmt::Debug for Live<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)
    }
}
