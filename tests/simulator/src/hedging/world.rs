//! One run: clients, calls, hedges and replicas in virtual time.

use crate::agenda::Agenda;
use crate::limiter::Nanos;
use crate::random::Random;

use super::figures::Record;
use super::fleet::{Attempt, Begun, Fleet, Work};
use super::rule::{Answer, Hedging};
use super::scenario::{self, REPLICAS, Scenario};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Call,
    /// The call with that number has waited for as long as its rule says.
    Hedge(usize),
    /// A worker is done with what it began in that turn.
    End {
        replica: usize,
        turn: u32,
    },
    Slowdown,
    Speedup,
}

struct Call {
    client: usize,
    /// Where each attempt went, and when.
    attempts: Vec<(usize, Nanos)>,
    answered: bool,
}

struct World<'a> {
    scenario: &'a Scenario,
    clients: Vec<Box<dyn Hedging>>,
    agenda: Agenda<Event>,
    fleet: Fleet,
    calls: Vec<Call>,
    record: Record,
    arrivals: Random,
    /// Of the first attempts: the same ones for every rule.
    firsts: Random,
    hedges: Random,
    routes: Random,
}

/// Runs a scenario with a seed.
pub fn run(scenario: &Scenario, seed: u64) -> Record {
    let purpose = |purpose: u64| Random::new(seed, 100 + purpose);
    let mut world = World {
        scenario,
        clients: (0..scenario.clients)
            .map(|_| scenario.contestant.rule.hedging())
            .collect(),
        agenda: Agenda::empty(),
        fleet: Fleet::new(REPLICAS),
        calls: Vec::new(),
        record: Record::default(),
        arrivals: purpose(0),
        firsts: purpose(1),
        hedges: purpose(2),
        routes: purpose(3),
    };
    world.agenda.at(0, Event::Call);
    if let Some(slow) = &scenario.slowdown {
        world.agenda.at(slow.start, Event::Slowdown);
        world.agenda.at(slow.end, Event::Speedup);
    }
    while let Some((now, event)) = world.agenda.pop() {
        if now > scenario.until {
            break;
        }
        world.happens(event, now);
    }
    world.record
}

impl World<'_> {
    fn happens(&mut self, event: Event, now: Nanos) {
        match event {
            Event::Call => {
                self.call(now);
                let pause = self.arrivals.exponential() / self.scenario.rate();
                self.agenda.at(now + (pause * 1e9) as Nanos, Event::Call);
            }
            Event::Hedge(call) => self.hedge(call, now),
            Event::End { replica, turn } => {
                if let Some((attempt, next)) = self.fleet.end(replica, turn, now) {
                    self.begun(next);
                    self.answer(attempt, now);
                }
            }
            Event::Slowdown => {
                self.fleet.slowdown = self.scenario.slowdown.map_or(1.0, |slow| slow.factor);
            }
            Event::Speedup => self.fleet.slowdown = 1.0,
        }
    }

    fn call(&mut self, now: Nanos) {
        let number = self.calls.len();
        let client = below(&mut self.routes, self.clients.len());
        let work = scenario::work(&mut self.firsts);
        self.calls.push(Call {
            client,
            attempts: Vec::with_capacity(2),
            answered: false,
        });
        self.record.called(now);
        if let Some(delay) = self.clients[client].begin(now) {
            self.agenda.at(now + delay, Event::Hedge(number));
        }
        self.attempt(number, work, now);
    }

    fn hedge(&mut self, call: usize, now: Nanos) {
        let Call {
            client, answered, ..
        } = self.calls[call];
        if !answered && self.clients[client].try_hedge() {
            self.record.hedged(call);
            let work = scenario::work(&mut self.hedges);
            self.attempt(call, work, now);
        }
    }

    fn attempt(&mut self, call: usize, work: Work, now: Nanos) {
        let replica = self.route(call);
        let attempts = &mut self.calls[call].attempts;
        attempts.push((replica, now));
        let attempt = (call, attempts.len() - 1);
        let begun = self.fleet.arrive(replica, attempt, work, now);
        self.begun(begun);
    }

    /// The shorter line of two replicas that the call has not tried yet.
    fn route(&mut self, call: usize) -> usize {
        let tried = self.calls[call]
            .attempts
            .first()
            .map(|&(replica, _)| replica);
        let other = |routes: &mut Random, than: [Option<usize>; 2]| loop {
            let replica = below(routes, REPLICAS);
            if !than.contains(&Some(replica)) {
                return replica;
            }
        };
        let one = other(&mut self.routes, [tried, None]);
        let two = other(&mut self.routes, [tried, Some(one)]);
        if self.fleet.present(two) < self.fleet.present(one) {
            two
        } else {
            one
        }
    }

    fn answer(&mut self, (number, attempt): Attempt, now: Nanos) {
        let call = &mut self.calls[number];
        if std::mem::replace(&mut call.answered, true) {
            return;
        }
        let since = |attempt: usize| now - call.attempts[attempt].1;
        let answer = Answer {
            hedged: attempt > 0,
            latency: since(0),
            of_attempt: since(attempt),
        };
        self.record.answered(number, answer.latency);
        self.clients[call.client].answered(answer, now);
        if self.scenario.contestant.cancel {
            for (loser, &(replica, _)) in call.attempts.clone().iter().enumerate() {
                if loser != attempt {
                    let begun = self.fleet.cancel(replica, (number, loser), now);
                    self.begun(begun);
                }
            }
        }
    }

    fn begun(&mut self, begun: Option<Begun>) {
        if let Some(Begun {
            replica,
            turn,
            until,
        }) = begun
        {
            self.agenda.at(until, Event::End { replica, turn });
        }
    }
}

fn below(random: &mut Random, count: usize) -> usize {
    ((random.unit() * count as f64) as usize).min(count - 1)
}
