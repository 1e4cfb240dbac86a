//! What is run.

use crate::limiter::Nanos;
use crate::random::Random;

use super::fleet::Work;
use super::rule::Rule;

pub const REPLICAS: usize = 20;
pub const SECOND: Nanos = 1_000_000_000;

/// The mean.
pub const SERVICE_MS: f64 = 9.0;
const CV: f64 = 0.4;
const STRAGGLERS: f64 = 0.01;
const STALL_MS: f64 = 200.0;

/// Until the estimates have settled, those of processes with few calls too.
const WARM: Nanos = 60 * SECOND;
const STEADY: Nanos = 240 * SECOND;

/// A rule, and what becomes of the losers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contestant {
    pub name: &'static str,
    pub rule: Rule,
    /// A replica stops the work on a loser, or takes it out of its line.
    pub cancel: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slowdown {
    pub start: Nanos,
    pub end: Nanos,
    pub factor: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub contestant: Contestant,
    /// Work that comes in without a hedge, stragglers' stalls included, against what the replicas can do.
    pub utilisation: f64,
    /// Processes, each with a rule of its own.
    pub clients: usize,
    pub slowdown: Option<Slowdown>,
    /// What comes before it is in no figure.
    pub from: Nanos,
    pub until: Nanos,
}

impl Scenario {
    /// Calls a second, of all clients.
    pub fn rate(&self) -> f64 {
        let cost = (SERVICE_MS + STRAGGLERS * STALL_MS) / 1e3;
        self.utilisation * REPLICAS as f64 / cost
    }
}

pub fn steady(contestant: Contestant, utilisation: f64, clients: usize) -> Scenario {
    Scenario {
        contestant,
        utilisation,
        clients,
        slowdown: None,
        from: WARM,
        until: WARM + STEADY,
    }
}

/// Ten seconds in which all replicas are 1.6 times as slow, at a utilisation of 0.70.
pub fn slowdown(contestant: Contestant, clients: usize) -> Scenario {
    let start = WARM + 10 * SECOND;
    let end = start + 10 * SECOND;
    Scenario {
        contestant,
        utilisation: 0.70,
        clients,
        slowdown: Some(Slowdown {
            start,
            end,
            factor: 1.6,
        }),
        from: WARM,
        until: end + 60 * SECOND,
    }
}

/// One attempt's.
pub fn work(random: &mut Random) -> Work {
    let service = random.lognormal(SERVICE_MS, CV);
    let stall = if random.unit() <= STRAGGLERS {
        STALL_MS
    } else {
        0.0
    };
    Work {
        service: (service * 1e6) as Nanos,
        stall: (stall * 1e6) as Nanos,
    }
}
