//! What the variables of the environment say.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::draft::{Draft, Said};
use super::exactness::Exactness;
use super::mistake::{At, Place};
use super::nearest::{listed, most_alike, nearest};
use super::notation::{Notation, variable_part};
use super::raw::Raw;
use super::scope::{Scope, budgets, no_such_layer};
use crate::site::LayerAddress;
use crate::site::{Layer, LayerKind, Origin, Site, registry};

const PREFIX: &str = "RESILIENT__";
const SHAPE: &str = "no such variable: they go `RESILIENT__RETRY__COUNT` for all functions, `RESILIENT__CALL_GET__RETRY__COUNT` \
                     for one, and `RESILIENT__ENABLED`";

/// The variables that are meant for a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Environment(BTreeMap<String, OsString>);

impl Environment {
    pub(super) fn of(variables: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let ours = variables.filter_map(|(name, value)| {
            let name = name.to_string_lossy();
            name.starts_with(PREFIX).then(|| (name.into_owned(), value))
        });
        Self(ours.collect())
    }

    pub(super) fn read(&self, draft: &mut Draft) {
        for (name, value) in &self.0 {
            let at = At::all_of(Place::Variable(name.clone()));
            if let Err(message) = variable(name, value, &at, draft) {
                draft.mistake(&at, message);
            }
        }
    }
}

fn variable(name: &str, value: &OsStr, at: &At, draft: &mut Draft) -> Result<(), String> {
    let Some(value) = value.to_str() else {
        return Err("its value is no UTF-8".to_owned());
    };
    let said = |exactness| Said {
        origin: Origin::Environment,
        rank: (0, exactness),
        notation: Notation::Environment,
        at: at.clone(),
    };
    let parts = name.strip_prefix(PREFIX).unwrap_or(name).to_uppercase();
    let parts: Vec<_> = parts.split("__").collect();
    let (function, layer, rest) = match *parts.as_slice() {
        ["ENABLED"] => {
            draft.switch_all(&flag(value), &said(Exactness::Name));
            return Ok(());
        }
        [one] if nearest(one, ["ENABLED"]).is_some() => {
            return Err(format!(
                "no such variable; the nearest is `{PREFIX}ENABLED`"
            ));
        }
        [function, layer, ref rest @ ..] if !rest.is_empty() && is_of_function(&parts) => {
            (Some(function), layer, rest)
        }
        [layer, ref rest @ ..] if rest.first().is_some_and(|part| layer_name(part).is_none()) => {
            (None, layer, rest)
        }
        _ => return Err(SHAPE.to_owned()),
    };
    let scope = match function {
        Some(function) => Scope::of_site(named(function)?),
        None => Scope::of("*")?,
    };
    let Some(layer) = layer_name(layer) else {
        let unknown = no_such_layer(layer, Notation::Environment);
        return Err(format!("`{layer}`: {unknown}"));
    };
    let layers = scope.layers(layer, Notation::Environment)?;
    let (layers, knob) = match *rest {
        ["KEYS", ..] | ["BUDGET", "KEYS", ..] => {
            return Err("what is said of single keys is said in a file only".to_owned());
        }
        ["BUDGET", knob] if layer.kind == LayerKind::Retry => (budgets(&layers)?, knob),
        [knob] => (layers, knob),
        _ => return Err(SHAPE.to_owned()),
    };
    say(draft, &layers, knob, value, &said(scope.exactness));
    Ok(())
}

fn say(draft: &mut Draft, layers: &[&'static dyn Layer], knob: &str, value: &str, said: &Said) {
    let knob = knob.to_lowercase();
    if knob == "enabled" {
        return draft.switch(layers, &flag(value), said);
    }
    let raw = match value.trim().parse() {
        Ok(count) if knob.ends_with("_ms") => Raw::Integer(count),
        _ => Raw::Text(value.to_owned()),
    };
    draft.knob(layers, None, &knob, &raw, said);
}

/// Whether the first part of a variable is a function and the second a layer, and not the first a layer.
fn is_of_function(parts: &[&str]) -> bool {
    match *parts {
        [_, second, ..] if layer_name(second).is_some() => true,
        [first, ..] => layer_name(first).is_none(),
        [] => false,
    }
}

fn layer_name(part: &str) -> Option<LayerAddress> {
    LayerAddress::parse(&part.to_lowercase(), '_')
}

/// The function that has this name in variables.
fn named(part: &str) -> Result<&'static Site, String> {
    let sites = || registry().sites().iter().copied();
    let named: Vec<_> = sites()
        .filter(|site| variable_part(site.name()) == part)
        .collect();
    match *named.as_slice() {
        [site] => Ok(site),
        [] => {
            let known = sites().map(|site| variable_part(site.name()));
            let nearest = most_alike(part, known, "_");
            let nearest = nearest.map(|name| format!("; the nearest is `{name}`"));
            let nearest = nearest.unwrap_or_default();
            Err(format!("no function is called `{part}`{nearest}"))
        }
        ref several => Err(format!(
            "`{part}` may be any of {}: say it in a file",
            listed(several.iter().map(|site| site.name()))
        )),
    }
}

fn flag(value: &str) -> Raw {
    let flag = value.trim().parse();
    flag.map_or_else(|_| Raw::Text(value.to_owned()), Raw::Flag)
}
