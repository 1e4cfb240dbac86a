//! Rules for the default that were tried: how to have a full bucket in the tests of one process, and no storm of a fleet.
//!
//! All have the bucket, the tenth for a success and the drip of the runtime, and say only how much it holds: 10 always, and up
//! to 100 at times. What they reached stands in `docs/simulator/storms.md`.

mod bucket;
mod quiet;
mod rules;

use resilient_runtime::{RetryBudget, RetryBudgetSettings};

pub use quiet::granted;

use self::bucket::Holding;
use self::rules::{ByRate, ByShare, ByTime, Newborn, NewbornByRate};
use super::budget::Budget;
use super::ours::Ours;

/// What a success earns when a tenth of the attempts fail for long: a tenth is a little too little.
const GENEROUS: f64 = 0.12;

/// Which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    Newborn,
    ByTime,
    ByShare,
    ByRate,
    NewbornByRate,
    /// With a fifth more for a success.
    GenerousNewbornByRate,
    /// The strict one, with a fifth more for a success.
    GenerousStrict,
}

impl Rule {
    pub const ALL: [Self; 7] = [
        Self::Newborn,
        Self::ByTime,
        Self::ByShare,
        Self::ByRate,
        Self::NewbornByRate,
        Self::GenerousNewbornByRate,
        Self::GenerousStrict,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Newborn => "newborn",
            Self::ByTime => "first minute",
            Self::ByShare => "share of failures",
            Self::ByRate => "calls a second",
            Self::NewbornByRate => "newborn, calls a second",
            Self::GenerousNewbornByRate => "newborn, calls a second, 0.12 each",
            Self::GenerousStrict => "strict, 0.12 each",
        }
    }

    pub fn build(self) -> Box<dyn Budget> {
        match self {
            Self::Newborn => Box::new(Holding::new(Newborn::default())),
            Self::ByTime => Box::new(Holding::new(ByTime::default())),
            Self::ByShare => Box::new(Holding::new(ByShare::default())),
            Self::ByRate => Box::new(Holding::new(ByRate::default())),
            Self::NewbornByRate => Box::new(Holding::new(NewbornByRate::default())),
            Self::GenerousNewbornByRate => {
                Box::new(Holding::new(NewbornByRate::default()).earning(GENEROUS))
            }
            Self::GenerousStrict => {
                let settings = RetryBudgetSettings::strict().ratio(GENEROUS);
                Box::new(Ours(RetryBudget::with(settings)))
            }
        }
    }
}
