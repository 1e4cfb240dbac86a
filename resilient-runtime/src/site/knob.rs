//! The knobs of a settings struct, each with its form as one word.

use std::time::Duration;

use super::overlay::NONE;
use super::setting::Value;

/// The kinds of knobs, each with its form as a word.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    /// At least this many, and at most that many.
    Count { min: u64, max: u64 },
    /// In nanoseconds; longer than zero unless zero is allowed.
    Duration { zero: bool },
    /// `0.0..=1.0`.
    Rate,
    /// At least one.
    Factor,
    /// At least zero.
    Number,
    /// By its place in the list.
    Name(&'static [&'static str]),
    /// A rate, or one of these names.
    RateOr(&'static [&'static str]),
    /// A duration, or a number of calls up to this many.
    DurationOrCount { max: u32 },
    /// A duration, or a percentile, by name (`p95`) or by number (95.0).
    DurationOrPercentile,
}

/// The percentiles that are shown by their names.
const PERCENTILES: &[&str] = &["p50", "p75", "p90", "p95", "p98", "p99", "p99.9"];

/// Tells the second kind of value from the first where a unit has two: neither the
/// bits of a rate nor any duration short of 292 years reach it.
const SECOND_KIND: u64 = 1 << 63;

impl Unit {
    /// A number of things that there may be none of.
    pub(crate) const COUNT: Self = Self::Count {
        min: 0,
        max: u32::MAX as u64,
    };
    /// A number of things that there is one of at least.
    pub(crate) const AT_LEAST_ONE: Self = Self::Count {
        min: 1,
        max: u32::MAX as u64,
    };

    /// Whether it can be said in milliseconds.
    pub(super) fn is_duration(self) -> bool {
        matches!(
            self,
            Self::Duration { .. } | Self::DurationOrCount { .. } | Self::DurationOrPercentile
        )
    }

    pub(super) fn takes(self) -> String {
        match self {
            Self::Count { min, max } if max >= u32::MAX.into() => {
                format!("a whole number, at least {min}")
            }
            Self::Count { min, max } => format!("a whole number from {min} to {max}"),
            Self::Duration { zero: true } => "a duration".to_owned(),
            Self::Duration { zero: false } => "a duration longer than zero".to_owned(),
            Self::Rate => "a rate from 0.0 to 1.0".to_owned(),
            Self::Factor => "a number, at least 1.0".to_owned(),
            Self::Number => "a number, at least 0.0".to_owned(),
            Self::Name(names) => format!("one of `{}`", names.join("`, `")),
            Self::RateOr(names) => {
                format!("a rate from 0.0 to 1.0, or one of `{}`", names.join("`, `"))
            }
            Self::DurationOrCount { max } => {
                format!("a duration longer than zero, or a number of calls from 1 to {max}")
            }
            Self::DurationOrPercentile => {
                "a duration longer than zero, or a percentile such as `p95`".to_owned()
            }
        }
    }

    pub(super) fn to_word(self, value: Value) -> Option<u64> {
        let place = |names: &[&str], name: &str| {
            names
                .iter()
                .position(|&known| known == name)
                .map(|place| place as u64)
        };
        match (self, value) {
            (Self::Count { min, max }, Value::Count(count)) => {
                (min..=max).contains(&count).then_some(count)
            }
            (Self::Duration { zero }, Value::Duration(duration)) => {
                (zero || !duration.is_zero()).then(|| nanos(duration))
            }
            (
                Self::DurationOrCount { .. } | Self::DurationOrPercentile,
                Value::Duration(duration),
            ) => (!duration.is_zero()).then(|| duration_word(duration)),
            (Self::DurationOrCount { max }, Value::Count(count)) => (1..=u64::from(max))
                .contains(&count)
                .then_some(SECOND_KIND | count),
            (Self::Rate | Self::RateOr(_), Value::Number(rate)) => {
                (0.0..=1.0).contains(&rate).then(|| rate.abs().to_bits())
            }
            (Self::Factor, Value::Number(factor)) => {
                (factor.is_finite() && factor >= 1.0).then(|| factor.to_bits())
            }
            (Self::Number, Value::Number(number)) => {
                (number.is_finite() && number >= 0.0).then(|| number.abs().to_bits())
            }
            (Self::DurationOrPercentile, Value::Number(percentile)) => percentile_word(percentile),
            (Self::DurationOrPercentile, Value::Name(name)) => percentile_word(percentile(name)?),
            (Self::Name(names), Value::Name(name)) => place(names, name),
            (Self::RateOr(names), Value::Name(name)) => {
                place(names, name).map(|place| SECOND_KIND | place)
            }
            _ => None,
        }
    }

