//! What the rules have to reach.

use std::fmt;

use crate::limiter::Algorithm;
use crate::scenario::{BASE, Side};
use crate::suite::Row;

/// What rows come to.
#[derive(Debug, Default)]
pub struct Judged {
    /// How many targets apply to them.
    pub targets: usize,
    /// Every target that a row misses, in words.
    pub misses: Vec<String>,
    /// What would be missed if every mix and change had the targets of the base scenarios in the base mix.
    pub beyond: Vec<String>,
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for miss in &self.misses {
            writeln!(f, "Missed: {miss}")?;
        }
        if self.targets == 0 {
            writeln!(f, "No target applies.")?;
        } else if self.misses.is_empty() {
            writeln!(
                f,
                "Every target that applies is met: all in the base mix, goodput in the others."
            )?;
        }
        if !self.beyond.is_empty() {
            writeln!(
                f,
                "\nNot asserted; beyond what the base scenarios have to reach in the base mix:\n"
            )?;
        }
        for beyond in &self.beyond {
            writeln!(f, "- {beyond}")?;
        }
        Ok(())
    }
}

/// `tables`, and below them what is missed of their targets, if anything is.
pub fn with_verdict(mut tables: String, misses: Vec<String>) -> (String, Vec<String>) {
    for miss in &misses {
        tables += &format!("Missed: {miss}\n");
    }
    if misses.is_empty() {
        tables += "Every target is met.\n";
    }
    (tables, misses)
}

/// Holds rows against the targets.
pub fn judge(rows: &[Row]) -> Judged {
    let mut judged = Judged::default();
    for row in rows {
        let f = &row.figures;
        let mut want = |holds: bool, what: String| {
            judged.targets += 1;
            if !holds {
                let name = row.algorithm.name();
                judged
                    .misses
                    .push(format!("{}, {name}: {what}", row.label()));
            }
        };
        let scenario = &row.scenario;
        let number = scenario.name.split(' ').next().unwrap_or_default();
        let base = scenario.mix == BASE;
        let strictly = matches!(
            number,
            "1" | "1b" | "2" | "3" | "4" | "12" | "12b" | "13" | "13b"
        );
        match (row.algorithm, scenario.side, number) {
            (Algorithm::Elasticity, Side::Server, _) if base && strictly => {
                for (holds, what) in strict(row, number, number == "4") {
                    want(holds, what);
                }
            }
            (Algorithm::Elasticity, Side::Server, _) if strictly => {
                let least = if scenario.long.is_some() { 0.9 } else { 0.95 };
                want(
                    f.goodput >= least,
                    format!("goodput {:.3}, not {least}", f.goodput),
                );
            }
            // A rule that runs away ends at 1000, and at seconds of latency.
            (Algorithm::Elasticity, Side::Server, "5") => {
                want(
                    f.limit_max <= 100.0,
                    format!("the limit ran up to {:.0}", f.limit_max),
                );
                want(f.p99 <= 500.0, format!("p99 of {:.0} ms", f.p99));
            }
            (Algorithm::Elasticity, Side::Server, "7") => {
                want(
                    f.worst >= 0.95,
                    format!("goodput {:.3} in some ten seconds, not 0.95", f.worst),
                );
            }
            (Algorithm::Aimd, Side::Client { .. } | Side::Both, "6" | "6b") => {
                want(
                    f.goodput >= 0.98,
                    format!("goodput {:.3}, not 0.98", f.goodput),
                );
                want(f.jain >= 0.98, format!("Jain {:.3}, not 0.98", f.jain));
            }
            _ => {}
        }
        let asserted = base && strictly;
        if row.algorithm == Algorithm::Elasticity && scenario.side == Side::Server && !asserted {
            let missed: Vec<String> = strict(row, number, true)
                .into_iter()
                .filter_map(|(holds, what)| (!holds).then_some(what))
                .collect();
            if !missed.is_empty() {
                judged
                    .beyond
                    .push(format!("{}: {}", row.label(), missed.join("; ")));
            }
        }
    }
    judged
}

/// What the base scenarios have to reach in the base mix: whether a row does, and what it has instead.
fn strict(row: &Row, number: &str, refusals: bool) -> Vec<(bool, String)> {
    let f = &row.figures;
    let most = if number == "2" { 1.8 } else { 1.3 };
    let ratio = row.p99_ratio.unwrap_or(1.0);
    let mut wants = vec![
        (
            f.goodput >= 0.98,
            format!("goodput {:.3}, not 0.98", f.goodput),
        ),
        (
            ratio <= most,
            format!("p99 {ratio:.2} times the oracle's, not {most}"),
        ),
        (
            f.settled <= 5.0,
            format!("settled after {:.1} s, not 5", f.settled),
        ),
    ];
    if refusals {
        wants.push((
            f.needless <= 0.01,
            format!("{:.2} % refused needlessly, not 1", f.needless * 100.0),
        ));
    }
    wants
}
