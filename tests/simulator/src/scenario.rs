//! What happens to a server, and who calls it.

use crate::limiter::Algorithm;
use crate::station::Discipline;

/// Seconds.
pub type Seconds = f64;

/// What there is to know; a limiter does not know it.
#[derive(Clone, Copy, Debug)]
pub struct Truth {
    pub workers: u32,
    /// Calls a second.
    pub rate: f64,
    /// Mean service time.
    pub service: Seconds,
    /// Time that each call waits for something else, which costs no worker.
    pub dependency: Seconds,
}

impl Truth {
    /// Calls a second that can be served.
    pub fn capacity(&self) -> f64 {
        f64::from(self.workers) / self.service
    }
}

/// Where the limiter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// One before the server.
    Server,
    /// One in each client; the server refuses above so many at once, if it refuses at all.
    Client { bulkhead: Option<u32> },
    /// One in each client, and before the server the rule for servers.
    Both,
}

/// Calls beside those that are measured: each keeps its place for long, and needs no worker.
#[derive(Clone, Copy, Debug)]
pub struct Long {
    pub from: Seconds,
    /// So many come at once, and ask until they are let in.
    pub at_once: u32,
    /// So many more for each call that is measured.
    pub share: f64,
    pub lasts: Seconds,
}

/// One run.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub mix: Mix,
    /// From when on which truth holds; the first from zero.
    pub phases: Vec<(Seconds, Truth)>,
    /// Everything is measured from here.
    pub change: Seconds,
    pub end: Seconds,
    pub side: Side,
    pub clients: u32,
    /// How long after each other the clients come.
    pub apart: Seconds,
    /// Clients retry and have a breaker.
    pub policies: bool,
    /// Clients give up after this, and what they asked for is given up with it.
    pub timeout: Option<Seconds>,
    /// An answer that takes longer is worth nothing.
    pub deadline: Seconds,
    /// Arrivals at equal distances.
    pub fixed_arrivals: bool,
    pub long: Option<Long>,
}

/// How service times vary, and how large the server is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mix {
    pub name: &'static str,
    pub workers: u32,
    pub cv: f64,
    pub discipline: Discipline,
    /// Mean service time.
    pub service: Seconds,
}

pub const BASE: Mix = Mix {
    name: "40 workers, CV 0.5",
    workers: 40,
    cv: 0.5,
    discipline: Discipline::Fifo,
    service: 0.020,
};

pub const MIXES: [Mix; 5] = [
    BASE,
    Mix {
        name: "CV 2.0",
        cv: 2.0,
        ..BASE
    },
    Mix {
        name: "processor sharing",
        discipline: Discipline::Sharing,
        ..BASE
    },
    Mix {
        name: "4 workers",
        workers: 4,
        ..BASE
    },
    Mix {
        name: "80 workers",
        workers: 80,
        ..BASE
    },
];

/// Mixes that no rule was tuned on.
pub const UNSEEN: [Mix; 6] = [
    Mix {
        name: "12 workers, CV 1.0",
        workers: 12,
        cv: 1.0,
        ..BASE
    },
    Mix {
        name: "25 workers of 80 ms, CV 0.3",
        workers: 25,
        cv: 0.3,
        service: 0.080,
        ..BASE
    },
    Mix {
        name: "sharing, CV 2.0",
        cv: 2.0,
        discipline: Discipline::Sharing,
        ..BASE
    },
    Mix {
        name: "8 workers of 3 ms, sharing",
        workers: 8,
        cv: 1.0,
        service: 0.003,
        discipline: Discipline::Sharing,
    },
    Mix {
        name: "150 workers, CV 1.5",
        workers: 150,
        cv: 1.5,
        ..BASE
    },
    Mix {
        name: "4 workers, CV 1.5",
        workers: 4,
        cv: 1.5,
        ..BASE
    },
];

fn at_load(mix: Mix, workers: u32, load: f64, dependency: Seconds) -> Truth {
    let capacity = f64::from(mix.workers) / mix.service;
    Truth {
        workers,
        rate: load * capacity,
        service: mix.service,
        dependency,
    }
}

impl Scenario {
    fn of(name: &'static str, mix: Mix, phases: Vec<(Seconds, Truth)>) -> Self {
        let change = phases.last().map_or(0.0, |phase| phase.0);
        Self {
            name,
            mix,
            phases,
            change,
            end: change + 45.0,
            side: Side::Server,
            clients: 1,
            apart: 0.0,
            policies: false,
            timeout: None,
            deadline: 1.0,
            fixed_arrivals: false,
            long: None,
        }
    }

    pub fn truth(&self, at: Seconds) -> Truth {
        let mut truth = self.phases[0].1;
        for &(from, next) in &self.phases {
            if from <= at {
                truth = next;
            }
        }
        truth
    }
}

/// The five that the targets are about.
pub fn base(mix: Mix) -> Vec<Scenario> {
    let n = mix.workers;
    let truth = |workers, load, dependency| at_load(mix, workers, load, dependency);
    vec![
        Scenario::of(
            "1 steady 2x",
            mix,
            vec![(0.0, truth(n, 0.8, 0.0)), (20.0, truth(n, 2.0, 0.0))],
        ),
        Scenario::of("1b cold start at 2x", mix, vec![(0.0, truth(n, 2.0, 0.0))]),
        Scenario::of(
            "2 capacity halves",
            mix,
            vec![(0.0, truth(n, 0.8, 0.0)), (20.0, truth(n / 2, 0.8, 0.0))],
        ),
        Scenario::of(
            "3 capacity doubles",
            mix,
            vec![(0.0, truth(n / 2, 0.8, 0.0)), (20.0, truth(n, 0.8, 0.0))],
        ),
        Scenario::of(
            "4 dependency 10 -> 100 ms",
            mix,
            vec![(0.0, truth(n, 0.7, 0.01)), (20.0, truth(n, 0.7, 0.1))],
        ),
    ]
}