    pub(super) fn to_value(self, word: u64) -> Option<Value> {
        let name = |names: &[&'static str], place: u64| {
            Some(Value::Name(names.get(usize::try_from(place).ok()?)?))
        };
        match (self, second_kind(word)) {
            (Self::Count { .. }, _) => Some(Value::Count(word)),
            (Self::DurationOrCount { .. }, Some(count)) => Some(Value::Count(count)),
            (Self::DurationOrPercentile, Some(bits)) => Some(percentile_value(bits)),
            (
                Self::Duration { .. } | Self::DurationOrCount { .. } | Self::DurationOrPercentile,
                _,
            ) => Some(Value::Duration(Duration::from_nanos(word))),
            (Self::RateOr(names), Some(place)) => name(names, place),
            (Self::Rate | Self::RateOr(_) | Self::Factor | Self::Number, _) => {
                Some(Value::Number(f64::from_bits(word)))
            }
            (Self::Name(names), _) => name(names, word),
        }
    }
}

/// What is called `p` and a number.
pub(super) fn percentile(name: &str) -> Option<f64> {
    name.strip_prefix('p')?.parse().ok()
}

fn percentile_word(percentile: f64) -> Option<u64> {
    (percentile > 0.0 && percentile < 100.0).then(|| of_second_kind(percentile.to_bits()))
}

fn percentile_value(bits: u64) -> Value {
    let value = f64::from_bits(bits);
    PERCENTILES
        .iter()
        .find(|name| percentile(name) == Some(value))
        .map_or(Value::Number(value), |name| Value::Name(name))
}

/// A word of the second kind that its unit has.
pub(crate) const fn of_second_kind(number: u64) -> u64 {
    SECOND_KIND | number
}

/// The number in a word of the second kind; `None` for the first.
pub(crate) fn second_kind(word: u64) -> Option<u64> {
    (word & SECOND_KIND != 0).then_some(word & !SECOND_KIND)
}

/// A duration as a word of the first kind.
pub(crate) fn duration_word(duration: Duration) -> u64 {
    nanos(duration).min(SECOND_KIND - 1)
}

/// A count as a word, back again.
pub(crate) fn count(word: u64) -> u32 {
    u32::try_from(word).unwrap_or(u32::MAX)
}

/// Saturating, one short of the word that says "not overridden".
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos())
        .unwrap_or(u64::MAX)
        .min(NONE - 1)
}

/// One knob of a settings struct.
#[derive(Debug)]
pub struct Knob<S> {
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    /// `None` where the knob is not set.
    pub(crate) get: fn(&S) -> Option<u64>,
    pub(crate) put: fn(&mut S, u64),
}

/// Whether something is laid over the knob of this name.
pub(crate) type IsLaid<'a> = &'a dyn Fn(&str) -> bool;

/// A settings struct that can be replaced knob by knob.
pub trait Settings: Copy + Send + Sync + 'static {
    const KNOBS: &'static [Knob<Self>];

    /// What cannot hold at once, whoever says it. Of a knob that nothing is laid over the code may have said nothing
    /// either: its default contradicts nobody.
    fn check(&self, _is_laid: IsLaid<'_>) -> Result<(), &'static str> {
        Ok(())
    }

    /// What a configuration lays that has nothing to say beside the rest. A handle is not held to it: it says one knob
    /// after the other, and may close a queue without a word on how long one waits in it.
    fn check_use(&self, _is_laid: IsLaid<'_>) -> Result<(), &'static str> {
        Ok(())
    }
}
