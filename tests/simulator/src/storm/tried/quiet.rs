//! What the tests of one process get.

use crate::limiter::Nanos;
use crate::storm::budget::{Failure, Policy};
use crate::world::nanos;

const TESTS: u32 = 33;
const RETRIES: u32 = 3;

/// Of the 99 retries of 33 tests, each a call that fails three times and then succeeds, so many are had. All tests share one
/// budget; before each of them `plain` calls succeed at once, and it lasts so many seconds.
pub fn granted(policy: Policy, plain: u32, lasts: f64) -> u32 {
    let mut budget = policy.build();
    let mut granted = 0;
    for test in 0..TESTS {
        let now: Nanos = nanos(f64::from(test) * lasts);
        for _ in 0..plain {
            budget.succeeded(now, None);
        }
        let had = (0..RETRIES).take_while(|_| budget.allows(now, Failure::Error));
        let had = had.count() as u32;
        granted += had;
        if had == RETRIES {
            budget.succeeded(now, Some(Failure::Error));
        }
    }
    granted
}
