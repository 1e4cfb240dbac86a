//! What a layer is called among those of its site.

use std::fmt;

use super::{Layer, LayerKind, Site};

/// A layer of a site: of its kind, and which of them, the outermost being the first. Shown as `timeout`, and from the
/// second on as `timeout#2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LayerAddress {
    pub(crate) kind: LayerKind,
    pub(crate) nth: usize,
}

#[cfg(any(feature = "config", feature = "dashboard"))]
impl LayerAddress {
    /// Reads what [`Display`](fmt::Display) shows, with `mark` in place of `#`.
    pub(crate) fn parse(text: &str, mark: char) -> Option<Self> {
        let kind = |text: &str| LayerKind::ALL.into_iter().find(|kind| kind.name() == text);
        if let Some(kind) = kind(text) {
            return Some(Self { kind, nth: 1 });
        }
        let (name, nth) = text.rsplit_once(mark)?;
        if nth.starts_with(['0', '+']) {
            return None;
        }
        Some(Self {
            kind: kind(name)?,
            nth: nth.parse().ok()?,
        })
    }
}

impl fmt::Display for LayerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        if self.nth > 1 {
            write!(f, "#{}", self.nth)?;
        }
        Ok(())
    }
}

impl Site {
    /// The layers, outermost first, each with what it is called by in a configuration, in metrics and on the page.
    pub fn addressed(&self) -> impl Iterator<Item = (LayerAddress, &'static dyn Layer)> + use<'_> {
        let layers = self.layers.iter().enumerate();
        layers.map(|(place, &layer)| {
            let kind = layer.kind();
            let outside = self.layers.iter().take(place);
            let nth = outside.filter(|other| other.kind() == kind).count() + 1;
            (LayerAddress { kind, nth }, layer)
        })
    }

    #[cfg(any(feature = "config", feature = "dashboard"))]
    pub(crate) fn addressed_by(&self, address: LayerAddress) -> Option<&'static dyn Layer> {
        let mut layers = self.addressed();
        let found = layers.find(|(of, _)| *of == address);
        found.map(|(_, layer)| layer)
    }
}
