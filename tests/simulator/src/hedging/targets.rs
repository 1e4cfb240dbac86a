//! What the runtime's rule has to reach.

use super::bursts::Pattern;
use super::suite::{OURS, Row, UTILISATIONS};

/// Of the default settings.
const BUDGET: f64 = 0.10;
/// What was saved up comes on top of it.
const SAVED_UP: f64 = 0.005;

/// Every target that a row misses, in words.
pub fn misses(rows: &[Row]) -> Vec<String> {
    let mut misses = Vec::new();
    for row in rows {
        if row.contestant != OURS {
            continue;
        }
        let mut want = |holds: bool, what: String| {
            if !holds {
                misses.push(format!("{} client(s): {what}", row.clients));
            }
        };
        for (compared, utilisation) in row.steady.iter().zip(UTILISATIONS) {
            want(
                compared.p999 <= 1.0,
                format!(
                    "at {utilisation:.2} p99.9 is {:.2} times that without",
                    compared.p999
                ),
            );
        }
        let high = row.steady[2].figures.p999;
        want(
            high <= 60.0,
            format!("at 0.85 p99.9 is {high:.1} ms, not 60"),
        );
        for compared in row.steady.iter().chain([&row.slowdown]) {
            let share = compared.figures.share;
            want(
                share <= BUDGET + SAVED_UP,
                format!("{:.1} % are hedged", share * 100.0),
            );
        }
        let Some(after) = row.slowdown.figures.after else {
            continue;
        };
        want(
            after.completed >= 0.999,
            format!("{:.4} completed, not 0.999", after.completed),
        );
        want(
            row.slowdown.p99_slow <= 1.1,
            format!(
                "the p99 in the slowdown is {:.2} times that without",
                row.slowdown.p99_slow
            ),
        );
        want(
            row.slowdown.p99_later <= 1.0,
            format!(
                "p99 after the slowdown is {:.2} times that without",
                row.slowdown.p99_later
            ),
        );
        // Of 200 each takes more than a minute to see the calls that replace the slow ones.
        want(
            row.clients > 20 || after.p99_later <= 60.0,
            format!(
                "p99 after the slowdown is {:.1} ms, not 60",
                after.p99_later
            ),
        );
        want(
            after.recovered <= 2.0,
            format!("recovered after {:.1} s, not 2", after.recovered),
        );
    }
    misses
}

/// Patterns of traffic under which more is hedged than the budget has.
pub fn overdrawn(shares: &[(Pattern, f64)]) -> Vec<String> {
    let wrong = |&&(_, share): &&(Pattern, f64)| share > BUDGET + SAVED_UP;
    shares
        .iter()
        .filter(wrong)
        .map(|(pattern, share)| format!("{pattern:?}: {:.2} % are hedged", share * 100.0))
        .collect()
}
