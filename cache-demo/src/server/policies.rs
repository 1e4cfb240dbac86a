//! The policies above the service, as an operator has them in hand: one set for all servers of the process.

use resilient_runtime::{AdaptiveConcurrency, Layer, LayerKind, SettingError, Value, registry};

/// What keeps a server from doing more than it can.
pub const LIMITS: [LayerKind; 3] = [
    LayerKind::RateLimit,
    LayerKind::AdaptiveConcurrency,
    LayerKind::Bulkhead,
];

/// The layers of this kind above the methods of the service.
pub fn layers(kind: LayerKind) -> impl Iterator<Item = &'static dyn Layer> {
    let sites = registry().sites().iter();
    let ours = sites.filter(|site| site.name().starts_with("CacheService::"));
    ours.flat_map(|site| site.layers().iter().copied())
        .filter(move |layer| layer.kind() == kind)
}

/// Changes a knob of all layers of this kind.
pub fn set(kind: LayerKind, knob: &str, value: Value) -> Result<(), SettingError> {
    layers(kind).try_for_each(|layer| layer.set(knob, value))
}

/// The limit that adapts, with what it has learned.
pub fn adaptive_limit() -> Option<&'static AdaptiveConcurrency> {
    layers(LayerKind::AdaptiveConcurrency).find_map(|layer| layer.state())
}

/// Layers that were switched off, and are on again when this is dropped.
#[derive(Debug)]
#[must_use = "they are on again as soon as this is dropped"]
pub struct SwitchedOff(Vec<&'static dyn Layer>);

/// Takes these layers out of the service. Those that are out already stay out.
pub fn switch_off(kinds: &[LayerKind]) -> SwitchedOff {
    let on = |layer: &&dyn Layer| layer.is_enabled();
    let layers: Vec<_> = kinds
        .iter()
        .flat_map(|&kind| layers(kind).filter(on))
        .collect();
    for layer in &layers {
        layer.set_enabled(false);
    }
    SwitchedOff(layers)
}

impl Drop for SwitchedOff {
    fn drop(&mut self) {
        for layer in &self.0 {
            layer.set_enabled(true);
        }
    }
}
