//! All scenarios for all algorithms, and the worst of the seeds.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::limiter::Algorithm;
use crate::measure::Figures;
use crate::scenario::{self, MIXES, Scenario, Side};
use crate::world;

/// Rules are tuned on these, and on others up to 50.
pub const TUNING_SEEDS: [u64; 5] = [11, 12, 13, 14, 15];
/// Results are reported for these, which nobody looks at while tuning.
pub const REPORTING_SEEDS: [u64; 5] = [7_001, 7_002, 7_003, 7_004, 7_005];

/// What `cargo test` takes: neither tuned on nor reported.
pub const TEST_SEEDS: [u64; 2] = [501, 502];

/// Every scenario with every mix.
pub fn scenarios() -> Vec<Scenario> {
    let mut all = Vec::new();
    for mix in MIXES {
        all.extend(scenario::base(mix));
        all.push(scenario::ten_clients(mix));
        all.push(scenario::ten_clients_elastic(mix));
        all.extend(scenario::compositions(mix));
    }
    for mix in [MIXES[0], MIXES[1], MIXES[3]] {
        all.extend(scenario::long_calls(mix));
    }
    all.push(scenario::ten_clients_alone(scenario::BASE));
    all.push(scenario::two_workers(0.5));
    all.push(scenario::two_workers(2.0));
    all
}

/// Mixes and changes that no rule was tuned on.
pub fn unseen() -> Vec<Scenario> {
    let mut all = scenario::others(scenario::BASE);
    for mix in scenario::UNSEEN {
        all.extend(scenario::base(mix));
        all.extend(scenario::others(mix));
    }
    all
}

/// Those that a plot is drawn of.
pub fn plotted() -> Vec<Scenario> {
    let mut all = scenario::base(scenario::BASE);
    all.push(scenario::two_workers(0.5));
    all.push(scenario::ten_clients(scenario::BASE));
    all.push(scenario::ten_clients_elastic(scenario::BASE));
    all.push(scenario::ten_clients_alone(scenario::BASE));
    all.extend(scenario::compositions(scenario::BASE));
    all.extend(scenario::long_calls(scenario::BASE));
    all
}

/// One algorithm in one scenario: the worst of its seeds, figure by figure.
#[derive(Clone, Debug)]
pub struct Row {
    pub scenario: Scenario,
    pub algorithm: Algorithm,
    pub figures: Figures,
    /// p99 against the oracle's with the same seed; `None` where there is no oracle.
    pub p99_ratio: Option<f64>,
}

impl Row {
    pub fn label(&self) -> String {
        label(&self.scenario)
    }
}

pub fn label(scenario: &Scenario) -> String {
    format!("{}, {}", scenario.name, scenario.mix.name)
}

/// Runs them all on as many threads as there are processors.
pub fn run(scenarios: &[Scenario], algorithms: &[Algorithm], seeds: &[u64]) -> Vec<Row> {
    let mut jobs = Vec::new();
    let mut needed = algorithms.to_vec();
    if !needed.contains(&Algorithm::Oracle) {
        needed.push(Algorithm::Oracle);
    }
    for (index, scenario) in scenarios.iter().enumerate() {
        for &algorithm in &needed {
            if scenario::takes_part(scenario, algorithm) {
                jobs.extend(seeds.iter().map(|&seed| (index, algorithm, seed)));
            }
        }
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(&(index, algorithm, seed)) =
                    jobs.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let figures = world::run(&scenarios[index], algorithm, seed).figures();
                    let mut done = done.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                    done.insert((index, algorithm.name(), seed), figures);
                }
            });
        }
    });
    let done = done
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());

    let mut rows = Vec::new();
    for (index, scenario) in scenarios.iter().enumerate() {
        for &algorithm in algorithms {
            let of = |seed: u64| done.get(&(index, algorithm.name(), seed));
            let Some(figures) = seeds
                .iter()
                .filter_map(|&seed| of(seed).copied())
                .reduce(Figures::worse)
            else {
                continue;
            };
            let ratio = |&seed: &u64| {
                let oracle = done.get(&(index, Algorithm::Oracle.name(), seed))?;
                Some(of(seed)?.p99 / oracle.p99)
            };
            rows.push(Row {
                scenario: scenario.clone(),
                algorithm,
                figures,
                p99_ratio: seeds.iter().filter_map(ratio).reduce(f64::max),
            });
        }
    }
    rows
}

/// The table, in Markdown.
pub fn table(rows: &[Row]) -> String {
    use std::fmt::Write;
    let mut text = String::from(
        "| scenario | algorithm | goodput | first 30 s | worst 10 s | p99 ms | p99 / oracle | settled s | needless % | Jain | last / first | highest limit |\n\
         |---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    let mut last = String::new();
    for row in rows {
        let label = row.label();
        let shown = if label == last { "" } else { &label };
        let f = &row.figures;
        let ratio = row
            .p99_ratio
            .map_or("-".into(), |ratio| format!("{ratio:.2}"));
        let settled = if f.settled.is_finite() {
            format!("{:.1}", f.settled)
        } else {
            "never".into()
        };
        let (jain, share) = match row.scenario.side {
            Side::Client { .. } | Side::Both => {
                (format!("{:.3}", f.jain), format!("{:.2}", f.last_to_first))
            }
            Side::Server => ("-".into(), "-".into()),
        };
        let _ = writeln!(
            text,
            "| {shown} | {} | {:.3} | {:.3} | {:.3} | {:.0} | {ratio} | {settled} | {:.2} | {jain} | {share} | {:.0} |",
            row.algorithm.name(),
            f.goodput,
            f.after,
            f.worst,
            f.p99,
            f.needless * 100.0,
            f.limit_max,
        );
        last = label;
    }
    text
}
