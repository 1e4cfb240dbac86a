//! The replicas: one worker each, first come, first served.

use std::collections::VecDeque;

use crate::limiter::Nanos;

/// An attempt: the number of its call, and which of that call's attempts it is.
pub type Attempt = (usize, usize);

/// What an attempt costs.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// What slows down with the fleet.
    pub service: Nanos,
    /// What a straggler waits for besides: a pause, a lock, a disk.
    pub stall: Nanos,
}

#[derive(Debug, Default)]
struct Replica {
    line: VecDeque<(Attempt, Work)>,
    running: Option<Attempt>,
    /// Moves when the worker is given something else: an end that is on the agenda for what was stopped means nothing.
    turn: u32,
}

/// What a worker has begun, and when it will be done.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    pub replica: usize,
    pub turn: u32,
    pub until: Nanos,
}

#[derive(Debug)]
pub struct Fleet {
    replicas: Vec<Replica>,
    /// How many times as long everything takes.
    pub slowdown: f64,
}

impl Fleet {
    pub fn new(replicas: usize) -> Self {
        Self {
            replicas: (0..replicas).map(|_| Replica::default()).collect(),
            slowdown: 1.0,
        }
    }

    /// Attempts at a replica, the one that is worked on among them.
    pub fn present(&self, replica: usize) -> usize {
        let replica = &self.replicas[replica];
        replica.line.len() + usize::from(replica.running.is_some())
    }

    pub fn arrive(
        &mut self,
        replica: usize,
        attempt: Attempt,
        work: Work,
        now: Nanos,
    ) -> Option<Begun> {
        self.replicas[replica].line.push_back((attempt, work));
        self.begin(replica, now)
    }

    /// The worker is done: which attempt that was, and what it does next. `None` if what it was to end has been stopped.
    pub fn end(
        &mut self,
        replica: usize,
        turn: u32,
        now: Nanos,
    ) -> Option<(Attempt, Option<Begun>)> {
        if self.replicas[replica].turn != turn {
            return None;
        }
        let attempt = self.replicas[replica].running.take()?;
        Some((attempt, self.begin(replica, now)))
    }

    /// Takes an attempt out of the line, or stops the work on it.
    pub fn cancel(&mut self, replica: usize, attempt: Attempt, now: Nanos) -> Option<Begun> {
        let place = &mut self.replicas[replica];
        if place.running == Some(attempt) {
            place.running = None;
            place.turn = place.turn.wrapping_add(1);
            return self.begin(replica, now);
        }
        place.line.retain(|&(waiting, _)| waiting != attempt);
        None
    }

    fn begin(&mut self, replica: usize, now: Nanos) -> Option<Begun> {
        let place = &mut self.replicas[replica];
        if place.running.is_some() {
            return None;
        }
        let (attempt, work) = place.line.pop_front()?;
        place.running = Some(attempt);
        place.turn = place.turn.wrapping_add(1);
        let takes = (work.service as f64 * self.slowdown) as Nanos + work.stall;
        Some(Begun {
            replica,
            turn: place.turn,
            until: now + takes,
        })
    }
}
