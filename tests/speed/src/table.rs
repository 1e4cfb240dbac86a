//! The tables, in Markdown.

use std::fmt::Write;

use crate::body::Body;
use crate::case::{Path, Whose};
use crate::measure::{Figures, Rounds};
use crate::statistics::{median, over, quantile, ratio};

/// One table for each path.
#[must_use]
pub fn tables(all: &[Figures]) -> String {
    let mut text = String::new();
    for path in Path::ALL {
        let rows: Vec<&Figures> = all.iter().filter(|row| row.path == path).collect();
        if !rows.is_empty() {
            let _ = write!(text, "### {}\n\n{HEAD}", path.name());
            for row in rows {
                line(&mut text, all, row);
            }
            text.push('\n');
        }
    }
    text
}

const HEAD: &str = "\
| body | | ns a call (p10–p90) | over bare | × bare | × best peer | allocations (bytes) | future | two tasks, million calls/s | × one task |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|
";

fn line(text: &mut String, all: &[Figures], row: &Figures) {
    let bare = bare(all, row).filter(|bare| !std::ptr::eq(*bare, row) && row.path != Path::Floor);
    let best = best_peer(all, row.path, row.body).filter(|_| row.path != Path::Bare);
    let name = match row.whose {
        Whose::Ours => format!("**{}**", row.name),
        Whose::Peers | Whose::InPart | Whose::Nobodys => row.name.to_owned(),
    };
    let to = |other: Option<&Figures>, by: fn(&Rounds, &Rounds) -> Option<f64>| {
        other.and_then(|other| by(&row.call, &other.call))
    };
    let _ = writeln!(
        text,
        "| {} | {name} | {} | {} | {} | {} | {} | {} B | {} | {} |",
        row.body.name(),
        spread(&row.call),
        shown(to(bare, over), |ns| format!("{ns:+.1} ns")),
        shown(to(bare, ratio), times),
        shown(to(best, ratio), times),
        allocated(row),
        row.size,
        shown(median(&row.beside), |ns| significant(1e3 / ns)),
        shown(ratio(&row.alone, &row.beside), times),
    );
}

/// The bare call of the same body.
#[must_use]
pub fn bare<'a>(all: &'a [Figures], row: &Figures) -> Option<&'a Figures> {
    // What is refused never gets to the body.
    let body = if row.body == Body::Refused {
        Body::Ready
    } else {
        row.body
    };
    all.iter()
        .find(|other| other.path == Path::Bare && other.body == body)
}

/// The fastest peer that does the same.
#[must_use]
pub fn best_peer(all: &[Figures], path: Path, body: Body) -> Option<&Figures> {
    all.iter()
        .filter(|row| row.path == path && row.body == body && row.whose == Whose::Peers)
        .filter_map(|row| Some((median(&row.call)?, row)))
        .min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, row)| row)
}

fn spread(rounds: &Rounds) -> String {
    let [low, middle, high] = [0.1, 0.5, 0.9].map(|share| quantile(rounds, share));
    match (low, middle, high) {
        (Some(low), Some(middle), Some(high)) => format!("{middle:.1} ({low:.1}–{high:.1})"),
        _ => "no clean sample".to_owned(),
    }
}

fn allocated(row: &Figures) -> String {
    let per_call = row.allocated;
    if per_call.times == 0.0 {
        "0".to_owned()
    } else {
        format!("{} ({:.0})", significant(per_call.times), per_call.bytes)
    }
}

pub(crate) fn shown(value: Option<f64>, format: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "–".to_owned(), format)
}

pub(crate) fn times(ratio: f64) -> String {
    format!("×{}", significant(ratio))
}

/// Three figures that matter.
fn significant(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 0.1 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    text.strip_suffix(".00").map_or(text.clone(), str::to_owned)
}
