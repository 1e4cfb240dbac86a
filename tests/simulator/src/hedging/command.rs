//! What `hedging` prints.

use super::suite::{self, CLIENTS, CONTESTANTS, TRIED};
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
    with_verdict(table::whole(&rows), targets::misses(&rows))
}
