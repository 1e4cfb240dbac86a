//! How many retries a success really earns.

use resilient_runtime::{RetryBudget, RetryBudgetSettings};

use super::budget::{Budget, Failure};
use super::ours::Ours;
use super::peers::window::Windowed;
use crate::random::Random;

pub const RATIOS: [f64; 14] = [
    0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0, 1.5, 2.0,
];

/// Retries for each success, with the ratio that was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    pub ratio: f64,
    pub ours: f64,
    pub tower: f64,
}

pub fn measure(ratio: f64, seed: u64) -> Measured {
    let settings = RetryBudgetSettings::new().ratio(ratio).per_second(0.0);
    Measured {
        ratio,
        ours: of(&mut Ours(RetryBudget::with(settings)), seed),
        tower: of(&mut Windowed::tower(0, ratio), seed),
    }
}

const SUCCESSES: u32 = 100_000;

/// Takes all that is there after every few successes: never so many that the bucket runs over.
fn of(budget: &mut dyn Budget, seed: u64) -> f64 {
    let mut random = Random::new(seed, 14);
    let take_all = |budget: &mut dyn Budget| {
        let taken = (0..).take_while(|_| budget.allows(0, Failure::Error));
        taken.count() as f64
    };
    take_all(budget);
    let mut retries = 0.0;
    for _ in 0..SUCCESSES {
        budget.succeeded(0, None);
        if random.unit() < 0.2 {
            retries += take_all(budget);
        }
    }
    (retries + take_all(budget)) / f64::from(SUCCESSES)
}
