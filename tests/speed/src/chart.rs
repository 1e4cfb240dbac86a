//! The stack beside its peers, as a chart.

use std::fmt::Write;

use crate::body::Body;
use crate::case::{Path, Whose};
use crate::measure::Figures;
use crate::statistics::median;

const WIDTH: f64 = 880.0;
const LEFT: f64 = 440.0;
const RIGHT: f64 = 800.0;
const TOP: f64 = 52.0;
const BAR: f64 = 18.0;
const STEP: f64 = 26.0;
const GAP: f64 = 40.0;

/// Readable on light and dark ground.
const STYLE: &str = "text{font:13px sans-serif;fill:#333}.t{font-size:15px;font-weight:600}.n{text-anchor:end}\
.ground{fill:#fff}.ours{fill:#1f9d55}.peer{fill:#3b82f6}.part{fill:#888}\
@media(prefers-color-scheme:dark){text{fill:#ddd}.ground{fill:#161616}}";

/// `None` if the stack was not measured.
#[must_use]
pub fn chart(all: &[Figures]) -> Option<String> {
    let bodies = [Body::Ready, Body::Yields];
    let groups = bodies.map(|body| rows(all, body));
    let longest = groups
        .iter()
        .flatten()
        .map(|(_, ns)| *ns)
        .max_by(f64::total_cmp)?;
    let mut text = String::new();
    let mut y = TOP;
    for (body, rows) in bodies.iter().zip(&groups) {
        let _ = writeln!(
            text,
            "<text class=\"t\" x=\"16\" y=\"{y}\">the body {}</text>",
            body.name()
        );
        y += 14.0;
        for (row, ns) in rows {
            bar(&mut text, row, *ns, longest, y);
            y += STEP;
        }
        y += GAP;
    }
    let height = y - GAP + 8.0;
    let title = format!("{}: nanoseconds a call", Path::Stack.name());
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\
         <title>{title}</title><style>{STYLE}</style>\
         <rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>\
         <text class=\"t\" x=\"16\" y=\"24\">{title}</text>\n{text}</svg>\n"
    ))
}

fn rows(all: &[Figures], body: Body) -> Vec<(&Figures, f64)> {
    let bare = all.iter().filter(|row| row.path == Path::Bare);
    let stack = all.iter().filter(|row| row.path == Path::Stack);
    bare.chain(stack)
        .filter(|row| row.body == body)
        .filter_map(|row| Some((row, median(&row.call)?)))
        .collect()
}

fn bar(text: &mut String, row: &Figures, ns: f64, longest: f64, y: f64) {
    let class = match row.whose {
        Whose::Ours => "ours",
        Whose::Peers => "peer",
        Whose::InPart | Whose::Nobodys => "part",
    };
    let name = row.name.replace('`', "");
    let length = (RIGHT - LEFT) * ns / longest;
    let middle = y + 13.5;
    let _ = writeln!(
        text,
        "<text class=\"n\" x=\"{}\" y=\"{middle}\">{name}</text>\
         <rect class=\"{class}\" x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"{BAR}\"/>\
         <text x=\"{:.1}\" y=\"{middle}\">{ns:.0} ns</text>",
        LEFT - 8.0,
        LEFT + length + 6.0,
    );
}
