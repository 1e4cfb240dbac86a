//! Values as somebody writes them down, in a file, in the environment or on a page, before a knob has
//! made one of its own of them.

use std::time::Duration;

use super::knob::{Unit, percentile};
use super::setting::Value;

/// A value that is not yet one of any knob.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Given<'a> {
    Text(&'a str),
    Integer(i128),
    Number(f64),
    Milliseconds(i128),
    /// Of a kind that no knob takes: a date, a list.
    Foreign,
}

impl Given<'_> {
    fn whole(self) -> Option<u64> {
        match self {
            Self::Integer(count) => count.try_into().ok(),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Number(_) | Self::Milliseconds(_) | Self::Foreign => None,
        }
    }

    fn number(self) -> Option<f64> {
        match self {
            Self::Integer(count) => Some(count as f64),
            Self::Number(number) => Some(number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Milliseconds(_) | Self::Foreign => None,
        }
    }

    fn duration(self) -> Option<Duration> {
        match self {
            Self::Text(text) => duration(text),
            Self::Milliseconds(count) => count.try_into().ok().map(Duration::from_millis),
            Self::Integer(_) | Self::Number(_) | Self::Foreign => None,
        }
    }

    fn name(self, names: &[&'static str]) -> Option<Value> {
        let Self::Text(text) = self else { return None };
        let name = names.iter().find(|name| **name == text.trim());
        name.copied().map(Value::Name)
    }
}

impl Unit {
    /// What is given as a value of this kind; whether it is in range is another question.
    pub(super) fn read(self, given: Given<'_>) -> Option<Value> {
        let whole = || given.whole().map(Value::Count);
        let number = || given.number().map(Value::Number);
        let duration = || given.duration().map(Value::Duration);
        match self {
            Self::Count { .. } => whole(),
            Self::Duration { .. } => duration(),
            Self::Rate | Self::Factor | Self::Number => number(),
            Self::Name(names) => given.name(names),
            Self::RateOr(names) => given.name(names).or_else(number),
            Self::DurationOrCount { .. } => duration().or_else(whole),
            Self::DurationOrPercentile => duration().or_else(|| match given {
                Given::Text(text) => percentile(text.trim()).map(Value::Number),
                _ => None,
            }),
        }
    }
}

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// Whole numbers with their units, added up, as in the attributes: `1m 30s`.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim_start();
    let mut nanos = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_alphabetic());
        let (unit, after) = after.split_at(end.unwrap_or(after.len()));
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let part = digits.parse::<u64>().ok()?.checked_mul(*factor)?;
        nanos = nanos.checked_add(part)?;
        rest = after.trim_start();
    }
    Some(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_as_in_the_attributes() {
        for (text, nanos) in [
            ("250ms", 250_000_000),
            (" 1m 30s ", 90_000_000_000),
            ("1m30s", 90_000_000_000),
            ("5 us", 5_000),
            ("5µs", 5_000),
            ("0s", 0),
            ("2d", 172_800_000_000_000),
        ] {
            assert_eq!(duration(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
        for text in [
            "",
            " ",
            "5",
            "ms",
            "1.5s",
            "-1s",
            "5 parsecs",
            "1s,2s",
            "700000d",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn each_kind_of_knob_reads_what_can_be_meant_by_it() {
        const NAMES: &[&str] = &["none", "full"];
        let count = Unit::Count { min: 1, max: 9 };
        let window = Unit::DurationOrCount { max: 9 };
        let second = Value::Duration(Duration::from_secs(1));
        for (unit, given, value) in [
            (count, Given::Integer(3), Some(Value::Count(3))),
            (count, Given::Text("3"), Some(Value::Count(3))),
            (count, Given::Integer(-3), None),
            (count, Given::Number(3.0), None),
            (Unit::Rate, Given::Number(0.5), Some(Value::Number(0.5))),
            (Unit::Rate, Given::Integer(1), Some(Value::Number(1.0))),
            (Unit::Rate, Given::Text("0.5"), Some(Value::Number(0.5))),
            (Unit::Rate, Given::Text("half"), None),
            (
                Unit::Duration { zero: true },
                Given::Text("1s"),
                Some(second),
            ),
            (
                Unit::Duration { zero: true },
                Given::Milliseconds(1000),
                Some(second),
            ),
            (Unit::Duration { zero: true }, Given::Integer(1000), None),
            (Unit::Duration { zero: true }, Given::Milliseconds(-1), None),
            (
                Unit::Name(NAMES),
                Given::Text("full"),
                Some(Value::Name("full")),
            ),
            (Unit::Name(NAMES), Given::Text("fool"), None),
            (
                Unit::RateOr(NAMES),
                Given::Text("none"),
                Some(Value::Name("none")),
            ),
            (
                Unit::RateOr(NAMES),
                Given::Number(0.1),
                Some(Value::Number(0.1)),
            ),
            (window, Given::Text("1s"), Some(second)),
            (window, Given::Integer(7), Some(Value::Count(7))),
            (window, Given::Text("7"), Some(Value::Count(7))),
            (Unit::DurationOrPercentile, Given::Text("1s"), Some(second)),
            (
                Unit::DurationOrPercentile,
                Given::Text("p97.5"),
                Some(Value::Number(97.5)),
            ),
            (Unit::DurationOrPercentile, Given::Integer(95), None),
            (Unit::Rate, Given::Foreign, None),
            (window, Given::Foreign, None),
        ] {
            assert_eq!(unit.read(given), value, "{} from {given:?}", unit.takes());
        }
    }
}
