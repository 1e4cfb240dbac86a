//! Calls that come and go, and all want to be hedged: how many may be.

use super::rule::Rule;
use super::scenario::SECOND;
use crate::limiter::Nanos;

/// Seconds and calls a second, twice, again and again.
pub type Pattern = [(f64, f64); 2];

pub const PATTERNS: [Pattern; 4] = [
    [(1.0, 1000.0), (1.0, 1000.0)],
    [(2.0, 1000.0), (1.1, 10.0)],
    [(1.0, 1000.0), (1.0, 10.0)],
    [(1.05, 5000.0), (2.0, 5.0)],
];

/// Long enough that what is there at first is next to nothing.
const TIMES: usize = 100;

/// Hedges against calls.
#[must_use]
pub fn share(rule: Rule, pattern: Pattern) -> f64 {
    let mut hedging = rule.hedging();
    let (mut calls, mut hedged) = (0_u32, 0_u32);
    let mut now = 0;
    for (seconds, a_second) in pattern.repeat(TIMES) {
        for _ in 0..(seconds * a_second) as u32 {
            now += (SECOND as f64 / a_second) as Nanos;
            hedging.begin(now);
            calls += 1;
            hedged += u32::from(hedging.try_hedge());
        }
    }
    f64::from(hedged) / f64::from(calls)
}
