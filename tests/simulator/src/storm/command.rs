//! What `storm` prints.

use super::budget::Policy;
use super::ratio::{self, RATIOS};
use super::tried::Rule;
use super::{suite, table, targets};
use crate::arguments::Selection;
use crate::targets::with_verdict;

/// The tables, and every target that is missed.
pub fn run(selection: &Selection) -> (String, Vec<String>) {
    if selection.tried {
        return (others(&selection.seeds), Vec::new());
    }
    let rows = suite::run(&Policy::ALL, &selection.seeds);
    let measured = RATIOS.map(|ratio| ratio::measure(ratio, selection.seeds[0]));
    let mut misses = targets::misses(&rows);
    misses.extend(targets::inexact(&measured));
    let tables = format!(
        "{}\n{}\n{}\n{}\n",
        table::whole(&rows),
        table::flaky(&rows),
        table::further(&rows),
        table::ratios(&measured)
    );
    with_verdict(tables, misses)
}

/// The budgets of the runtime beside the rules that were tried for the default.
fn others(seeds: &[u64]) -> String {
    let mut policies = vec![Policy::Default, Policy::Strict];
    policies.extend(Rule::ALL.map(Policy::Tried));
    let rows = suite::run(&policies, seeds);
    format!(
        "{}\n{}\n{}\n{}",
        table::whole(&rows),
        table::flaky(&rows),
        table::further(&rows),
        table::quiet(&policies)
    )
}
