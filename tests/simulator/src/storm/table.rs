//! The tables, in Markdown.

use std::fmt::Write;

use super::budget::Policy;
use super::experiments::{Flaky, Outage};
use super::ratio::Measured;
use super::suite::Row;
use super::tried::granted;

fn seconds(seconds: f64) -> String {
    if seconds.is_finite() {
        format!("{seconds:.1}")
    } else {
        "never".into()
    }
}

fn at_first_and_later(outage: &Outage) -> String {
    format!("{:.2} / {:.2}", outage.first, outage.later)
}

fn spent(outage: &Outage) -> String {
    if outage.spent.is_finite() {
        format!("{:.1} / {:.2}", outage.spent, outage.then)
    } else {
        "never".into()
    }
}

fn minutes(flaky: &Flaky) -> String {
    format!("{:.3} / {:.3}", flaky.first, flaky.sixth)
}

/// Outages, failures, dips.
pub fn whole(rows: &[Row]) -> String {
    let mut text = String::from(
        "| budget | 500 x 2 | 50 x 16 | 10 x 100 | 10 % fail | 30 % fail | dip, s | dip, expired dropped, s |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for row in rows {
        let f = &row.figures;
        let [a, b, c] = f.outages.map(|outage| at_first_and_later(&outage));
        let [ten, thirty] = f.flaky.map(|[_, even, _]| minutes(&even));
        let _ = writeln!(
            text,
            "| {} | {a} | {b} | {c} | {ten} | {thirty} | {} | {} |",
            row.policy.name(),
            seconds(f.dips[1]),
            seconds(f.dropped[1]),
        );
    }
    text
}

/// When budgets are spent, fleets that start in an outage, blips, and dips of other fleets.
pub fn further(rows: &[Row]) -> String {
    let mut text = String::from(
        "| budget | spent after s: 500 x 2 | 50 x 16 | 10 x 100 | started in it: 500 x 2 | blips: 10 x 100 | dip, s: 400 x 2 | 8 x 100 | expired dropped, s: 400 x 2 | 8 x 100 |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for row in rows {
        let f = &row.figures;
        let [a, b, c] = f.outages.map(|outage| spent(&outage));
        let _ = writeln!(
            text,
            "| {} | {a} | {b} | {c} | {} | {:.3} | {} | {} | {} | {} |",
            row.policy.name(),
            at_first_and_later(&f.cold),
            f.blips,
            seconds(f.dips[0]),
            seconds(f.dips[2]),
            seconds(f.dropped[0]),
            seconds(f.dropped[2]),
        );
    }
    text
}

/// Failures, by fleet.
pub fn flaky(rows: &[Row]) -> String {
    let mut text = String::from(
        "| budget | 10 % fail: 500 x 2 | 50 x 16 | 10 x 100 | 30 % fail: 500 x 2 | 50 x 16 | 10 x 100 |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
    );
    for row in rows {
        let _ = write!(text, "| {} |", row.policy.name());
        for flaky in row.figures.flaky.as_flattened() {
            let _ = write!(text, " {} |", minutes(flaky));
        }
        text.push('\n');
    }
    text
}

/// What a success really earns.
pub fn ratios(measured: &[Measured]) -> String {
    let mut text = String::from("| ratio | ours | tower |\n|--:|--:|--:|\n");
    for row in measured {
        let _ = writeln!(
            text,
            "| {} | {:.4} | {:.4} |",
            row.ratio, row.ours, row.tower
        );
    }
    text
}

/// What the tests of one process get.
pub fn quiet(policies: &[Policy]) -> String {
    let mut text = String::from(
        "| budget, of 99 retries | at once | a second each | amid ten that succeed | both |\n\
         |---|--:|--:|--:|--:|\n",
    );
    for &policy in policies {
        let [a, b, c, d] = [(0, 0.0), (0, 1.0), (10, 0.0), (10, 1.0)]
            .map(|(plain, lasts)| granted(policy, plain, lasts));
        let _ = writeln!(text, "| {} | {a} | {b} | {c} | {d} |", policy.name());
    }
    text
}
