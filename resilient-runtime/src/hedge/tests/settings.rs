use super::*;
use crate::site::{Origin, SettingError, Value};

fn listed(hedger: &Hedger, knob: &str) -> Option<Value> {
    let settings = hedger.settings();
    settings.iter().find(|setting| setting.knob == knob)?.value
}

fn budget(settings: Hedge) -> f64 {
    settings.hedges_a_call()
}

#[test]
fn the_knobs_are_those_of_the_attribute_with_its_defaults() {
    let list: Vec<_> = Hedger::new()
        .settings()
        .iter()
        .map(|setting| (setting.knob, setting.value.unwrap(), setting.origin))
        .collect();
    assert_eq!(
        list,
        [
            ("after", Value::Name("p95"), Origin::Code),
            ("max", Value::Count(1), Origin::Code),
            ("min_samples", Value::Count(100), Origin::Code),
            ("budget", Value::Number(0.1), Origin::Code),
        ]
    );
}

#[test]
fn after_is_a_duration_or_a_percentile() {
    let hedger = Hedger::new();
    let takes = [
        (Value::Duration(7 * MS), Value::Duration(7 * MS)),
        (Value::Name("p99.9"), Value::Name("p99.9")),
        (Value::Name("p97.5"), Value::Number(97.5)),
        (Value::Number(97.5), Value::Number(97.5)),
        (Value::Number(99.0), Value::Name("p99")),
    ];
    for (given, shown) in takes {
        hedger.set("after", given).unwrap();
        assert_eq!(listed(&hedger, "after"), Some(shown));
    }
    let refuses = [
        Value::Duration(Duration::ZERO),
        Value::Name("95"),
        Value::Name("p"),
        Value::Name("p0"),
        Value::Name("p100"),
        Value::Name("pinf"),
        Value::Name("pNaN"),
        Value::Number(0.0),
        Value::Number(100.0),
        Value::Number(f64::NAN),
        Value::Count(3),
    ];
    for given in refuses {
        let error = hedger.set("after", given).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`after` takes a duration longer than zero, or a percentile such as `p95`"
        );
    }
    assert_eq!(listed(&hedger, "after"), Some(Value::Name("p99")));
    hedger.unset("after").unwrap();
    assert_eq!(listed(&hedger, "after"), Some(Value::Name("p95")));
}

#[test]
fn the_other_knobs_are_numbers() {
    let hedger = Hedger::new();
    for (knob, value) in [
        ("max", Value::Count(3)),
        ("min_samples", Value::Count(7)),
        ("budget", Value::Number(0.5)),
    ] {
        hedger.set(knob, value).unwrap();
        assert_eq!(listed(&hedger, knob), Some(value));
    }
    for (knob, value) in [
        ("max", Value::Count(0)),
        ("min_samples", Value::Count(0)),
        ("budget", Value::Number(1.1)),
    ] {
        assert!(matches!(
            hedger.set(knob, value),
            Err(SettingError::BadValue { .. })
        ));
    }
    let settings = hedger.settings.get();
    assert_eq!((settings.max, settings.min_samples), (3, 7));
    assert_eq!(budget(settings), 0.5);
}

#[test]
fn the_budget_is_twice_what_the_percentile_leaves_and_a_tenth_at_least() {
    let by = |percentile| Hedge::new().after(HedgeAfter::Percentile(percentile));
    assert_eq!(budget(by(95.0)), 0.1);
    assert_eq!(budget(by(99.0)), 0.1);
    assert_eq!(budget(by(90.0)), 0.2);
    assert_eq!(budget(by(40.0)), 1.0);
    assert_eq!(budget(after(5)), 0.1);
    assert_eq!(budget(by(90.0).budget(0.03)), 0.03);
    assert_eq!(budget(by(90.0).budget(0.0)), 0.0);
}

#[test]
fn values_out_of_range_are_brought_into_it() {
    let percentile = |percentile| Hedge::new().after(HedgeAfter::Percentile(percentile)).after;
    assert_eq!(percentile(-1.0), HedgeAfter::Percentile(1.0));
    assert_eq!(percentile(f64::INFINITY), HedgeAfter::Percentile(99.99));
    assert_eq!(percentile(f64::NAN), HedgeAfter::Percentile(95.0));
    let settings = Hedge::new().max(0).min_samples(0).budget(7.0);
    assert_eq!((settings.max, settings.min_samples), (1, 1));
    assert_eq!(budget(settings), 1.0);
    assert_eq!(budget(settings.budget(-1.0)), 0.0);
    assert_eq!(budget(settings.budget(f64::NAN)), 1.0);
}

#[test]
fn a_duration_is_a_time_to_wait() {
    assert_eq!(HedgeAfter::from(3 * MS), HedgeAfter::Fixed(3 * MS));
    assert_eq!(Hedge::default(), Hedge::new());
}
