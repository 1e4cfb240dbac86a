//! Discrete events: arrivals, work, answers.

mod long;

use resilient_runtime::{BreakerPermit, CallOutcome, CircuitBreaker, LimitOutcome};

use crate::agenda::Agenda;
use crate::client::{Client, Next};
use crate::limiter::{Algorithm, Fixed, Limiter, Nanos, Place, instant};
use crate::measure::Record;
use crate::random::Random;
use crate::scenario::{Scenario, Side, Truth};
use crate::station::{Id, Station};

const SECOND: f64 = 1e9;

pub fn nanos(seconds: f64) -> Nanos {
    (seconds * SECOND) as Nanos
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Phase(usize),
    Arrival(usize),
    /// Back from the dependency.
    Ready(Id),
    Done(Id),
    /// Processor sharing: the next is done, unless something has changed since.
    NextDone(u32),
    TimedOut(Id),
    Retry(usize, u64, u32),
    /// One that will last long asks, and is over.
    Long,
    LongOver(usize),
    Sample,
}

/// A call in the server.
struct Call<'a> {
    generation: u32,
    client: usize,
    /// When the user asked, when this attempt began.
    asked: Nanos,
    began: Nanos,
    attempt: u32,
    work: Nanos,
    stage: Stage,
    at_client: Option<Box<dyn Place + 'a>>,
    at_server: Option<Box<dyn Place + 'a>>,
    breaker: Option<BreakerPermit<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Over,
    Dependency,
    Line,
    Working,
}

struct World<'a> {
    scenario: &'a Scenario,
    truth: Truth,
    now: Nanos,
    agenda: Agenda<Event>,
    calls: Vec<Call<'a>>,
    free: Vec<usize>,
    station: Station,
    server: &'a dyn Limiter,
    at_clients: &'a [Box<dyn Limiter>],
    clients: Vec<Client<'a>>,
    /// Calls that last long; how many of them are there.
    long: Vec<Option<Box<dyn Place + 'a>>>,
    long_now: u32,
    long_arrivals: Random,
    arrivals: Random,
    service: Random,
    record: Record,
}

/// Runs a scenario. The same seed brings the same calls for every algorithm.
pub fn run(scenario: &Scenario, algorithm: Algorithm, seed: u64) -> Record {
    let each = || (0..scenario.clients).map(|_| algorithm.build()).collect();
    let (server, at_clients): (Box<dyn Limiter>, Vec<_>) = match scenario.side {
        Side::Server => (algorithm.build(), Vec::new()),
        Side::Client { bulkhead } => {
            let limit = bulkhead.map_or(f64::INFINITY, f64::from);
            (Box::new(Fixed::at(limit)), each())
        }
        Side::Both => (Algorithm::Elasticity.build(), each()),
    };
    let with_breaker = if scenario.policies {
        scenario.clients
    } else {
        0
    };
    let breakers: Vec<_> = (0..with_breaker).map(|_| CircuitBreaker::new()).collect();
    let truth = scenario.truth(0.0);
    let mut world = World {
        scenario,
        truth,
        now: 0,
        agenda: Agenda::empty(),
        calls: Vec::new(),
        free: Vec::new(),
        station: Station::new(truth.workers, scenario.mix.discipline),
        server: server.as_ref(),
        at_clients: &at_clients,
        clients: (0..scenario.clients)
            .map(|index| Client::new(seed, index, breakers.get(index as usize)))
            .collect(),
        long: Vec::new(),
        long_now: 0,
        long_arrivals: Random::new(seed, 3),
        arrivals: Random::new(seed, 1),
        service: Random::new(seed, 2),
        record: Record::new(scenario),
    };
    world.go();
    // Calls that are still on their way hold places of the limiters.
    let World { record, .. } = world;
    record
}

