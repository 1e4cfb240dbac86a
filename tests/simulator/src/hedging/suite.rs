//! Every rule in every scenario, and the worst of the seeds.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use resilient_runtime::Hedge;

use super::figures::Figures;
use super::modelled::Knobs;
use super::rule::Rule;
use super::scenario::{self, Contestant, Scenario};
use super::world;

pub const UTILISATIONS: [f64; 3] = [0.30, 0.60, 0.85];

/// Client processes: few are busy, many have few samples and many buckets.
pub const CLIENTS: [usize; 3] = [1, 20, 200];

const fn of(name: &'static str, rule: Rule, cancel: bool) -> Contestant {
    Contestant { name, rule, cancel }
}

/// What all others are held against.
const NONE: Contestant = of("none", Rule::None, true);

pub const OURS: Contestant = of("runtime", Rule::Hedger(Hedge::new()), true);
pub const OURS_RUN_ON: Contestant = of("runtime, losers run on", OURS.rule, false);

pub const CONTESTANTS: [Contestant; 8] = [
    NONE,
    of("18.5 ms", Rule::Fixed, true),
    of("18.5 ms, losers run on", Rule::Fixed, false),
    of("winners only", Rule::WinnersOnly, true),
    of("winners only, losers run on", Rule::WinnersOnly, false),
    of("runtime, budget 5 %", FIVE_PERCENT, true),
    OURS,
    OURS_RUN_ON,
];

const FIVE_PERCENT: Rule = Rule::Hedger(Hedge::new().budget(0.05));

const fn tried(name: &'static str, knobs: Knobs) -> Contestant {
    of(name, Rule::Modelled(knobs), true)
}

const fn tried_run_on(name: &'static str, knobs: Knobs) -> Contestant {
    of(name, Rule::Modelled(knobs), false)
}

const MODEL: Knobs = Knobs::DEFAULT;
const fn bucket(hedges: f64) -> Knobs {
    Knobs {
        cap: hedges,
        span: 0.0,
        ..MODEL
    }
}

/// Other rules for the estimate and for the budget.
pub const TRIED: [Contestant; 15] = [
    tried("bucket of 5, or of 0.5 s", MODEL),
    tried(
        "losers not counted",
        Knobs {
            censored: false,
            ..MODEL
        },
    ),
    tried("halves of 100", Knobs { half: 100, ..MODEL }),
    tried(
        "halves of 1000",
        Knobs {
            half: 1000,
            ..MODEL
        },
    ),
    tried(
        "p90, budget 20 %",
        Knobs {
            percentile: 90.0,
            budget: 0.2,
            ..MODEL
        },
    ),
    tried(
        "p98",
        Knobs {
            percentile: 98.0,
            ..MODEL
        },
    ),
    tried(
        "budget 20 %",
        Knobs {
            budget: 0.2,
            ..MODEL
        },
    ),
    tried("bucket of 3", bucket(3.0)),
    tried("bucket of 10", bucket(10.0)),
    tried("bucket of 30", bucket(30.0)),
    tried("bucket of 100", bucket(100.0)),
    tried_run_on("bucket of 5, or of 0.5 s, losers run on", MODEL),
    tried_run_on("bucket of 10, losers run on", bucket(10.0)),
    tried_run_on("bucket of 30, losers run on", bucket(30.0)),
    tried_run_on("bucket of 100, losers run on", bucket(100.0)),
];

/// A rule: the worst of its seeds, figure by figure.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub contestant: Contestant,
    pub clients: usize,
    /// By utilisation.
    pub steady: [Compared; 3],
    pub slowdown: Compared,
}

/// The worst of the seeds, and against no hedges with the same seed.
#[derive(Clone, Copy, Debug)]
pub struct Compared {
    pub figures: Figures,
    /// The 99.9th percentile.
    pub p999: f64,
    /// The 99th in the slowdown, and afterwards.
    pub p99_slow: f64,
    pub p99_later: f64,
}

impl Compared {
    fn new(figures: Figures, without: Figures) -> Self {
        let (p99_slow, p99_later) = match (figures.after, without.after) {
            (Some(one), Some(other)) => (one.p99 / other.p99, one.p99_later / other.p99_later),
            _ => (1.0, 1.0),
        };
        Self {
            figures,
            p999: figures.p999 / without.p999,
            p99_slow,
            p99_later,
        }
    }

    fn worse(self, other: Self) -> Self {
        Self {
            figures: self.figures.worse(other.figures),
            p999: self.p999.max(other.p999),
            p99_slow: self.p99_slow.max(other.p99_slow),
            p99_later: self.p99_later.max(other.p99_later),
        }
    }
}

fn scenarios(contestant: Contestant, clients: usize) -> [Scenario; 4] {
    let [low, middle, high] =
        UTILISATIONS.map(|utilisation| scenario::steady(contestant, utilisation, clients));
    [low, middle, high, scenario::slowdown(contestant, clients)]
}

/// Runs them on as many threads as there are processors.
pub fn run(contestants: &[Contestant], clients: &[usize], seeds: &[u64]) -> Vec<Row> {
    let mut lines = Vec::new();
    for &clients in clients {
        lines.extend([NONE].iter().chain(contestants).map(|&one| (one, clients)));
    }
    let mut jobs = Vec::new();
    for (line, &(contestant, clients)) in lines.iter().enumerate() {
        for (number, scenario) in scenarios(contestant, clients).into_iter().enumerate() {
            jobs.extend(
                seeds
                    .iter()
                    .map(|&seed| (line, number, seed, scenario.clone())),
            );
        }
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((line, number, seed, scenario)) =
                    jobs.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let figures = world::run(scenario, *seed).figures(scenario);
                    let mut done = done.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                    done.insert((*line, *number, *seed), figures);
                }
            });
        }
    });
    let done = done
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());

    let mut rows = Vec::new();
    let mut without = 0;
    for (line, &(contestant, clients)) in lines.iter().enumerate() {
        // The first line of a number of clients is what the others are held against.
        if line % (contestants.len() + 1) == 0 {
            without = line;
            continue;
        }
        let compared = |number: usize| {
            let of_seed = |&seed: &u64| {
                let of = |line| done.get(&(line, number, seed)).copied();
                Some(Compared::new(of(line)?, of(without)?))
            };
            seeds.iter().filter_map(of_seed).reduce(Compared::worse)
        };
        let [Some(low), Some(middle), Some(high), Some(slowdown)] = [0, 1, 2, 3].map(compared)
        else {
            continue;
        };
        rows.push(Row {
            contestant,
            clients,
            steady: [low, middle, high],
            slowdown,
        });
    }
    rows
}
