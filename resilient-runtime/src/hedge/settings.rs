//! When to hedge, and how often.

use std::time::Duration;

use crate::site::{Knob, Settings, Unit, count, duration_word, of_second_kind, second_kind};

/// When a second attempt is made beside one that has not answered, and how many.
///
/// This is the settings type of `#[hedge]` and of a [`Hedger`](crate::Hedger). Built by value and in `const`
/// contexts; a value out of range is brought into it.
///
/// ```
/// use resilient_runtime::{Hedge, HedgeAfter};
///
/// const READS: Hedge = Hedge::new().after(HedgeAfter::Percentile(99.0)).budget(0.05);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hedge {
    pub(super) after: HedgeAfter,
    pub(super) max: u32,
    pub(super) min_samples: u32,
    /// [`UNSAID`], or a rate. An `Option` would take eight more bytes in the future of every call.
    budget: f64,
}

/// How long an attempt is waited for before a hedge is made.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum HedgeAfter {
    /// As long as this percentile of the last calls took: 95.0 leaves one call in twenty to be hedged. Taken
    /// into `1.0..=99.99`.
    Percentile(f64),
    /// This long.
    Fixed(Duration),
}

impl From<Duration> for HedgeAfter {
    fn from(after: Duration) -> Self {
        Self::Fixed(after)
    }
}

/// Nobody said how many hedges there may be: it goes by the percentile.
const UNSAID: f64 = -1.0;

/// The share of calls that may be hedged, at the least.
const LEAST_BUDGET: f64 = 0.1;

impl Hedge {
    /// One hedge once a call takes longer than 95 of 100 do, when 100 have been measured, and for no more than a tenth
    /// of the calls.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            after: HedgeAfter::Percentile(95.0),
            max: 1,
            min_samples: 100,
            budget: UNSAID,
        }
    }

    /// How long an attempt is waited for \[the 95th percentile\].
    #[must_use]
    pub const fn after(mut self, after: HedgeAfter) -> Self {
        self.after = match after {
            // What is no number changes nothing.
            HedgeAfter::Percentile(percentile) if percentile.is_nan() => self.after,
            HedgeAfter::Percentile(percentile) => {
                HedgeAfter::Percentile(percentile.clamp(1.0, 99.99))
            }
            HedgeAfter::Fixed(_) => after,
        };
        self
    }

    /// How many hedges one call may have, each as long after the one before as that was after the first attempt
    /// \[1\]. Zero is taken for one.
    #[must_use]
    pub const fn max(mut self, hedges: u32) -> Self {
        self.max = at_least_one(hedges);
        self
    }

    /// There is no hedge by a percentile before this many calls were measured \[100\]; one after a fixed time does
    /// not wait for them. Zero is taken for one.
    #[must_use]
    pub const fn min_samples(mut self, samples: u32) -> Self {
        self.min_samples = at_least_one(samples);
        self
    }

    /// Hedges as a share of the calls, `0.0..=1.0` \[0.1, or twice the share that is beyond the percentile if that is
    /// more\]. Saved up are five of them at the most, or what the calls of half a second bring if that is more. With 0.0
    /// there are none; NaN changes nothing.
    ///
    /// With less than twice the share that is beyond the percentile, 0.05 with the 95th, it is spent on calls that would
    /// have ended soon, and is not there for those that hang.
    #[must_use]
    pub const fn budget(mut self, rate: f64) -> Self {
        if !rate.is_nan() {
            self.budget = rate.clamp(0.0, 1.0);
        }
        self
    }

    /// Hedges for each call. A budget of just the share that is beyond the percentile would be spent on calls that
    /// would have ended soon, and not be there for those that hang.
    pub(super) fn hedges_a_call(&self) -> f64 {
        if self.budget >= 0.0 {
            return self.budget;
        }
        match self.after {
            HedgeAfter::Percentile(percentile) => {
                (2.0 * (100.0 - percentile) / 100.0).clamp(LEAST_BUDGET, 1.0)
            }
            HedgeAfter::Fixed(_) => LEAST_BUDGET,
        }
    }

    /// Whether it needs to know how long calls take.
    pub(super) const fn is_measured(&self) -> bool {
        matches!(self.after, HedgeAfter::Percentile(_))
    }
}

impl Default for Hedge {
    fn default() -> Self {
        Self::new()
    }
}

const fn at_least_one(number: u32) -> u32 {
    if number == 0 { 1 } else { number }
}

impl HedgeAfter {
    fn word(self) -> u64 {
        match self {
            Self::Percentile(percentile) => of_second_kind(percentile.to_bits()),
            Self::Fixed(after) => duration_word(after),
        }
    }

    fn of_word(word: u64) -> Self {
        match second_kind(word) {
            Some(percentile) => Self::Percentile(f64::from_bits(percentile)),
            None => Self::Fixed(Duration::from_nanos(word)),
        }
    }
}

impl Settings for Hedge {
    const KNOBS: &'static [Knob<Self>] = &[
        Knob {
            name: "after",
            unit: Unit::DurationOrPercentile,
            get: |hedge| Some(hedge.after.word()),
            put: |hedge, word| *hedge = hedge.after(HedgeAfter::of_word(word)),
        },
        Knob {
            name: "max",
            unit: Unit::AT_LEAST_ONE,
            get: |hedge| Some(hedge.max.into()),
            put: |hedge, word| hedge.max = count(word),
        },
        Knob {
            name: "min_samples",
            unit: Unit::AT_LEAST_ONE,
            get: |hedge| Some(hedge.min_samples.into()),
            put: |hedge, word| hedge.min_samples = count(word),
        },
        Knob {
            name: "budget",
            unit: Unit::Rate,
            get: |hedge| Some(hedge.hedges_a_call().to_bits()),
            put: |hedge, word| hedge.budget = f64::from_bits(word),
        },
    ];
}
