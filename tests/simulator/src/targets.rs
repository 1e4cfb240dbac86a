//! What the rules have to reach.

use crate::limiter::Algorithm;
use crate::scenario::{BASE, Side};
use crate::suite::Row;

/// Every target that a row misses, in words.
pub fn misses(rows: &[Row]) -> Vec<String> {
    let mut misses = Vec::new();
    for row in rows {
        let mut want = |holds: bool, what: String| {
            if !holds {
                misses.push(format!("{}, {}: {what}", row.label(), row.algorithm.name()));
            }
        };
        let f = &row.figures;
        let scenario = &row.scenario;
        let number = scenario.name.split(' ').next().unwrap_or_default();
        let base = scenario.mix == BASE;
        match (row.algorithm, scenario.side, number) {
            (Algorithm::Elasticity, Side::Server, "1" | "1b" | "2" | "3" | "4") => {
                let goodput = if base { 0.98 } else { 0.95 };
                want(
                    f.goodput >= goodput,
                    format!("goodput {:.3}, not {goodput}", f.goodput),
                );
                if base {
                    let most = if number == "2" { 1.8 } else { 1.3 };
                    let ratio = row.p99_ratio.unwrap_or(1.0);
                    want(
                        ratio <= most,
                        format!("p99 {ratio:.2} times the oracle's, not {most}"),
                    );
                    want(
                        f.settled <= 5.0,
                        format!("settled after {:.1} s, not 5", f.settled),
                    );
                }
                if base && number == "4" {
                    want(
                        f.needless <= 0.01,
                        format!("{:.2} % refused needlessly, not 1", f.needless * 100.0),
                    );
                }
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
    }
    misses
}
