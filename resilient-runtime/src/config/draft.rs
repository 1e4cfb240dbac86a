//! What a configuration says, gathered from all its sources before any of it holds.

use std::collections::{BTreeMap, HashMap};

use super::exactness::Exactness;
use super::mistake::{At, Mistake};
use super::notation::Notation;
use super::raw::Raw;
use super::refusal::refusal;
use crate::site::{Chosen, Layer, Origin, SettingError};

/// Who says something, how exactly, and where.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) origin: Origin,
    /// A later file goes over an earlier one, and within one the more exact name.
    pub(super) rank: (usize, Exactness),
    pub(super) notation: Notation,
    pub(super) at: At,
}

/// What is in force of all that is said of one thing.
#[derive(Debug)]
pub(super) struct Won<T> {
    pub(super) value: T,
    pub(super) said: Said,
    /// Who says otherwise with the same right.
    rival: Option<At>,
}

/// What can be said of the knobs of one layer: of all its calls or those of one key, by each source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    pub(super) key: Option<String>,
    pub(super) knob: &'static str,
    pub(super) origin: Origin,
}

pub(super) type Knobs = BTreeMap<Slot, Won<Chosen>>;
pub(super) type Switches = BTreeMap<Origin, Won<bool>>;

/// Layers are known by the addresses of their settings, which several may share, and of their switches.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) mistakes: Vec<Mistake>,
    pub(super) knobs: HashMap<usize, Knobs>,
    pub(super) switches: HashMap<usize, Switches>,
    pub(super) all: Switches,
}

pub(super) fn address<T: ?Sized>(of: &T) -> usize {
    std::ptr::from_ref(of).cast::<()>().addr()
}

impl Draft {
    /// Everything is switched off but the fallbacks, or on.
    pub(super) fn switch_all(&mut self, raw: &Raw, said: &Said) {
        if let Some(on) = self.flag(raw, said) {
            put(&mut self.all, said.origin, on, said);
        }
    }

    /// Some layers are switched off, or on.
    pub(super) fn switch(&mut self, layers: &[&'static dyn Layer], raw: &Raw, said: &Said) {
        let Some(on) = self.flag(raw, said) else {
            return;
        };
        for layer in layers {
            let switches = self.switches.entry(address(layer.switch()));
            put(switches.or_default(), said.origin, on, said);
        }
    }

    /// A knob of some layers of one kind is set, for one key or for all calls.
    pub(super) fn knob(
        &mut self,
        layers: &[&'static dyn Layer],
        key: Option<&str>,
        knob: &str,
        raw: &Raw,
        said: &Said,
    ) {
        let mut any = false;
        for tuning in layers.iter().filter_map(|layer| layer.tuning()) {
            any = true;
            match tuning.choose(knob, raw.given()) {
                Ok(chosen) => {
                    let slot = Slot {
                        key: key.map(str::to_owned),
                        knob: chosen.knob,
                        origin: said.origin,
                    };
                    let knobs = self.knobs.entry(address(tuning)).or_default();
                    put(knobs, slot, chosen, said);
                }
                // Layers of one kind have the same knobs, so the others would say the same.
                Err(error) => {
                    let message = refusal(&error, layers, key, said.notation);
                    return self.mistake(&said.at, message);
                }
            }
        }
        if !any {
            self.mistake(&said.at, SettingError::Shared.to_string());
        }
    }

    pub(super) fn mistake(&mut self, at: &At, message: impl Into<String>) {
        self.mistakes.push(at.mistake(message));
    }

    /// Two say different things with the same right.
    pub(super) fn rivals(&self) -> impl Iterator<Item = Mistake> {
        let knobs = self.knobs.values().flat_map(|knobs| knobs.values());
        let switches = self.switches.values().flat_map(|said| said.values());
        let knobs = knobs.filter_map(|won| rivalry(&won.said, won.rival.as_ref()));
        let switches = switches.chain(self.all.values());
        knobs.chain(switches.filter_map(|won| rivalry(&won.said, won.rival.as_ref())))
    }

    fn flag(&mut self, raw: &Raw, said: &Said) -> Option<bool> {
        let flag = raw.flag();
        if flag.is_none() {
            self.mistake(&said.at, "takes `true` or `false`");
        }
        flag
    }
}

fn put<K: Ord, T: PartialEq>(all: &mut BTreeMap<K, Won<T>>, key: K, value: T, said: &Said) {
    match all.get_mut(&key) {
        Some(before) if before.said.rank > said.rank => {}
        Some(before) if before.said.rank == said.rank => {
            if before.value != value {
                before.rival = Some(said.at.clone());
            }
        }
        _ => {
            let said = said.clone();
            let rival = None;
            all.insert(key, Won { value, said, rival });
        }
    }
}

fn rivalry(said: &Said, rival: Option<&At>) -> Option<Mistake> {
    let rival = rival?;
    let (earlier, later) = (rival.min(&said.at), rival.max(&said.at));
    Some(later.mistake(format!("{earlier} is as exact and says otherwise")))
}