impl<'a> World<'a> {
    fn go(&mut self) {
        for (index, phase) in self.scenario.phases.iter().enumerate() {
            self.agenda.at(nanos(phase.0), Event::Phase(index));
        }
        for client in 0..self.clients.len() {
            let joins = nanos(self.scenario.apart * client as f64);
            let first = joins + self.gap();
            self.agenda.at(first, Event::Arrival(client));
        }
        self.plan_long();
        self.agenda.at(0, Event::Sample);
        let end = nanos(self.scenario.end);
        while let Some((time, event)) = self.agenda.pop() {
            if time >= end {
                break;
            }
            self.now = time;
            match event {
                Event::Phase(index) => self.enter(self.scenario.phases[index].1),
                Event::Arrival(client) => {
                    let next = self.now + self.gap();
                    self.agenda.at(next, Event::Arrival(client));
                    self.record.asked(self.now, client);
                    self.attempt(client, self.now, 1);
                }
                Event::Ready(id) => self.ready(id),
                Event::Done(id) => self.done(id),
                Event::NextDone(version) => self.next_done(version),
                Event::TimedOut(id) => self.timed_out(id),
                Event::Retry(client, asked, attempt) => self.attempt(client, asked, attempt),
                Event::Long => self.long(),
                Event::LongOver(number) => self.long_over(number),
                Event::Sample => {
                    let limit = match self.at_clients {
                        [] => self.server.limit(),
                        limiters => limiters.iter().map(|limiter| limiter.limit()).sum(),
                    };
                    self.record.limit(self.now, limit);
                    self.agenda.at(self.now + nanos(0.1), Event::Sample);
                }
            }
        }
    }

    /// Until the next arrival at one client.
    fn gap(&mut self) -> Nanos {
        let mean = self.clients.len() as f64 / self.truth.rate;
        if self.scenario.fixed_arrivals {
            nanos(mean)
        } else {
            nanos(mean * self.arrivals.exponential())
        }
    }

    fn enter(&mut self, truth: Truth) {
        self.truth = truth;
        if self.station.shares() {
            self.station.advance(self.now);
        }
        self.station.workers = truth.workers;
        self.tell();
        self.begin();
        self.plan_sharing();
    }

    fn attempt(&mut self, client: usize, asked: Nanos, attempt: u32) {
        let Ok(breaker) = self.clients[client].may_call(self.now) else {
            return self.give_up(client, asked);
        };
        self.record.attempt(self.now);
        // The place before anything else is made, so that a refusal costs next to nothing.
        let at_client = match self.at_clients.get(client) {
            None => None,
            Some(limiter) => match limiter.admit(self.now) {
                Some(place) => Some(place),
                None => {
                    self.record.refused(self.now, client);
                    return self.failed(client, asked, attempt, breaker, CallOutcome::Neutral);
                }
            },
        };
        let Some(place) = self.server.admit(self.now) else {
            self.record.refused(self.now, client);
            if let Some(place) = at_client {
                place.record(LimitOutcome::Dropped, self.now);
            }
            return self.failed(client, asked, attempt, breaker, CallOutcome::Overload);
        };
        self.admitted(client, asked, attempt, at_client, place, breaker);
    }

    fn admitted(
        &mut self,
        client: usize,
        asked: Nanos,
        attempt: u32,
        at_client: Option<Box<dyn Place + 'a>>,
        at_server: Box<dyn Place + 'a>,
        breaker: Option<BreakerPermit<'a>>,
    ) {
        let work = nanos(
            self.service
                .lognormal(self.truth.service, self.scenario.mix.cv),
        )
        .max(1);
        self.record.work(self.now, work);
        let slot = self.free.pop().unwrap_or(self.calls.len());
        let generation = self.calls.get(slot).map_or(0, |call| call.generation + 1);
        let call = Call {
            generation,
            client,
            asked,
            began: self.now,
            attempt,
            work,
            stage: Stage::Dependency,
            at_client,
            at_server: Some(at_server),
            breaker,
        };
        if slot == self.calls.len() {
            self.calls.push(call);
        } else {
            self.calls[slot] = call;
        }
        let id = (slot, generation);
        if let Some(timeout) = self.scenario.timeout {
            let time = self.now + nanos(timeout);
            self.agenda.timeout(time, Event::TimedOut(id));
        }
        if self.truth.dependency > 0.0 {
            self.agenda
                .at(self.now + nanos(self.truth.dependency), Event::Ready(id));
        } else {
            self.ready(id);
        }
    }

