//! The tables, in Markdown.

use std::fmt::Write;

use super::bursts::Pattern;
use super::suite::{Row, UTILISATIONS};

/// Those of each number of clients.
pub fn whole(rows: &[Row]) -> String {
    let mut text = String::new();
    for rows in rows.chunk_by(|one, other| one.clients == other.clients) {
        let clients = rows[0].clients;
        let processes = if clients == 1 { "process" } else { "processes" };
        let _ = writeln!(text, "## {clients} client {processes}\n");
        text.push_str(&steady(rows));
        text.push_str(&slowdown(rows));
    }
    text
}

fn steady(rows: &[Row]) -> String {
    let [low, middle, high] = UTILISATIONS;
    let mut text = format!(
        "| p50 / p99 / p99.9 in ms, hedges | at {low:.2} | {middle:.2} | {high:.2} |\n|---|--:|--:|--:|\n"
    );
    for row in rows {
        let _ = write!(text, "| {} |", row.contestant.name);
        for compared in &row.steady {
            let f = &compared.figures;
            let _ = write!(
                text,
                " {:.0} / {:.0} / {:.0}, {:.1} % |",
                f.p50,
                f.p99,
                f.p999,
                f.share * 100.0
            );
        }
        text.push('\n');
    }
    text.push('\n');
    text
}

fn slowdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "| ten seconds 1.6 times as slow, at 0.70 | completed | p99 ms | against none | p99 ms afterwards | hedges meanwhile | recovered after s |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
    );
    for row in rows {
        let Some(after) = row.slowdown.figures.after else {
            continue;
        };
        let recovered = if after.recovered.is_finite() {
            format!("{:.1}", after.recovered)
        } else {
            "never".into()
        };
        let _ = writeln!(
            text,
            "| {} | {:.4} | {:.0} | {:.2} | {:.0} | {:.1} % | {recovered} |",
            row.contestant.name,
            after.completed,
            after.p99,
            row.slowdown.p99_slow,
            after.p99_later,
            after.share * 100.0,
        );
    }
    text.push('\n');
    text
}

/// What the budget lets through while calls come and go.
pub fn bursts(shares: &[(Pattern, f64)]) -> String {
    let mut text = String::from("| seconds of calls a second, in turn | hedges |\n|---|--:|\n");
    for ([(one, busy), (other, quiet)], share) in shares {
        let _ = writeln!(
            text,
            "| {one} of {busy}, {other} of {quiet} | {:.2} % |",
            share * 100.0
        );
    }
    text.push('\n');
    text
}
