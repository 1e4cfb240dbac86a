//! What `hedging` prints.

use super::bursts::{self, PATTERNS};
use super::suite::{self, CLIENTS, CONTESTANTS, OURS, TRIED};
use super::{table, targets};
use crate::arguments::Selection;
use crate::targets::with_verdict;

/// The tables, and every target that is missed.
pub fn run(selection: &Selection) -> (String, Vec<String>) {
    if selection.tried {
        let rows = suite::run(&TRIED, &CLIENTS, &selection.seeds);
        return (table::whole(&rows), Vec::new());
    }
    let rows = suite::run(&CONTESTANTS, &CLIENTS, &selection.seeds);
    let shares = PATTERNS.map(|pattern| (pattern, bursts::share(OURS.rule, pattern)));
    let mut misses = targets::misses(&rows);
    misses.extend(targets::overdrawn(&shares));
    let tables = table::whole(&rows) + &table::bursts(&shares);
    with_verdict(tables, misses)
}
