//! What a file says.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeFloat, DeInteger, DeString, DeTable, DeValue};

use super::draft::{Draft, Said};
use super::exactness::Exactness;
use super::mistake::{At, Place};
use super::nearest::nearest;
use super::notation::{Notation, part, quoted};
use super::raw::Raw;
use super::scope::{Scope, budgets, no_such_layer};
use crate::keyed::is_whole;
use crate::site::LayerAddress;
use crate::site::{Layer, LayerKind, Origin, SettingError};

/// Reads the text of the file that is the `nth` of its configuration.
pub(super) fn read(text: &str, path: &Path, nth: usize, draft: &mut Draft) {
    let mut file = File {
        text,
        path,
        nth,
        draft,
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = file.place(error.span());
        file.draft.mistake(&At::all_of(place), error.message());
    }
    // What the parser guessed of a file that is none is not worth a mistake.
    if errors.is_empty() {
        file.functions(table.get_ref());
    }
}

struct File<'a> {
    text: &'a str,
    path: &'a Path,
    nth: usize,
    draft: &'a mut Draft,
}

/// A table of a file: how it is called, and what it is of.
struct Section<'a> {
    heading: String,
    exactness: Exactness,
    layers: Vec<&'static dyn Layer>,
    of: Of<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Of<'a> {
    /// Retries, which may have a budget.
    Retry,
    /// Any other layers, or budgets.
    Others,
    /// One key of them.
    Key(&'a str),
}

type Key<'t> = Spanned<DeString<'t>>;

