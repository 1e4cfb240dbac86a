//! A layer as the page shows it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::history::millis;
use crate::{Count, KeyReading, Layer, LayerKind, Reading, Setting, Site, SiteStats};

#[derive(Debug, Serialize)]
pub(super) struct LayerView {
    kind: &'static str,
    /// What it is addressed by: `timeout`, or `timeout#2` for the second from the outside.
    name: String,
    enabled: bool,
    enabled_by: &'static str,
    /// Its state is named with `state = ..`, and looked after elsewhere.
    shared: bool,
    settings: Vec<SettingView>,
    budget: Option<Vec<SettingView>>,
    state: Option<StateView>,
    keys: Option<KeysView>,
    counts: BTreeMap<String, u64>,
}

#[derive(Debug, Serialize)]
struct SettingView {
    knob: &'static str,
    value: Option<String>,
    origin: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum StateView {
    CircuitBreaker {
        state: &'static str,
        mode: &'static str,
        calls: u32,
        failures: u32,
        slow: u32,
        consecutive: u32,
        /// `None` unless open, and where it is held open by hand.
        open_for_ms: Option<f64>,
    },
    RateLimit {
        available: u32,
        waiting: usize,
    },
    Places {
        in_use: u32,
        limit: u32,
        waiting: u32,
    },
    Budget {
        tokens: f64,
        capacity: u32,
    },
    Hedge {
        delay_ms: Option<f64>,
    },
}

#[derive(Debug, Serialize)]
struct KeysView {
    count: usize,
    busy: usize,
    /// Some of them: those with settings of their own first, then those that are busy.
    list: Vec<KeyView>,
}

#[derive(Debug, Serialize)]
struct KeyView {
    key: Option<String>,
    busy: bool,
    /// What is laid over this key alone.
    own: Vec<SettingView>,
    state: StateView,
}

/// Keys that are listed.
const LISTED: usize = 50;

pub(super) fn views(site: &Site, stats: &SiteStats) -> Vec<LayerView> {
    site.addressed()
        .map(|(address, layer)| {
            let kind = layer.kind();
            // Layers of one kind share their counts.
            let counts = (address.nth == 1).then(|| counts(kind, stats));
            LayerView {
                kind: kind.name(),
                name: address.to_string(),
                enabled: layer.is_enabled(),
                enabled_by: layer.enabled_by().as_str(),
                shared: layer.is_shared(),
                settings: settings(layer),
                budget: layer.budget().map(settings),
                state: layer.reading().and_then(state),
                keys: keys(layer),
                counts: counts.unwrap_or_default(),
            }
        })
        .collect()
}

fn settings(layer: &dyn Layer) -> Vec<SettingView> {
    layer.settings().into_iter().map(setting).collect()
}

fn setting(setting: Setting) -> SettingView {
    SettingView {
        knob: setting.knob,
        value: setting.value.map(|value| value.to_string()),
        origin: setting.origin.as_str(),
    }
}

fn state(reading: Reading) -> Option<StateView> {
    Some(match reading {
        Reading::CircuitBreaker(breaker) => StateView::CircuitBreaker {
            state: breaker.state.as_str(),
            mode: breaker.mode.as_str(),
            calls: breaker.calls,
            failures: breaker.failures,
            slow: breaker.slow,
            consecutive: breaker.consecutive,
            open_for_ms: breaker
                .open_for_remaining
                .filter(|left| *left < std::time::Duration::MAX)
                .map(millis),
        },
        Reading::RateLimit(rate) => StateView::RateLimit {
            available: rate.available,
            waiting: rate.waiting,
        },
        Reading::Places {
            in_use,
            limit,
            waiting,
        } => StateView::Places {
            in_use,
            limit,
            waiting,
        },
        Reading::Budget { tokens, capacity } => StateView::Budget { tokens, capacity },
        Reading::Hedge { delay } => StateView::Hedge {
            delay_ms: delay.map(millis),
        },
    })
}

fn keys(layer: &dyn Layer) -> Option<KeysView> {
    let keys = layer.keys()?;
    let common = layer.settings();
    let own = |key: &KeyReading| -> Vec<Setting> {
        let settings = key.key.as_deref().map(|key| layer.settings_of(key));
        let own = settings.into_iter().flatten().zip(&common);
        own.filter(|(own, common)| own != *common)
            .map(|(own, _)| own)
            .collect()
    };
    let (count, busy) = (keys.len(), keys.iter().filter(|key| key.is_busy).count());
    let mut keys: Vec<_> = keys.into_iter().map(|key| (own(&key), key)).collect();
    let rank =
        |(own, key): &(Vec<Setting>, KeyReading)| (own.is_empty(), !key.is_busy, key.key.clone());
    if keys.len() > LISTED {
        keys.select_nth_unstable_by_key(LISTED, rank);
        keys.truncate(LISTED);
    }
    keys.sort_by_key(rank);
    let list = keys.into_iter().filter_map(|(own, key)| {
        Some(KeyView {
            key: key.key.as_deref().map(str::to_owned),
            busy: key.is_busy,
            own: own.into_iter().map(setting).collect(),
            state: state(key.reading)?,
        })
    });
    Some(KeysView {
        count,
        busy,
        list: list.collect(),
    })
}

fn counts(kind: LayerKind, stats: &SiteStats) -> BTreeMap<String, u64> {
    let of_kind = Count::ALL
        .iter()
        .filter(|count| count.layer() == Some(kind));
    let counted = of_kind.map(|count| (label(*count), stats.count(*count)));
    // Parts of other counts are for whoever reckons with them.
    let shown = counted.filter(|(label, count)| *count > 0 && !label.ends_with(" at once"));
    shown.collect()
}

/// `BreakerRefused` is `refused` where the layer is known.
fn label(count: Count) -> String {
    let name = format!("{count:?}");
    let mut words: Vec<String> = Vec::new();
    for letter in name.chars() {
        if letter.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    let of_layer = match count.layer() {
        Some(LayerKind::RateLimit) => 2,
        Some(LayerKind::Retry | LayerKind::Timeout) => {
            let first = words.first().map(String::as_str);
            usize::from(matches!(first, Some("retry" | "timeout")))
        }
        Some(_) => 1,
        None => 0,
    };
    words.split_off(of_layer.min(words.len())).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_called_by_what_its_layer_does() {
        for (count, name) in [
            (Count::BreakerRefused, "refused"),
            (Count::RateLimitAdmitted, "admitted"),
            (Count::RetryNotNeeded, "not needed"),
            (Count::RetryBudgetSpentAtOnce, "budget spent at once"),
            (Count::Retries, "retries"),
            (Count::AttemptFailed, "attempt failed"),
            (Count::TimedOut, "timed out"),
            (Count::TimeoutKept, "kept"),
            (Count::FallbackUsed, "used"),
            (Count::CallFailed, "call failed"),
        ] {
            assert_eq!(label(count), name);
        }
    }
}
