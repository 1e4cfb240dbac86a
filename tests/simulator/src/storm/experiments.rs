//! What is tried out, and what is read off.

use super::budget::Policy;
use super::fleet::{self, Scenario, Server};
use super::pauses::Pauses;
use super::trace::Trace;

/// Processes, and the calls a second of each: a thousand in all, or nearly.
pub const FLEETS: [(u32, f64); 3] = [(500, 2.0), (50, 16.0), (10, 100.0)];

/// Before anything happens; every window is full, and every bucket at rest.
const QUIET: f64 = 60.0;

/// A hard outage of a minute.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// Attempts for each call in the first ten seconds, and in the others.
    pub first: f64,
    pub later: f64,
    /// Seconds until every process has been refused a retry.
    pub spent: f64,
    /// Attempts for each call from then on.
    pub then: f64,
}

impl Outage {
    pub fn worse(self, other: Self) -> Self {
        Self {
            first: self.first.max(other.first),
            later: self.later.max(other.later),
            spent: self.spent.max(other.spent),
            then: self.then.max(other.then),
        }
    }
}

pub fn outage(fleet: (u32, f64), policy: Policy, pauses: &Pauses, seed: u64) -> Outage {
    outage_after(QUIET, fleet, policy, pauses, seed)
}

/// The fleet is started in the outage.
pub fn cold(fleet: (u32, f64), policy: Policy, pauses: &Pauses, seed: u64) -> Outage {
    outage_after(0.0, fleet, policy, pauses, seed)
}

fn outage_after(
    quiet: f64,
    fleet: (u32, f64),
    policy: Policy,
    pauses: &Pauses,
    seed: u64,
) -> Outage {
    let end = quiet + 60.0;
    let phases = vec![(0.0, Server::Fails(0.0)), (quiet, Server::Fails(1.0))];
    let trace = run(fleet, phases, end, policy, pauses, seed);
    let spent = trace.spent(quiet);
    Outage {
        first: trace.amplification(quiet, quiet + 10.0),
        later: trace.amplification(quiet + 10.0, end),
        spent,
        then: if spent.is_finite() {
            trace.amplification(quiet + spent, end)
        } else {
            f64::INFINITY
        },
    }
}

fn run(
    (processes, rate): (u32, f64),
    phases: Vec<(f64, Server)>,
    end: f64,
    policy: Policy,
    pauses: &Pauses,
    seed: u64,
) -> Trace {
    let scenario = Scenario {
        processes,
        rate,
        phases,
        drops_expired: false,
        end,
    };
    fleet::run(&scenario, policy, pauses, seed)
}

/// The share of the calls that end well while a share of the attempts fails.
#[derive(Clone, Copy, Debug)]
pub struct Flaky {
    /// In the first minute, on full buckets, and in the sixth, when they are spent.
    pub first: f64,
    pub sixth: f64,
}

impl Flaky {
    pub fn worse(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            sixth: self.sixth.min(other.sixth),
        }
    }
}

pub fn flaky(fleet: (u32, f64), share: f64, policy: Policy, pauses: &Pauses, seed: u64) -> Flaky {
    let end = QUIET + 360.0;
    let phases = vec![(0.0, Server::Fails(0.0)), (QUIET, Server::Fails(share))];
    let trace = run(fleet, phases, end + 1.0, policy, pauses, seed);
    Flaky {
        first: trace.success(QUIET, QUIET + 60.0),
        sixth: trace.success(end - 60.0, end),
    }
}

/// Outages of a tenth of a second, twenty seconds apart: the share of the calls made in them that end well.
pub fn blips(fleet: (u32, f64), policy: Policy, pauses: &Pauses, seed: u64) -> f64 {
    let begins = |n: u32| QUIET + 20.0 * f64::from(n);
    let mut phases = vec![(0.0, Server::Fails(0.0))];
    for n in 0..10 {
        phases.push((begins(n), Server::Fails(1.0)));
        phases.push((begins(n) + 0.1, Server::Fails(0.0)));
    }
    let trace = run(fleet, phases, begins(10), policy, pauses, seed);
    let shares = (0..10).map(|n| trace.success(begins(n), begins(n) + 0.1));
    shares.sum::<f64>() / 10.0
}

/// Eight hundred calls a second, room for a thousand, and ten seconds with room for three hundred: seconds until the fleet is served
/// again.
pub fn dip(
    fleet: (u32, f64),
    drops_expired: bool,
    policy: Policy,
    pauses: &Pauses,
    seed: u64,
) -> f64 {
    let (begins, ends) = (QUIET, QUIET + 10.0);
    let end = ends + 120.0;
    let scenario = Scenario {
        processes: fleet.0,
        rate: fleet.1,
        phases: vec![
            (0.0, Server::Queue(20)),
            (begins, Server::Queue(6)),
            (ends, Server::Queue(20)),
        ],
        drops_expired,
        end,
    };
    // What is asked in the last three seconds may still be under way.
    fleet::run(&scenario, policy, pauses, seed).recovery(ends, end - 3.0)
}

/// Those of the dip: 800 calls a second.
pub const DIPPED: [(u32, f64); 3] = [(400, 2.0), (50, 16.0), (8, 100.0)];
