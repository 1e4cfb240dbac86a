//! The tables, in Markdown.

use std::fmt::Write;

use super::judge::judge;
use super::measure::{Figures, Series};
use crate::measure::Rounds;
use crate::statistics::{interval, median, paired, quantile};

/// What was measured, and then the targets.
#[must_use]
pub fn tables(all: &[Figures]) -> String {
    let mut text = format!("## Figures\n\n{HEAD}");
    for figures in all {
        line(&mut text, "requests/s", figures, |of| &of.per_second);
        line(&mut text, "p99, µs", figures, |of| &of.p99);
        line(&mut text, "processor, µs a request", figures, |of| &of.cpu);
    }
    text.push_str("\n## Targets\n\n| callers | target | |\n|--:|---|---|\n");
    for figures in all {
        let targets = ["requests/s ≥ 0.99 × bare", "p99 ≤ 1.01 × bare"];
        for (target, verdict) in targets.iter().zip(judge(figures)) {
            let callers = figures.callers;
            let _ = writeln!(text, "| {callers} | {target} | {} |", verdict.name());
        }
    }
    text
}

const HEAD: &str = "\
| callers | | bare | by hand | annotated | annotated × bare, median (95 % interval) | p10–p90 of the rounds | annotated × by hand | control: bare × bare |
|--:|---|--:|--:|--:|--:|--:|--:|--:|
";

fn line(text: &mut String, what: &str, figures: &Figures, of: impl Fn(&Series) -> &Rounds) {
    let bare = of(&figures.bare);
    let by_hand = of(&figures.by_hand);
    let annotated = of(&figures.annotated);
    let ratios = |a, b| paired(a, b, |a, b| a / b);
    let felt = ratios(annotated, bare);
    let _ = writeln!(
        text,
        "| {} | {what} | {} | {} | {} | {} | {} | {} | {} |",
        figures.callers,
        figure(bare),
        figure(by_hand),
        figure(annotated),
        middle(&felt),
        spread(&felt),
        middle(&ratios(annotated, by_hand)),
        middle(&ratios(of(&figures.control), bare)),
    );
}

fn figure(rounds: &Rounds) -> String {
    median(rounds).map_or_else(none, |value| {
        let decimals = usize::from(value < 1000.0);
        format!("{value:.decimals$}")
    })
}

fn middle(ratios: &Rounds) -> String {
    match (median(ratios), interval(ratios)) {
        (Some(median), Some((low, high))) => format!("{median:.3} ({low:.3}–{high:.3})"),
        _ => none(),
    }
}

fn spread(ratios: &Rounds) -> String {
    match (quantile(ratios, 0.1), quantile(ratios, 0.9)) {
        (Some(low), Some(high)) => format!("{low:.3}–{high:.3}"),
        _ => none(),
    }
}

fn none() -> String {
    "–".to_owned()
}
