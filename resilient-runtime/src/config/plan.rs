//! From what is said to what holds: all of it is checked before any of it is laid.

use std::collections::HashSet;
use std::iter;
use std::time::Duration;

use super::Applied;
use super::draft::{Draft, Knobs, Said, Slot, Switches, address};
use super::exactness::Exactness;
use super::mistake::{At, ConfigError, Mistake};
use super::stack::{self, Standing};
use crate::health;
use crate::site::{Layer, Layout, Origin, Setting, Site, Tuning, Value, changing, registry};

impl Draft {
    /// Lays all that is said in place of what a configuration said before, or nothing.
    pub(super) fn apply(mut self) -> Result<Applied, ConfigError> {
        let changing = changing();
        self.mistakes.extend(self.rivals().collect::<Vec<_>>());
        // What is left when a part was refused may not fit together, but as a whole it would.
        if self.mistakes.is_empty() {
            self.mistakes = self.misfits();
        }
        if self.mistakes.is_empty() {
            self.mistakes = self.in_vain();
        }
        match ConfigError::of(std::mem::take(&mut self.mistakes)) {
            Some(error) => Err(error),
            None => {
                let (applied, laid) = self.lay();
                // Who is woken may change settings as well.
                drop(changing);
                laid.iter().for_each(|tuning| tuning.laid());
                health::changed();
                Ok(applied)
            }
        }
    }

    /// Settings of one layer that contradict each other.
    fn misfits(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut seen = HashSet::new();
        for (site, layer) in every_layer() {
            let Some((tuning, knobs)) = self.said_of(layer) else {
                continue;
            };
            if seen.insert(address(tuning))
                && let Err(misfit) = tuning.would(&layout(knobs, None))
                && let Some(said) = culprit(tuning, knobs)
            {
                let key = misfit.key.map(|key| format!(", for the key `{key}`"));
                let key = key.unwrap_or_default();
                let at = at_site(site, said);
                mistakes.push(said.at.mistake(format!("{}{key}{at}", misfit.why)));
            }
        }
        mistakes
    }

    /// Layers that would do nothing, and did something until now.
    fn in_vain(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for site in registry().sites() {
            let standing = |stands: &dyn Fn(&dyn Layer) -> Standing| -> Vec<_> {
                site.layers().iter().map(|layer| stands(*layer)).collect()
            };
            let before = stack::in_vain(&standing(&stands));
            for vain in stack::in_vain(&standing(&|layer| self.would_stand(layer))) {
                let was = |before: &stack::Vain| before.layer == vain.layer;
                if before.iter().any(was) {
                    continue;
                }
                let both = [vain.layer, vain.other];
                let layers = both.iter().filter_map(|at| site.layers().get(*at).copied());
                if let Some(at) = self.mover(layers) {
                    let message = format!("at `{}` this makes {}", site.name(), vain.why);
                    mistakes.push(at.mistake(message));
                }
            }
        }
        mistakes
    }

    fn would_stand(&self, layer: &dyn Layer) -> Standing {
        let configured = self.switches.get(&address(layer.switch())).and_then(last);
        let settings = layer.tuning().and_then(|tuning| {
            let knobs = self.knobs.get(&address(tuning));
            let layout = knobs.map_or_else(Layout::default, |knobs| layout(knobs, None));
            tuning.would(&layout).ok()
        });
        Standing {
            kind: layer.kind(),
            after: after(settings.unwrap_or_default()).filter(|_| layer.switch().would(configured)),
        }
    }

