//! A scenario as a plot: limit, goodput and latency over time.

use std::fmt::Write;

use crate::limiter::Algorithm;
use crate::measure::Record;
use crate::scenario::Scenario;
use crate::suite;
use crate::world;

const WIDTH: f64 = 880.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 864.0;
const TOP: f64 = 64.0;
const HEIGHT: f64 = 130.0;
const GAP: f64 = 44.0;

/// Readable on light and dark ground: lines of middle brightness, and text that follows the reader's choice.
const STYLE: &str = "text{font:12px sans-serif;fill:#333}.t{font-size:15px;font-weight:600}.g{stroke:#8884;fill:none}\
.c{stroke:#888;stroke-dasharray:4 3}polyline{fill:none;stroke-width:1.4}rect{fill:#fff}\
@media(prefers-color-scheme:dark){text{fill:#ddd}rect{fill:#161616}}";

fn color(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Oracle => "#888888",
        Algorithm::None => "#b07aa1",
        Algorithm::Elasticity => "#1f9d55",
        Algorithm::Aimd => "#3b82f6",
        Algorithm::Gradient2 => "#e67e22",
        Algorithm::Vegas => "#d64545",
        Algorithm::Slope | Algorithm::Counted | Algorithm::Fixed(_) => "#999999",
    }
}

/// One value each half second.
struct Series {
    limit: Vec<f64>,
    goodput: Vec<f64>,
    latency: Vec<f64>,
}

const BINS: usize = 5;
const STEP: f64 = 0.5;

fn series(record: &Record) -> Series {
    let mut series = Series {
        limit: Vec::new(),
        goodput: Vec::new(),
        latency: Vec::new(),
    };
    for (index, bins) in record.bins.chunks_exact(BINS).enumerate() {
        let from = index as f64 * STEP;
        let answered: u32 = bins.iter().map(|bin| bin.answered).sum();
        let sum: f64 = bins.iter().map(|bin| bin.latency).sum();
        let limit: f64 = bins.iter().map(|bin| bin.limit).sum();
        series.limit.push(limit / BINS as f64);
        series
            .goodput
            .push(record.goodput(from, from + STEP).min(1.3));
        series.latency.push(if answered > 0 {
            1e3 * sum / f64::from(answered)
        } else {
            f64::NAN
        });
    }
    series
}

/// The plot of one seed.
pub fn plot(scenario: &Scenario, algorithms: &[Algorithm], seed: u64) -> String {
    let drawn: Vec<(Algorithm, Series)> = algorithms
        .iter()
        .map(|&algorithm| (algorithm, series(&world::run(scenario, algorithm, seed))))
        .collect();
    let height = TOP + 3.0 * (HEIGHT + GAP);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\
         <title>{0}</title><style>{STYLE}</style><rect width=\"{WIDTH}\" height=\"{height}\"/>\
         <text class=\"t\" x=\"{LEFT}\" y=\"24\">{0}</text>\n",
        suite::label(scenario)
    );
    for (index, (algorithm, _)) in drawn.iter().enumerate() {
        let x = LEFT + 110.0 * index as f64;
        let _ = writeln!(
            text,
            "<line x1=\"{x}\" x2=\"{}\" y1=\"40\" y2=\"40\" stroke=\"{}\" stroke-width=\"3\"/><text x=\"{}\" y=\"44\">{}</text>",
            x + 18.0,
            color(*algorithm),
            x + 24.0,
            algorithm.name(),
        );
    }
    let limits = |series: &Series| series.limit.clone();
    let highest = |pick: &dyn Fn(&Series) -> Vec<f64>, skip: &[Algorithm]| {
        drawn
            .iter()
            .filter(|(algorithm, _)| !skip.contains(algorithm))
            .flat_map(|(_, series)| pick(series))
            .filter(|value| value.is_finite())
            .fold(0.0, f64::max)
    };
    // What has no bound would flatten all the rest.
    let top = highest(&limits, &[Algorithm::None]).min(300.0);
    panel(&mut text, scenario, 0, "limit", top, &drawn, &limits);
    let goodput = |series: &Series| series.goodput.clone();
    panel(
        &mut text,
        scenario,
        1,
        "goodput / ideal",
        1.3,
        &drawn,
        &goodput,
    );
    let latency = |series: &Series| series.latency.clone();
    let top = highest(&latency, &[Algorithm::None]).clamp(60.0, 400.0);
    panel(
        &mut text,
        scenario,
        2,
        "mean latency, ms",
        top,
        &drawn,
        &latency,
    );
    text.push_str("</svg>\n");
    text
}

fn panel(
    text: &mut String,
    scenario: &Scenario,
    row: usize,
    name: &str,
    top: f64,
    drawn: &[(Algorithm, Series)],
    pick: &dyn Fn(&Series) -> Vec<f64>,
) {
    let upper = TOP + row as f64 * (HEIGHT + GAP) + 16.0;
    let lower = upper + HEIGHT;
    let x = |seconds: f64| LEFT + (RIGHT - LEFT) * seconds / scenario.end;
    let y = |value: f64| lower - HEIGHT * (value / top).clamp(0.0, 1.0);
    let _ = writeln!(
        text,
        "<text x=\"{LEFT}\" y=\"{}\">{name}</text>",
        upper - 6.0
    );
    for part in 0..=4 {
        let value = top * f64::from(part) / 4.0;
        let at = y(value);
        let shown = if top < 10.0 {
            format!("{value:.2}")
        } else {
            format!("{value:.0}")
        };
        let _ = writeln!(
            text,
            "<line class=\"g\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{shown}</text>",
            LEFT - 6.0,
            at + 4.0,
        );
    }
    for phase in &scenario.phases[1..] {
        let at = x(phase.0);
        let _ = writeln!(
            text,
            "<line class=\"c\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{upper}\" y2=\"{lower}\"/>"
        );
    }
    let mut second = 0.0;
    while second <= scenario.end {
        let _ = writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{second:.0} s</text>",
            x(second),
            lower + 15.0,
        );
        second += 20.0;
    }
    for (algorithm, series) in drawn {
        // An end to the line wherever there is no value.
        let mut points = String::new();
        let mut lines = Vec::new();
        for (index, value) in pick(series).into_iter().enumerate() {
            let seconds = (index as f64 + 0.5) * STEP;
            if !value.is_finite() || seconds > scenario.end {
                lines.push(std::mem::take(&mut points));
                continue;
            }
            let _ = write!(points, "{:.1},{:.1} ", x(seconds), y(value));
        }
        lines.push(points);
        for line in lines.iter().filter(|line| !line.is_empty()) {
            let _ = writeln!(
                text,
                "<polyline stroke=\"{}\" points=\"{}\"/>",
                color(*algorithm),
                line.trim_end()
            );
        }
    }
}
