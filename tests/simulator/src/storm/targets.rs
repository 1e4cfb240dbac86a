//! What the budgets of the runtime have to reach.

use super::budget::Policy;
use super::ratio::Measured;
use super::suite::Row;

/// Every target that a row misses, in words.
pub fn misses(rows: &[Row]) -> Vec<String> {
    let mut misses = Vec::new();
    for row in rows {
        let f = &row.figures;
        let (strict, recovered) = match row.policy {
            Policy::Strict => (true, 30.0),
            Policy::Default => (false, 60.0),
            _ => continue,
        };
        let mut most = |what: &str, figure: f64, most: f64| {
            if figure > most {
                misses.push(format!(
                    "{}, {what}: {figure:.3}, not {most}",
                    row.policy.name()
                ));
            }
        };
        for (fleet, outage) in ["500 x 2", "50 x 16", "10 x 100"]
            .into_iter()
            .zip(f.outages)
        {
            if strict {
                most(&format!("{fleet}, first 10 s"), outage.first, 1.5);
                most(&format!("{fleet}, after 10 s"), outage.later, 1.1);
            } else {
                most(
                    &format!("{fleet}, s until the bucket is spent"),
                    outage.spent,
                    30.0,
                );
                most(&format!("{fleet}, once it is spent"), outage.then, 1.1);
            }
        }
        // Ten processes of a hundred have next to nothing but what successes earn, and a tenth of those is not enough.
        for (fleet, flaky) in ["500 x 2", "50 x 16"].into_iter().zip(f.flaky[0]) {
            for (minute, share) in [("first", flaky.first), ("sixth", flaky.sixth)] {
                most(
                    &format!("{fleet}, failed of those at 10 %, {minute} minute"),
                    1.0 - share,
                    0.01,
                );
            }
        }
        most("s after the dip", f.dips[1], recovered);
        most("s after the dip, expired dropped", f.dropped[1], 1.0);
    }
    misses
}

/// Ratios that are off by more than a hundredth.
pub fn inexact(measured: &[Measured]) -> Vec<String> {
    let wrong = |row: &&Measured| (row.ours / row.ratio - 1.0).abs() > 0.01;
    measured
        .iter()
        .filter(wrong)
        .map(|row| format!("ratio {}: {:.4}", row.ratio, row.ours))
        .collect()
}
