//! Which functions, and which of their layers, a part of a configuration is of.

use super::exactness::Exactness;
use super::nearest::{listed, most_alike, nearest};
use super::notation::{Notation, part};
use crate::pattern::matches;
use crate::site::{Layer, LayerAddress, LayerKind, Site, registry};

/// The functions that a name or a pattern means, at least one.
pub(super) struct Scope {
    name: String,
    pub(super) exactness: Exactness,
    sites: Vec<&'static Site>,
}

impl Scope {
    pub(super) fn of(name: &str) -> Result<Self, String> {
        let exactness = Exactness::of(name);
        let sites = registry().sites().iter().copied();
        let meant: Vec<_> = sites.filter(|site| matches(name, site.name())).collect();
        if meant.is_empty() {
            return Err(no_function(name, exactness));
        }
        Ok(Self {
            name: name.to_owned(),
            exactness,
            sites: meant,
        })
    }

    pub(super) fn of_site(site: &'static Site) -> Self {
        Self {
            name: site.name().to_owned(),
            exactness: Exactness::Name,
            sites: vec![site],
        }
    }

    /// Those layers of this name that the functions have, at least one.
    pub(super) fn layers(
        &self,
        name: LayerAddress,
        notation: Notation,
    ) -> Result<Vec<&'static dyn Layer>, String> {
        let found = self.sites.iter().filter_map(|site| site.addressed_by(name));
        let layers: Vec<_> = found.collect();
        if layers.is_empty() {
            return Err(self.no_layer(name, notation));
        }
        Ok(layers)
    }

    fn no_layer(&self, name: LayerAddress, notation: Notation) -> String {
        let mut there: Vec<String> = Vec::new();
        for known in self.sites.iter().flat_map(|site| site.addressed()) {
            let (known, _) = known;
            let known = notation.write(&known.to_string());
            if !there.contains(&known) {
                there.push(known);
            }
        }
        let (name, there) = (notation.write(&name.to_string()), listed(there));
        match (self.exactness, self.sites.as_slice()) {
            (Exactness::Name, _) => {
                format!("`{}` has no `{name}`: it has {there}", self.name)
            }
            (_, [site]) => format!("`{}` has no `{name}`: it has {there}", site.name()),
            (_, sites) => format!(
                "none of the {} functions has a `{name}`: they have {there}",
                sites.len()
            ),
        }
    }
}

fn no_function(name: &str, exactness: Exactness) -> String {
    let sites = registry().sites().iter();
    let nearest = most_alike(name, sites.map(|site| site.name()), "::");
    let nearest = nearest.map_or_else(String::new, |name| format!("; the nearest is `{name}`"));
    match exactness {
        Exactness::Name if LayerAddress::parse(name, '#').is_some() => {
            format!(
                "no function is called so; for all functions it goes `[\"*\".{}]`",
                part(name)
            )
        }
        Exactness::Name => format!("no function is called so{nearest}"),
        Exactness::Pattern(_) => format!("no function matches{nearest}"),
    }
}

/// The budgets of retries, at least one.
pub(super) fn budgets(retries: &[&'static dyn Layer]) -> Result<Vec<&'static dyn Layer>, String> {
    let budgets: Vec<_> = retries.iter().filter_map(|retry| retry.budget()).collect();
    if budgets.is_empty() {
        return Err(
            "there is none of its own here; which budget it is, is said in code only".into(),
        );
    }
    Ok(budgets)
}

/// What to say where there is no such layer anywhere.
pub(super) fn no_such_layer(text: &str, notation: Notation) -> String {
    let kinds = LayerKind::ALL.map(|kind| notation.write(kind.name()));
    match nearest(text, kinds.iter().map(String::as_str)) {
        Some(name) => format!("no such layer; the nearest is `{name}`"),
        None => format!("no such layer; there are {}", listed(kinds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_named_by_its_kind_and_its_number() {
        let name = |text, mark| LayerAddress::parse(text, mark).map(|name| (name.kind, name.nth));
        for (text, mark, nth) in [
            ("timeout", '#', 1),
            ("timeout#1", '#', 1),
            ("timeout#2", '#', 2),
            ("timeout_12", '_', 12),
        ] {
            assert_eq!(name(text, mark), Some((LayerKind::Timeout, nth)), "{text}");
        }
        assert_eq!(name("rate_limit", '_'), Some((LayerKind::RateLimit, 1)));
        assert_eq!(name("rate_limit_2", '_'), Some((LayerKind::RateLimit, 2)));
        for text in ["timeout#0", "timeout#", "timeout#+2", "timeout_2", "#2", ""] {
            assert_eq!(name(text, '#'), None, "{text}");
        }
    }
}
