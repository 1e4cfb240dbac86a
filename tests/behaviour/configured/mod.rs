//! Configurations from files, for the tests of what they do.

// Each test binary takes what it needs.
#![allow(dead_code)]

use std::fs;

use resilient_runtime::config::{Applied, Config, ConfigError};
use resilient_runtime::{Layer, LayerKind, Origin, Setting, registry};
use tempfile::TempDir;

/// A folder with a `resilience.toml`.
pub(crate) struct File(TempDir);

impl File {
    pub(crate) fn of(text: impl AsRef<[u8]>) -> Self {
        let file = Self(tempfile::tempdir().unwrap());
        file.write(text);
        file
    }

    pub(crate) fn write(&self, text: impl AsRef<[u8]>) {
        fs::write(self.path(), text).unwrap();
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.0.path().join("resilience.toml")
    }

    pub(crate) fn config(&self) -> Config {
        Config::new().file(self.path())
    }

    /// Line by line, without the folder.
    pub(crate) fn said(&self, error: &ConfigError) -> Vec<String> {
        let folder = format!("{}/", self.0.path().display());
        let said = error.to_string().replace(&folder, "");
        said.lines().map(str::to_owned).collect()
    }
}

/// Applies the text of a file.
pub(crate) fn apply(text: &str) -> Applied {
    let file = File::of(text);
    let applied = file.config().apply();
    applied.unwrap_or_else(|error| panic!("{error}"))
}

/// What is wrong with the text of a file, line by line.
pub(crate) fn refused(text: &str) -> Vec<String> {
    let file = File::of(text);
    match file.config().apply() {
        Ok(applied) => panic!("taken: {applied}"),
        Err(error) => file.said(&error),
    }
}

/// The value of a knob and where it came from, as a table shows it.
pub(crate) fn stands(layer: &dyn Layer, knob: &str) -> String {
    shown(layer.settings(), knob)
}

pub(crate) fn shown(settings: Vec<Setting>, knob: &str) -> String {
    let found = settings.into_iter().find(|setting| setting.knob == knob);
    let setting = found.unwrap_or_else(|| panic!("no knob {knob}"));
    match setting.value {
        Some(value) => format!("{value} by {}", setting.origin),
        None => format!("- by {}", setting.origin),
    }
}

/// The layer of this kind that has so many of them outside of it.
pub(crate) fn nth(site: &str, kind: LayerKind, nth: usize) -> &'static dyn Layer {
    let site = registry().site(site).unwrap();
    let layers = site.layers().iter().copied();
    layers
        .filter(|layer| layer.kind() == kind)
        .nth(nth)
        .unwrap()
}

/// Everything that can be read of every function's settings.
pub(crate) fn everything() -> Vec<String> {
    let all = registry();
    let mut read = vec![format!("{} {}", all.is_enabled(), all.enabled_by())];
    for site in all.sites() {
        for layer in site.layers() {
            for layer in [Some(*layer), layer.budget()].into_iter().flatten() {
                let settings = [layer.settings(), layer.settings_of("one")].concat();
                let (is_on, by) = (layer.is_enabled(), layer.enabled_by());
                read.push(format!("{} {is_on} {by} {settings:?}", site.name()));
            }
        }
    }
    read
}

pub(crate) fn switched(layer: &dyn Layer) -> (bool, Origin) {
    (layer.is_enabled(), layer.enabled_by())
}