/// Other ways in which a server may change, at other loads.
pub fn others(mix: Mix) -> Vec<Scenario> {
    let n = mix.workers;
    let truth = |load| at_load(mix, n, load, 0.0);
    let slower = |load, factor: f64| {
        let truth = truth(load);
        Truth {
            service: truth.service * factor,
            ..truth
        }
    };
    vec![
        Scenario::of(
            "8 load 0.5x to 1.2x",
            mix,
            vec![(0.0, truth(0.5)), (20.0, truth(1.2))],
        ),
        Scenario::of(
            "9 load 0.5x to 5x",
            mix,
            vec![(0.0, truth(0.5)), (20.0, truth(5.0))],
        ),
        Scenario::of(
            "10 every call takes twice as long",
            mix,
            vec![(0.0, truth(0.8)), (20.0, slower(0.8, 2.0))],
        ),
        Scenario {
            fixed_arrivals: true,
            ..Scenario::of(
                "11 regular arrivals, 2x",
                mix,
                vec![(0.0, truth(0.8)), (20.0, truth(2.0))],
            )
        },
    ]
}

/// Some calls keep their places for very long: they wait for something, are streams, or hang.
pub fn long_calls(mix: Mix) -> Vec<Scenario> {
    let truth = |load| at_load(mix, mix.workers, load, 0.0);
    let overload = |name, from, at_once, share, lasts| Scenario {
        long: Some(Long {
            from,
            at_once,
            share,
            lasts,
        }),
        ..Scenario::of(name, mix, vec![(0.0, truth(0.8)), (20.0, truth(1.5))])
    };
    vec![
        overload("12 one call in 1000 lasts 30 s", 0.0, 0, 0.001, 30.0),
        overload("12b one call in 100 lasts 10 s", 0.0, 0, 0.01, 10.0),
        overload(
            "13 twice as many streams as workers",
            20.0,
            2 * mix.workers,
            0.0,
            25.0,
        ),
        Scenario {
            long: Some(Long {
                from: 0.0,
                at_once: 19,
                share: 0.0,
                lasts: f64::INFINITY,
            }),
            ..Scenario::of(
                "13b 19 of 20 places held from the start",
                mix,
                vec![(0.0, truth(0.5))],
            )
        },
    ]
}

/// Two workers, as in the example of Netflix's gRPC limiter: a rule that runs away shows here.
pub fn two_workers(cv: f64) -> Scenario {
    let mix = Mix {
        name: if cv > 1.0 { "CV 2.0" } else { "CV 0.5" },
        workers: 2,
        cv,
        ..BASE
    };
    let truth = |rps: f64| at_load(mix, 2, rps / 100.0, 0.0);
    let phases = vec![
        (0.0, truth(50.0)),
        (20.0, truth(90.0)),
        (40.0, truth(200.0)),
        (80.0, truth(100.0)),
    ];
    Scenario {
        change: 40.0,
        end: 120.0,
        ..Scenario::of("5 two workers, stepped", mix, phases)
    }
}

/// Ten clients that come one after another, each with a limiter of its own, twice the load in the end.
pub fn ten_clients(mix: Mix) -> Scenario {
    Scenario {
        side: Side::Client {
            bulkhead: Some(2 * mix.workers),
        },
        clients: 10,
        apart: 6.0,
        change: 60.0,
        end: 120.0,
        ..Scenario::of(
            "6 ten clients",
            mix,
            vec![(0.0, at_load(mix, mix.workers, 2.0, 0.0))],
        )
    }
}

/// The same before a server that is limited by elasticity.
pub fn ten_clients_elastic(mix: Mix) -> Scenario {
    Scenario {
        name: "6b ten clients, elastic server",
        side: Side::Both,
        ..ten_clients(mix)
    }
}

/// The same before a server that takes everything: the clients have nothing to go by but their timeouts.
pub fn ten_clients_alone(mix: Mix) -> Scenario {
    Scenario {
        name: "6c ten clients, no refusals, timeout 1 s",
        side: Side::Client { bulkhead: None },
        timeout: Some(1.0),
        ..ten_clients(mix)
    }
}

/// Fifty clients with default policies against the limited server.
pub fn composition(name: &'static str, mix: Mix, load: f64) -> Scenario {
    Scenario {
        clients: 50,
        policies: true,
        timeout: Some(1.0),
        ..Scenario::of(
            name,
            mix,
            vec![
                (0.0, at_load(mix, mix.workers, 0.8, 0.0)),
                (20.0, at_load(mix, mix.workers, load, 0.0)),
            ],
        )
    }
}

/// The same at several loads.
pub fn compositions(mix: Mix) -> Vec<Scenario> {
    vec![
        composition("7 fifty clients, 1.5x", mix, 1.5),
        composition("7 fifty clients, 2x", mix, 2.0),
        composition("7 fifty clients, 3x", mix, 3.0),
        composition("7 fifty clients, 4x", mix, 4.0),
    ]
}

/// Whether an algorithm takes part in a scenario.
pub fn takes_part(scenario: &Scenario, algorithm: Algorithm) -> bool {
    // No oracle can say what share of a server each of several clients should take of itself.
    scenario.side == Side::Server || algorithm != Algorithm::Oracle
}

/// Who takes part in a scenario, earlier rules aside.
pub fn contestants(scenario: &Scenario) -> Vec<Algorithm> {
    let mut all = Algorithm::ALL.to_vec();
    all.retain(|&algorithm| takes_part(scenario, algorithm));
    all
}
