//! What the documents say of metrics holds: every name, label and value in them is one that is published, and every
//! one that is published is in them.

#[path = "../../behaviour/common/mod.rs"]
mod common;
mod promql;
mod recorded;

use std::collections::{BTreeMap, BTreeSet};

use common::Error;
use promql::{Selected, asked};
use recorded::Recorded;
use resilient_runtime::{
    adaptive_concurrency, bulkhead, circuit_breaker, fallback, fault, hedge, rate_limit, retry,
    timeout,
};

#[fallback(value = Ok(1))]
#[retry]
#[timeout("1s")]
#[hedge]
#[circuit_breaker]
#[rate_limit(per_second = 1)]
#[bulkhead]
#[adaptive_concurrency(side = "client")]
#[fault(panic_rate = 0.1)]
async fn _all() -> Result<u32, Error> {
    Ok(1)
}

#[timeout("1s")]
#[fallback(value = Ok(1))]
#[circuit_breaker(key = key)]
async fn _keyed(key: u32) -> Result<u32, Error> {
    Ok(key)
}

#[timeout("1s")]
async fn _without_fallback() -> Result<u32, Error> {
    Ok(1)
}

/// Metrics, their labels, and the values of these.
type Metrics = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn published() -> Metrics {
    let recorded = Recorded::new();
    recorded.publish();
    recorded.labels()
}

/// What Prometheus adds to every series.
const ADDED: [&str; 2] = ["job", "instance"];

const README: &str = include_str!("../../../README.md");
const NAMES: &str = include_str!("../../../resilient-runtime/src/metrics/names.md");
const DASHBOARD: &str = include_str!("../../../docs/operations/grafana.json");
const ALERTS: &str = include_str!("../../../docs/operations/alerts.yml");

#[test]
fn every_metric_is_described_with_its_unit_and_published() {
    let recorded = Recorded::new();
    recorded.publish();
    let published = recorded.labels();
    recorded.described(|described| {
        let names: Vec<_> = described.keys().collect();
        assert_eq!(names, published.keys().collect::<Vec<_>>());
        for (name, described) in described {
            assert!(described.help.ends_with('.'), "{name}");
            let is_time = name.ends_with("_seconds") || name.ends_with("_seconds_total");
            assert_eq!(
                described.unit == Some(metrics::Unit::Seconds),
                is_time,
                "{name}"
            );
            assert_eq!(
                described.kind == "counter",
                name.ends_with("_total"),
                "{name}"
            );
            assert!(described.kind != "histogram" || is_time, "{name}");
        }
    });
}

#[test]
fn the_tables_name_what_is_published_and_nothing_else() {
    let published = published();
    for (table, text) in [("README", README), ("names.md", NAMES)] {
        let named: BTreeSet<_> = text.split('`').filter(|word| is_metric(word)).collect();
        let published: BTreeSet<_> = published.keys().map(String::as_str).collect();
        let missing: Vec<_> = published.difference(&named).collect();
        let invented: Vec<_> = named.difference(&published).collect();
        assert!(
            missing.is_empty() && invented.is_empty(),
            "{table}: {missing:?} {invented:?}"
        );
    }
    for (metric, labels) in &published {
        let name = format!("`{metric}`");
        let row = NAMES
            .lines()
            .find(|line| line.contains(&name))
            .expect("it is named");
        for (label, values) in labels {
            assert!(
                label == "function" || row.contains(&format!("`{label}`")),
                "{label} in {row}"
            );
            let are_listed = !["function", "layer"].contains(&label.as_str());
            for value in values.iter().filter(|_| are_listed) {
                assert!(NAMES.contains(&format!("`{value}`")), "{label} {value}");
            }
        }
    }
}

fn is_metric(word: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_lowercase() || c == '_';
    word.len() > "resilient_".len()
        && word.starts_with("resilient_")
        && word.chars().all(is_of_name)
        && word != "resilient_runtime"
}

