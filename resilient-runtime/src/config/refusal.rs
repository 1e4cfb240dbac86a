//! Why a knob is not set, in the words of who wrote it down.

use super::nearest::{listed, nearest};
use super::notation::Notation;
use crate::site::{Layer, LayerKind, SettingError};

/// What attributes have besides their settings.
const IN_CODE_ONLY: &[&str] = &[
    "algorithm",
    "classify",
    "clone",
    "cost",
    "crate",
    "error",
    "ignore",
    "into_error",
    "key",
    "max_keys",
    "name",
    "on_change",
    "on_retry",
    "policy",
    "scope",
    "side",
    "state",
    "value",
    "when",
    "when_ok",
    "with",
];

pub(super) fn refusal(
    error: &SettingError,
    layers: &[&'static dyn Layer],
    key: Option<&str>,
    notation: Notation,
) -> String {
    match error {
        SettingError::UnknownKnob { knob, known } => {
            let is = |kind| layers.iter().any(|layer| layer.kind() == kind);
            if IN_CODE_ONLY.contains(&&**knob) {
                return "this is said in code only".to_owned();
            }
            if knob == "budget" && is(LayerKind::Retry) {
                return "which budget it is, is said in code only; here it takes a table of that budget's knobs"
                    .to_owned();
            }
            // There is one switch for all keys.
            let switch = key.is_none().then_some("enabled");
            let known = known.iter().copied().chain(switch);
            let written: Vec<_> = known.map(|knob| notation.write(knob)).collect();
            let knob = knob.strip_suffix("_ms").unwrap_or(knob);
            match nearest(&notation.write(knob), written.iter().map(String::as_str)) {
                Some(knob) => format!("no such knob; the nearest is `{knob}`"),
                None => format!("no such knob; there are {}", listed(written)),
            }
        }
        SettingError::BadValue { takes, .. } => format!("takes {takes}"),
        other => other.to_string(),
    }
}