impl File<'_> {
    fn functions(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref();
            match value.get_ref() {
                DeValue::Table(layers) => self.function(key, layers),
                value if name == "enabled" => {
                    let said = self.said(Exactness::Name, self.at(key, name.to_string()));
                    self.draft.switch_all(&raw(value), &said);
                }
                _ => {
                    let message = match nearest(name, ["enabled"]) {
                        Some(_) => "no such switch; the nearest is `enabled`",
                        None => "here stand `enabled`, and a table for each function or pattern",
                    };
                    let at = self.at(key, name.to_string());
                    self.draft.mistake(&at, message);
                }
            }
        }
    }

    fn function(&mut self, key: &Key<'_>, table: &DeTable<'_>) {
        let heading = part(key.get_ref());
        let scope = match Scope::of(key.get_ref()) {
            Ok(scope) => scope,
            Err(message) => {
                let at = self.at(key, format!("[{heading}]"));
                return self.draft.mistake(&at, message);
            }
        };
        for (key, value) in table {
            let heading = format!("{heading}.{}", part(key.get_ref()));
            let at = self.at(key, format!("[{heading}]"));
            match layer(&scope, key.get_ref(), value.get_ref()) {
                Ok((of, layers, table)) => {
                    let section = Section {
                        heading,
                        exactness: scope.exactness,
                        layers,
                        of,
                    };
                    self.layer(&section, table);
                }
                Err(message) => self.draft.mistake(&at, message),
            }
        }
    }

    fn layer(&mut self, section: &Section<'_>, table: &DeTable<'_>) {
        for (key, value) in table {
            match (&**key.get_ref(), value.get_ref()) {
                ("enabled", value) => {
                    let said = self.said_of(section, key);
                    self.draft.switch(&section.layers, &raw(value), &said);
                }
                ("keys", DeValue::Table(keys)) => self.keys(section, key, keys),
                ("budget", DeValue::Table(table)) if section.of == Of::Retry => {
                    self.budget(section, key, table);
                }
                _ => self.knob(section, key, value),
            }
        }
    }

    fn budget(&mut self, retry: &Section<'_>, key: &Key<'_>, table: &DeTable<'_>) {
        let heading = format!("{}.budget", retry.heading);
        match budgets(&retry.layers) {
            Ok(layers) => {
                let section = Section {
                    heading,
                    exactness: retry.exactness,
                    layers,
                    of: Of::Others,
                };
                self.layer(&section, table);
            }
            Err(message) => {
                let at = self.at(key, format!("[{heading}]"));
                self.draft.mistake(&at, message);
            }
        }
    }

    fn keys(&mut self, section: &Section<'_>, key: &Key<'_>, keys: &DeTable<'_>) {
        let heading = format!("{}.keys", section.heading);
        let all = section.layers.iter().copied();
        let has_keys = |layer: &&'static dyn Layer| {
            let tuning = layer.tuning();
            tuning.is_some_and(|tuning| tuning.has_keys())
        };
        let layers: Vec<_> = all.filter(has_keys).collect();
        if layers.is_empty() {
            let at = self.at(key, format!("[{heading}]"));
            return self.draft.mistake(&at, SettingError::NoKeys.to_string());
        }
        for (key, value) in keys {
            let heading = format!("{heading}.{}", quoted(key.get_ref()));
            let DeValue::Table(table) = value.get_ref() else {
                let at = self.at(key, format!("[{heading}]"));
                self.draft.mistake(&at, TABLE);
                continue;
            };
            if !is_whole(key.get_ref()) {
                let at = self.at(key, format!("[{heading}]"));
                self.draft
                    .mistake(&at, SettingError::KeyTooLong.to_string());
                continue;
            }
            let section = Section {
                heading,
                exactness: section.exactness,
                layers: layers.clone(),
                of: Of::Key(key.get_ref()),
            };
            for (key, value) in table {
                self.knob(&section, key, value);
            }
        }
    }

    fn knob(&mut self, section: &Section<'_>, key: &Key<'_>, value: &Spanned<DeValue<'_>>) {
        let said = self.said_of(section, key);
        let of_key = match section.of {
            Of::Key(key) => Some(key),
            Of::Retry | Of::Others => None,
        };
        let (knob, raw) = (key.get_ref(), raw(value.get_ref()));
        self.draft.knob(&section.layers, of_key, knob, &raw, &said);
    }

    fn said_of(&self, section: &Section<'_>, key: &Key<'_>) -> Said {
        let subject = format!("[{}] {}", section.heading, part(key.get_ref()));
        self.said(section.exactness, self.at(key, subject))
    }

    fn said(&self, exactness: Exactness, at: At) -> Said {
        Said {
            origin: Origin::File,
            rank: (self.nth, exactness),
            notation: Notation::File,
            at,
        }
    }

    fn at(&self, key: &Key<'_>, subject: String) -> At {
        At {
            place: self.place(Some(key.span())),
            subject: Some(subject),
        }
    }

    fn place(&self, span: Option<Range<usize>>) -> Place {
        let path = self.path.to_owned();
        let before = span.and_then(|span| self.text.get(..span.start));
        let Some(before) = before else {
            return Place::WholeFile(path);
        };
        let line = before.rsplit('\n').next().unwrap_or(before);
        Place::File {
            path,
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }
}

const TABLE: &str = "takes a table of knobs";

/// What a table of a function says of one of its layers.
fn layer<'t>(
    scope: &Scope,
    name: &str,
    value: &'t DeValue<'t>,
) -> Result<(Of<'t>, Vec<&'static dyn Layer>, &'t DeTable<'t>), String> {
    let Some(layer) = LayerAddress::parse(name, '#') else {
        return Err(no_such_layer(name, Notation::File));
    };
    let layers = scope.layers(layer, Notation::File)?;
    let of = match layer.kind {
        LayerKind::Retry => Of::Retry,
        _ => Of::Others,
    };
    match value {
        DeValue::Table(table) => Ok((of, layers, table)),
        _ => Err(TABLE.to_owned()),
    }
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(count) => integer(count).map_or(Raw::Foreign, Raw::Integer),
        DeValue::Float(number) => float(number).map_or(Raw::Foreign, Raw::Number),
        DeValue::Boolean(flag) => Raw::Flag(*flag),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => Raw::Foreign,
    }
}

fn integer(count: &DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(count.as_str(), count.radix()).ok()
}

fn float(number: &DeFloat<'_>) -> Option<f64> {
    number.as_str().parse().ok()
}
