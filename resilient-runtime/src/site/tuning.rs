//! What can be read and changed of a layer's settings, whatever their type.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::given::Given;
use super::overlay::Overlay;
use super::setting::{Origin, Setting, SettingError, Value};
use super::{Live, Settings};

/// A value that a knob takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chosen {
    pub(crate) knob: &'static str,
    pub(crate) value: Value,
    /// The knob's place among those of its settings, and the value as its word.
    pub(super) place: usize,
    pub(super) word: u64,
}

/// What a configuration says of the knobs of one layer, or of one of its keys.
pub(crate) type Configured = Vec<(Chosen, Origin)>;

/// What a configuration says of one layer.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub(crate) all: Configured,
    pub(crate) keys: BTreeMap<String, Configured>,
}

/// Why a layout is not taken, and whether it is for what it says of one key.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "config"),
    expect(dead_code, reason = "a configuration reads it")
)]
pub struct Misfit {
    pub(crate) key: Option<String>,
    pub(crate) why: SettingError,
}

/// The settings of a layer: for all its calls, or for those of one key, by the key's text.
pub trait Tuning {
    fn list(&self, key: Option<&str>) -> Vec<Setting>;

    /// By hand; `None` goes back to what is beneath.
    fn set(&self, key: Option<&str>, knob: &str, value: Option<Value>) -> Result<(), SettingError>;

    /// What somebody wrote down for a knob, who may have said it in another unit.
    fn choose(&self, knob: &str, given: Given<'_>) -> Result<Chosen, SettingError>;

    /// Whether single keys can be set.
    fn has_keys(&self) -> bool {
        false
    }

    /// The settings for all calls as they would stand.
    fn would(&self, layout: &Layout) -> Result<Vec<Setting>, Misfit>;

    /// Replaces what a configuration said before. Whoever calls it has asked [`would`](Self::would), and
    /// holds on to [`changing`], until it has laid all and then calls [`laid`](Self::laid).
    fn lay(&self, layout: &Layout);

    /// Tells those who wait that other settings hold. They may change settings themselves as they are woken, so nobody
    /// holds on to [`changing`] here.
    fn laid(&self) {}
}

/// The knobs of one settings type: laid over all calls, or over `own` for one key.
pub(crate) trait Knobs {
    fn list(&self, own: Option<&Overlay>) -> Vec<Setting>;

    /// For all calls, which has to fit what is laid over those keys as well. Whoever calls it holds on to
    /// [`changing`].
    fn set_all(
        &self,
        keys: &[Arc<Overlay>],
        knob: &str,
        value: Option<Value>,
    ) -> Result<(), SettingError>;

    /// For one key. Whoever calls it holds on to [`changing`].
    fn set_own(&self, own: &Overlay, knob: &str, value: Option<Value>) -> Result<(), SettingError>;

    fn choose(&self, knob: &str, given: Given<'_>) -> Result<Chosen, SettingError>;

    fn would(
        &self,
        own: Option<&Overlay>,
        all: &Configured,
        key: &Configured,
    ) -> Result<Vec<Setting>, SettingError>;

    fn lay(&self, own: Option<&Overlay>, configured: &Configured);
}

/// Whoever changes settings, one at a time: what was found to fit together still does when it is laid.
pub(crate) fn changing() -> MutexGuard<'static, ()> {
    static CHANGING: Mutex<()> = Mutex::new(());
    CHANGING.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Misfit {
    pub(crate) fn of_all(why: SettingError) -> Self {
        Self { key: None, why }
    }

    pub(crate) fn of_key(key: &str, why: SettingError) -> Self {
        let key = Some(key.to_owned());
        Self { key, why }
    }
}

impl Layout {
    /// A layer without keys cannot be set for one.
    fn without_keys(&self) -> Result<(), Misfit> {
        let key = self.keys.keys().next();
        key.map_or(Ok(()), |key| Err(Misfit::of_key(key, SettingError::NoKeys)))
    }
}

impl<S: Settings> Tuning for Live<S> {
    fn list(&self, _key: Option<&str>) -> Vec<Setting> {
        Knobs::list(self, None)
    }

    fn set(&self, key: Option<&str>, knob: &str, value: Option<Value>) -> Result<(), SettingError> {
        match key {
            None => {
                let _changing = changing();
                self.set_all(&[], knob, value)
            }
            Some(_) => Err(SettingError::NoKeys),
        }
    }

    fn choose(&self, knob: &str, given: Given<'_>) -> Result<Chosen, SettingError> {
        Knobs::choose(self, knob, given)
    }

    fn would(&self, layout: &Layout) -> Result<Vec<Setting>, Misfit> {
        layout.without_keys()?;
        let would = Knobs::would(self, None, &layout.all, &Configured::new());
        would.map_err(Misfit::of_all)
    }

    fn lay(&self, layout: &Layout) {
        Knobs::lay(self, None, &layout.all);
    }
}

/// For a layer without knobs.
#[derive(Debug)]
pub(crate) struct NoKnobs {
    /// Settings are told from each other by where they are, and what has no size may be anywhere.
    _somewhere: u8,
}

pub(crate) static NO_KNOBS: NoKnobs = NoKnobs { _somewhere: 0 };

impl NoKnobs {
    fn unknown(knob: &str) -> SettingError {
        SettingError::UnknownKnob {
            knob: knob.to_owned(),
            known: Vec::new(),
        }
    }
}

impl Tuning for NoKnobs {
    fn list(&self, _key: Option<&str>) -> Vec<Setting> {
        Vec::new()
    }

    fn set(
        &self,
        _key: Option<&str>,
        knob: &str,
        _value: Option<Value>,
    ) -> Result<(), SettingError> {
        Err(Self::unknown(knob))
    }

    fn choose(&self, knob: &str, _given: Given<'_>) -> Result<Chosen, SettingError> {
        Err(Self::unknown(knob))
    }

    fn would(&self, layout: &Layout) -> Result<Vec<Setting>, Misfit> {
        layout.without_keys().map(|()| Vec::new())
    }

    fn lay(&self, _layout: &Layout) {}
}
