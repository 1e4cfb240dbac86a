//! A fleet of processes before one server: calls, attempts, pauses.

use std::collections::VecDeque;

use super::budget::{Budget, Failure, Policy};
use super::pauses::{ATTEMPTS, Pauses};
use super::trace::Trace;
use crate::agenda::Agenda;
use crate::limiter::Nanos;
use crate::random::Random;
use crate::world::nanos;

/// How long an attempt takes that no queue delays.
const ANSWER: f64 = 0.005;

/// What the server is like from some time on.
#[derive(Clone, Copy, Debug)]
pub enum Server {
    /// Answers at once, and with an error to this share of the attempts.
    Fails(f64),
    /// First come, first served, by this many workers of 20 ms (lognormal, coefficient of variation 0.5). The caller gives up
    /// after half a second.
    Queue(u32),
}

const WORK: f64 = 0.02;
const CV: f64 = 0.5;
const TIMEOUT: f64 = 0.5;

/// One thing to be tried out.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub processes: u32,
    /// Calls a second of each process: one in each part of a second, at random within it, so that none of the figures is
    /// about how many there happened to be.
    pub rate: f64,
    /// What the server is like, from when on.
    pub phases: Vec<(f64, Server)>,
    /// Whether work is thrown away that nobody waits for any more.
    pub drops_expired: bool,
    pub end: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Phase(usize),
    /// Of the process, its nth call.
    Arrival(u32, u32),
    Answered(Attempt, bool),
    /// The server is done with it; the caller may have gone.
    Done(Attempt),
    TimedOut(Attempt),
    Retry(usize),
}

/// The number of a call, and which of its attempts.
type Attempt = (usize, u32);

#[derive(Debug)]
struct Call {
    process: u32,
    asked: Nanos,
    /// The attempt that is under way, or was the last one.
    attempt: u32,
    waits: bool,
    after: Option<Failure>,
}

struct World<'a> {
    scenario: &'a Scenario,
    pauses: &'a Pauses,
    budgets: Vec<Box<dyn Budget>>,
    now: Nanos,
    agenda: Agenda<Event>,
    calls: Vec<Call>,
    server: Server,
    line: VecDeque<(Attempt, Nanos)>,
    busy: u32,
    arrivals: Random,
    luck: Random,
    jitter: Random,
    trace: Trace,
}

/// The same seed brings the same calls for every budget.
pub fn run(scenario: &Scenario, policy: Policy, pauses: &Pauses, seed: u64) -> Trace {
    let mut world = World {
        scenario,
        pauses,
        budgets: (0..scenario.processes).map(|_| policy.build()).collect(),
        now: 0,
        agenda: Agenda::empty(),
        calls: Vec::new(),
        server: scenario.phases[0].1,
        line: VecDeque::new(),
        busy: 0,
        arrivals: Random::new(seed, 11),
        luck: Random::new(seed, 12),
        jitter: Random::new(seed, 13),
        trace: Trace::until(scenario.end, scenario.processes),
    };
    world.go();
    world.trace
}

impl World<'_> {
    fn go(&mut self) {
        for (index, phase) in self.scenario.phases.iter().enumerate() {
            self.agenda.at(nanos(phase.0), Event::Phase(index));
        }
        for process in 0..self.scenario.processes {
            let first = self.arrival(0);
            self.agenda.at(first, Event::Arrival(process, 0));
        }
        let end = nanos(self.scenario.end);
        while let Some((time, event)) = self.agenda.pop() {
            if time >= end {
                break;
            }
            self.now = time;
            match event {
                Event::Phase(index) => {
                    self.server = self.scenario.phases[index].1;
                    self.work();
                }
                Event::Arrival(process, nth) => self.arrive(process, nth),
                Event::Answered(attempt, well) => self.ended(attempt, well, Failure::Error),
                Event::Done(attempt) => {
                    self.busy -= 1;
                    self.ended(attempt, true, Failure::Error);
                    self.work();
                }
                Event::TimedOut(attempt) => self.ended(attempt, false, Failure::TimedOut),
                Event::Retry(call) => self.retry(call),
            }
        }
    }

    fn arrival(&mut self, nth: u32) -> Nanos {
        nanos((f64::from(nth) + self.arrivals.unit()) / self.scenario.rate)
    }

    fn arrive(&mut self, process: u32, nth: u32) {
        let next = self.arrival(nth + 1);
        self.agenda.at(next, Event::Arrival(process, nth + 1));
        self.trace.asked(self.now);
        self.calls.push(Call {
            process,
            asked: self.now,
            attempt: 1,
            waits: false,
            after: None,
        });
        let call = self.calls.len() - 1;
        let now = self.now;
        self.budget(call).asked(now);
        self.send(call);
    }

    fn budget(&mut self, call: usize) -> &mut dyn Budget {
        let process = self.calls[call].process;
        self.budgets[process as usize].as_mut()
    }

    fn send(&mut self, call: usize) {
        self.trace.sent(self.now);
        self.calls[call].waits = true;
        let attempt = (call, self.calls[call].attempt);
        self.budget(call).sent(attempt.1 > 1);
        match self.server {
            Server::Fails(share) => {
                let well = self.luck.unit() > share;
                let time = self.now + nanos(ANSWER);
                self.agenda.at(time, Event::Answered(attempt, well));
            }
            Server::Queue(_) => {
                let expires = self.now + nanos(TIMEOUT);
                self.agenda.timeout(expires, Event::TimedOut(attempt));
                self.line.push_back((attempt, expires));
                self.work();
            }
        }
    }

    /// Workers that are free take what is next.
    fn work(&mut self) {
        let Server::Queue(workers) = self.server else {
            return;
        };
        while self.busy < workers {
            let Some((attempt, expires)) = self.line.pop_front() else {
                return;
            };
            if self.scenario.drops_expired && expires <= self.now {
                continue;
            }
            self.busy += 1;
            let time = self.now + nanos(self.luck.lognormal(WORK, CV));
            self.agenda.at(time, Event::Done(attempt));
        }
    }

    fn ended(&mut self, (index, attempt): Attempt, well: bool, failure: Failure) {
        let now = self.now;
        let call = &mut self.calls[index];
        if !call.waits || call.attempt != attempt {
            return;
        }
        call.waits = false;
        let after = call.after.replace(failure);
        let asked = call.asked;
        let budget = self.budget(index);
        budget.ended(attempt > 1);
        if well {
            budget.succeeded(now, after);
            budget.over();
            return self.trace.well(asked);
        }
        budget.failed();
        if attempt == ATTEMPTS {
            budget.over();
        } else if budget.allows(now, failure) {
            let pause = self.pauses.after(attempt, &mut self.jitter);
            self.agenda.at(now + pause, Event::Retry(index));
        } else {
            self.refused(index);
        }
    }

    fn refused(&mut self, call: usize) {
        self.budget(call).over();
        self.trace.refused(self.calls[call].process, self.now);
    }

    fn retry(&mut self, call: usize) {
        if self.budget(call).still_allows() {
            self.calls[call].attempt += 1;
            self.send(call);
        } else {
            self.refused(call);
        }
    }
}