#[test]
fn every_query_of_the_dashboard_asks_for_what_is_published() {
    let published = published();
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut checked = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{panel}");
            check(target["expr"].as_str().unwrap(), &published);
            check_templates(target["legendFormat"].as_str().unwrap(), &published);
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked}");
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        let Some(query) = variable["definition"].as_str() else {
            continue;
        };
        check(query, &published);
        let label = query.trim_end_matches(')').rsplit(", ").next().unwrap();
        assert!(is_label(label, &published), "{query}");
    }
}

#[test]
fn every_alert_watches_what_is_published_and_says_so() {
    let published = published();
    let alerts: Vec<_> = ALERTS.split("- alert: ").skip(1).collect();
    assert!(alerts.len() > 10);
    for alert in alerts {
        for part in ["summary: \"", "description: \"", "severity: "] {
            assert_eq!(alert.matches(part).count(), 1, "{part} of {alert}");
        }
        let (_, expr) = alert.split_once("expr: ").unwrap();
        let end = ["\n        for:", "\n        labels:"]
            .iter()
            .filter_map(|next| expr.find(next));
        check(&expr[..end.min().unwrap()], &published);
        check_templates(alert, &published);
    }
}

#[test]
fn a_name_a_label_or_a_value_that_is_not_published_is_found() {
    let published = published();
    check(
        r#"sum by (le) (rate(resilient_call_duration_seconds_bucket{function="$function"}[5m]))"#,
        &published,
    );
    for wrong in [
        "sum(resilient_call_total)",
        r#"resilient_calls_total{outcome="success"}"#,
        r#"resilient_calls_total{result="succeeded"}"#,
        r#"resilient_calls_total{result=~"success|failed"}"#,
        "sum by (state) (resilient_calls_total)",
        "resilient_calls_total_bucket",
        "resilient_call_duration_seconds_total",
        r#"resilient_call_duration_seconds_sum{le="1"}"#,
    ] {
        let checked = std::panic::catch_unwind(|| check(wrong, &published));
        assert!(checked.is_err(), "{wrong}");
    }
}

/// Checks the names, labels and values in a query.
fn check(query: &str, published: &Metrics) {
    let asked = asked(query);
    assert!(!asked.selected.is_empty(), "{query}");
    let mut of_query: BTreeSet<&str> = ADDED.into();
    for Selected { series, matchers } in asked.selected {
        let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| {
            series
                .strip_suffix(suffix)
                .filter(|name| name.ends_with("_seconds"))
        });
        let labels = published.get(of_histogram.unwrap_or(series));
        let labels = labels.unwrap_or_else(|| panic!("no {series}: {query}"));
        of_query.extend(labels.keys().map(String::as_str));
        of_query.extend(series.ends_with("_bucket").then_some("le"));
        for (label, text) in matchers {
            let is_known = labels.contains_key(label) || ADDED.contains(&label);
            assert!(is_known, "{label} of {series}: {query}");
            // A variable, or one value or another.
            for value in text.split('|').filter(|text| !text.starts_with('$')) {
                assert!(
                    labels[label].contains(value),
                    "{label}={value} of {series}: {query}"
                );
            }
        }
    }
    for label in asked.grouped {
        assert!(of_query.contains(label), "{label}: {query}");
    }
}

/// Checks the labels in `{{label}}` and in `{{ $labels.label }}`.
fn check_templates(text: &str, published: &Metrics) {
    for template in text.split("{{").skip(1) {
        let (template, _) = template.split_once("}}").expect("it ends");
        let template = template.trim();
        if template.starts_with("$value") {
            continue;
        }
        let label = template.strip_prefix("$labels.").unwrap_or(template);
        assert!(is_label(label, published), "{label}: {text}");
    }
}

fn is_label(label: &str, published: &Metrics) -> bool {
    ADDED.contains(&label) || published.values().any(|labels| labels.contains_key(label))
}
