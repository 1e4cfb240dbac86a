//! Every budget through every experiment, and the worst of the seeds.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::budget::Policy;
use super::experiments::{self as experiment, DIPPED, FLEETS, Flaky, Outage};
use super::pauses::Pauses;

/// What a budget comes to.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// By fleet.
    pub outages: [Outage; 3],
    /// Of 500 processes that are started in the outage.
    pub cold: Outage,
    /// At 10 % and at 30 % failures, by fleet.
    pub flaky: [[Flaky; 3]; 2],
    pub blips: f64,
    /// By fleet: seconds until it has recovered from a dip, and when the server drops what has expired.
    pub dips: [f64; 3],
    pub dropped: [f64; 3],
}

impl Figures {
    pub fn of(policy: Policy, pauses: &Pauses, seed: u64) -> Self {
        let dips = |drops| DIPPED.map(|fleet| experiment::dip(fleet, drops, policy, pauses, seed));
        let flaky =
            |share| FLEETS.map(|fleet| experiment::flaky(fleet, share, policy, pauses, seed));
        let [slow, _, busy] = FLEETS;
        Self {
            outages: FLEETS.map(|fleet| experiment::outage(fleet, policy, pauses, seed)),
            cold: experiment::cold(slow, policy, pauses, seed),
            flaky: [0.1, 0.3].map(flaky),
            blips: experiment::blips(busy, policy, pauses, seed),
            dips: dips(false),
            dropped: dips(true),
        }
    }

    fn worse(self, other: Self) -> Self {
        let longer = |these: [f64; 3], those: [f64; 3]| [0, 1, 2].map(|n| these[n].max(those[n]));
        Self {
            outages: [0, 1, 2].map(|n| self.outages[n].worse(other.outages[n])),
            cold: self.cold.worse(other.cold),
            flaky: [0, 1].map(|s| [0, 1, 2].map(|n| self.flaky[s][n].worse(other.flaky[s][n]))),
            blips: self.blips.min(other.blips),
            dips: longer(self.dips, other.dips),
            dropped: longer(self.dropped, other.dropped),
        }
    }
}

/// A budget, and the worst of its seeds, figure by figure.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub policy: Policy,
    pub figures: Figures,
}

/// On as many threads as there are processors.
pub fn run(policies: &[Policy], seeds: &[u64]) -> Vec<Row> {
    let pauses = Pauses::draw();
    let jobs: Vec<(usize, u64)> = (0..policies.len())
        .flat_map(|place| seeds.iter().map(move |&seed| (place, seed)))
        .collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::<usize, Figures>::new());
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(&(place, seed)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let figures = Figures::of(policies[place], &pauses, seed);
                    let mut done = done.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                    let worst = done
                        .get(&place)
                        .map_or(figures, |&worst| worst.worse(figures));
                    done.insert(place, worst);
                }
            });
        }
    });
    let done = done
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let row = |(place, figures): (usize, Figures)| Row {
        policy: policies[place],
        figures,
    };
    done.into_iter().map(row).collect()
}