    /// What is said of the times of these layers, or else of their switches.
    fn mover<'l>(&self, layers: impl Iterator<Item = &'l dyn Layer> + Clone) -> Option<&At> {
        let times = layers.clone().filter_map(|layer| {
            let (_, knobs) = self.said_of(layer)?;
            let of_time = |slot: &&Slot| slot.knob == "after";
            let last = knobs.keys().rfind(of_time)?;
            knobs.get(last).map(|won| &won.said.at)
        });
        let switches = layers.filter_map(|layer| {
            let switches = self.switches.get(&address(layer.switch()))?;
            switches.values().next_back().map(|won| &won.said.at)
        });
        times.chain(switches).next()
    }

    /// What came of it, and where it was laid.
    fn lay(&self) -> (Applied, Vec<&'static dyn Tuning>) {
        let mut seen = HashSet::new();
        let mut laid = Vec::new();
        let mut functions = HashSet::new();
        for (site, layer) in every_layer() {
            let configured = self.switches.get(&address(layer.switch())).and_then(last);
            layer.switch().configure(configured);
            let said = self.said_of(layer);
            if configured.is_some() || said.is_some() {
                functions.insert(address(site));
            }
            let Some(tuning) = layer.tuning() else {
                continue;
            };
            if seen.insert(address(tuning)) {
                let layout = said.map(|(_, knobs)| layout(knobs, None));
                tuning.lay(&layout.unwrap_or_default());
                laid.push(tuning);
            }
        }
        registry().configure(last(&self.all));
        let knobs = self.knobs.iter().flat_map(|(tuning, knobs)| {
            let named = knobs.keys();
            named.map(move |slot| (tuning, &slot.key, slot.knob))
        });
        let switches = self.switches.len() + usize::from(!self.all.is_empty());
        let applied = Applied {
            settings: knobs.collect::<HashSet<_>>().len() + switches,
            functions: functions.len(),
        };
        (applied, laid)
    }

    fn said_of<'l>(&self, layer: &'l dyn Layer) -> Option<(&'l dyn Tuning, &Knobs)> {
        let tuning = layer.tuning()?;
        let knobs = self.knobs.get(&address(tuning))?;
        Some((tuning, knobs))
    }
}

/// The layers of all functions, and the budgets of the retries among them.
fn every_layer() -> impl Iterator<Item = (&'static Site, &'static dyn Layer)> {
    let layers = |site: &&'static Site| {
        let site = *site;
        let layers = site.layers().iter().copied();
        let all = layers.flat_map(|layer| iter::once(layer).chain(layer.budget()));
        all.map(move |layer| (site, layer))
    };
    registry().sites().iter().flat_map(layers)
}

fn last(said: &Switches) -> Option<(bool, Origin)> {
    let (origin, won) = said.last_key_value()?;
    Some((won.value, *origin))
}

fn layout(knobs: &Knobs, without: Option<&Slot>) -> Layout {
    let mut layout = Layout::default();
    for (slot, won) in knobs.iter().filter(|(slot, _)| Some(*slot) != without) {
        let configured = match &slot.key {
            Some(key) => layout.keys.entry(key.clone()).or_default(),
            None => &mut layout.all,
        };
        configured.push((won.value, slot.origin));
    }
    layout
}

/// Of settings that do not fit together, the one without which they do; the one that was written last if there are
/// several.
fn culprit<'k>(tuning: &dyn Tuning, knobs: &'k Knobs) -> Option<&'k Said> {
    let mut said: Vec<_> = knobs.iter().map(|(slot, won)| (slot, &won.said)).collect();
    said.sort_by(|(_, one), (_, other)| other.at.cmp(&one.at));
    let fits = |slot| tuning.would(&layout(knobs, Some(slot))).is_ok();
    let culprit = said.iter().find(|(slot, _)| fits(*slot));
    culprit.or(said.first()).map(|(_, said)| *said)
}

/// A pattern does not say which function it is about.
fn at_site(site: &'static Site, said: &Said) -> String {
    match said.rank {
        (_, Exactness::Name) => String::new(),
        (_, Exactness::Pattern(_)) => format!(", at `{}`", site.name()),
    }
}

fn stands(layer: &dyn Layer) -> Standing {
    let is_on = layer.is_enabled();
    Standing {
        kind: layer.kind(),
        after: after(layer.settings()).filter(|_| is_on),
    }
}

fn after(settings: Vec<Setting>) -> Option<Duration> {
    let after = settings.into_iter().find(|setting| setting.knob == "after");
    match after?.value? {
        Value::Duration(after) => Some(after),
        _ => None,
    }
}