    fn is_there(&self, id: Id) -> bool {
        let call = &self.calls[id.0];
        call.generation == id.1 && call.stage != Stage::Over
    }

    fn ready(&mut self, id: Id) {
        if !self.is_there(id) {
            return;
        }
        let work = self.calls[id.0].work;
        if self.station.shares() {
            self.calls[id.0].stage = Stage::Working;
            self.station.join(self.now, id, work);
            self.plan_sharing();
        } else {
            self.calls[id.0].stage = Stage::Line;
            if let Some(begun) = self.station.arrive(id, work) {
                self.work(begun);
            }
        }
    }

    fn work(&mut self, (id, work): (Id, Nanos)) {
        self.calls[id.0].stage = Stage::Working;
        self.agenda.at(self.now + work, Event::Done(id));
    }

    fn begin(&mut self) {
        while let Some(begun) = self.station.begin() {
            self.work(begun);
        }
    }

    fn plan_sharing(&mut self) {
        if !self.station.shares() {
            return;
        }
        self.station.version += 1;
        let version = self.station.version;
        let calls = &self.calls;
        let is_there = |id: Id| calls[id.0].generation == id.1 && calls[id.0].stage != Stage::Over;
        if let Some((time, _)) = self.station.next_done(is_there) {
            self.agenda.at(time.max(self.now), Event::NextDone(version));
        }
    }

    fn next_done(&mut self, version: u32) {
        if version != self.station.version {
            return;
        }
        let calls = &self.calls;
        let is_there = |id: Id| calls[id.0].generation == id.1 && calls[id.0].stage != Stage::Over;
        if let Some((_, id)) = self.station.next_done(is_there) {
            self.station.take_done();
            self.station.leave(self.now);
            self.answered(id);
        }
        self.plan_sharing();
    }

    fn done(&mut self, id: Id) {
        if !self.is_there(id) {
            return;
        }
        self.station.done();
        self.answered(id);
        self.begin();
    }

    fn answered(&mut self, id: Id) {
        let call = &mut self.calls[id.0];
        call.stage = Stage::Over;
        let (client, asked, began) = (call.client, call.asked, call.began);
        let places = [call.at_server.take(), call.at_client.take()];
        for place in places.into_iter().flatten() {
            place.record(LimitOutcome::Sample, self.now);
        }
        if let Some(permit) = call.breaker.take() {
            permit.record_at(CallOutcome::Success, instant(self.now));
        }
        self.free.push(id.0);
        self.clients[client].succeeded();
        self.record.answered(self.now, client, asked, began);
    }

    /// The client gives up, and the server's handler is dropped with it.
    fn timed_out(&mut self, id: Id) {
        if !self.is_there(id) {
            return;
        }
        let call = &mut self.calls[id.0];
        let stage = std::mem::replace(&mut call.stage, Stage::Over);
        let (client, asked, attempt) = (call.client, call.asked, call.attempt);
        let breaker = call.breaker.take();
        let places = [call.at_server.take(), call.at_client.take()];
        for place in places.into_iter().flatten() {
            place.record(LimitOutcome::Dropped, self.now);
        }
        self.free.push(id.0);
        match stage {
            Stage::Line => self.station.leave_line(id),
            Stage::Working if self.station.shares() => {
                self.station.leave(self.now);
                self.plan_sharing();
            }
            Stage::Working => {
                self.station.done();
                self.begin();
            }
            Stage::Dependency | Stage::Over => {}
        }
        self.failed(client, asked, attempt, breaker, CallOutcome::Failure);
    }

    fn failed(
        &mut self,
        client: usize,
        asked: Nanos,
        attempt: u32,
        breaker: Option<BreakerPermit<'a>>,
        outcome: CallOutcome,
    ) {
        if let Some(permit) = breaker {
            permit.record_at(outcome, instant(self.now));
        }
        match self.clients[client].failed(self.now, attempt) {
            Next::Retry(pause) => {
                self.agenda
                    .at(self.now + pause, Event::Retry(client, asked, attempt + 1));
            }
            Next::GiveUp => self.give_up(client, asked),
        }
    }

    fn give_up(&mut self, client: usize, asked: Nanos) {
        self.record.gave_up(self.now, client, asked);
    }
}
