//! The call site as a value: what an annotated function is called, where it
//! stands, and its layers, which can be read and changed while it runs.

mod address;
mod given;
mod knob;
mod layer;
mod live;
mod overlay;
mod reading;
mod registry;
mod setting;
mod state;
mod switch;
mod tuning;

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

pub use address::LayerAddress;
pub(crate) use given::Given;
pub(crate) use knob::{
    IsLaid, Knob, Settings, Unit, count, duration_word, nanos, of_second_kind, second_kind,
};
pub(crate) use layer::Caller;
pub use layer::{Layer, LayerKind};
pub(crate) use live::Live;
pub(crate) use overlay::Overlay;
pub(crate) use reading::States;
pub use reading::{KeyReading, Reading};
pub use registry::{Registration, Registry, registry};
pub use setting::{Origin, Setting, SettingError, Value};
pub(crate) use state::{Ask, Entry, Lasting};
pub use state::{Asked, Handle, StateLayer, Stateful, Way};
pub(crate) use switch::Switch;
pub(crate) use tuning::{Chosen, Configured, Knobs, Layout, Misfit, NO_KNOBS, Tuning, changing};

use crate::stats::{Running, SiteStats, Stats};

/// An annotated function.
///
/// There is one for each function in the source, also for a generic one, and it
/// is listed in the [`registry`] before the function is first called.
pub struct Site {
    name: fn() -> &'static str,
    /// The name in full, worked out once for all sites.
    settled: OnceLock<Cow<'static, str>>,
    file: &'static str,
    line: u32,
    layers: &'static [&'static dyn Layer],
    pub(crate) stats: Stats,
}

/// What the marker in generated code is called; the path of a function ends before it.
const MARKER: &str = "::__RESILIENT_SITE";

impl Site {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        name: fn() -> &'static str,
        file: &'static str,
        line: u32,
        layers: &'static [&'static dyn Layer],
    ) -> Self {
        Self {
            name,
            settled: OnceLock::new(),
            file,
            line,
            layers,
            stats: Stats::new(),
        }
    }

    /// The name: the `name = ".."` of an attribute, or else the function's path.
    /// Where several sites bear one name, all but the first have a number behind it.
    pub fn name(&'static self) -> &'static str {
        if let Some(name) = self.settled.get() {
            return name;
        }
        registry().sites();
        // A site that is not listed, on a platform that cannot, has the name it was given.
        self.settled
            .get_or_init(|| Cow::Borrowed(self.given_name()))
    }

    /// The source file.
    pub fn file(&self) -> &'static str {
        self.file
    }

    /// The line in it.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The layers, outermost first.
    pub fn layers(&self) -> &'static [&'static dyn Layer] {
        self.layers
    }

    /// The outermost layer of a kind.
    pub fn layer(&self, kind: LayerKind) -> Option<&'static dyn Layer> {
        self.layers
            .iter()
            .copied()
            .find(|layer| layer.kind() == kind)
    }

    /// What was counted and timed here so far. All zero until [`Registry::measure`] is called.
    pub fn stats(&self) -> SiteStats {
        self.stats.read()
    }

    /// A call begins.
    #[doc(hidden)]
    #[inline]
    pub fn enter(&'static self) -> Running {
        Running::begin(self)
    }

    fn given_name(&self) -> &'static str {
        let path = (self.name)();
        let path = path.split_once(MARKER).map_or(path, |(path, _)| path);
        path.trim_end_matches("::{{closure}}")
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<_> = self.layers.iter().map(|layer| layer.kind()).collect();
        f.debug_struct("Site")
            .field("name", &self.given_name())
            .field("file", &self.file)
            .field("line", &self.line)
            .field("layers", &kinds)
            .finish()
    }
}
