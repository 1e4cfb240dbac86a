//! The workers of a server.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::limiter::Nanos;

/// How the workers are shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discipline {
    /// One call for each worker, the others wait in line.
    Fifo,
    /// All calls at once, each at an equal share.
    Sharing,
}

/// A call at the station: its number, and which of the calls that bore that number.
pub type Id = (usize, u32);

/// The workers, and who is with them.
#[derive(Debug)]
pub struct Station {
    pub workers: u32,
    discipline: Discipline,
    // First come, first served.
    line: VecDeque<(Id, Nanos)>,
    busy: u32,
    // Processor sharing, by the amount of work that each call has been given.
    given: f64,
    at: Nanos,
    present: BinaryHeap<Reverse<(u64, Id)>>,
    count: u32,
    pub version: u32,
}

impl Station {
    pub fn new(workers: u32, discipline: Discipline) -> Self {
        Self {
            workers,
            discipline,
            line: VecDeque::new(),
            busy: 0,
            given: 0.0,
            at: 0,
            present: BinaryHeap::new(),
            count: 0,
            version: 0,
        }
    }

    pub fn shares(&self) -> bool {
        self.discipline == Discipline::Sharing
    }

    /// First come, first served: takes a call in. What begins at once is answered.
    pub fn arrive(&mut self, id: Id, work: Nanos) -> Option<(Id, Nanos)> {
        self.line.push_back((id, work));
        self.begin()
    }

    /// The next one, if a worker is free.
    pub fn begin(&mut self) -> Option<(Id, Nanos)> {
        if self.busy >= self.workers {
            return None;
        }
        let next = self.line.pop_front()?;
        self.busy += 1;
        Some(next)
    }

    pub fn done(&mut self) {
        self.busy -= 1;
    }

    pub fn leave_line(&mut self, id: Id) {
        self.line.retain(|&(other, _)| other != id);
    }

    fn rate(&self) -> f64 {
        f64::from(self.workers) / f64::from(self.count.max(self.workers).max(1))
    }

    /// Processor sharing: brings the work that was given up to date.
    pub fn advance(&mut self, now: Nanos) {
        self.given += (now - self.at) as f64 * self.rate();
        self.at = now;
    }

    pub fn join(&mut self, now: Nanos, id: Id, work: Nanos) {
        self.advance(now);
        self.count += 1;
        self.present.push(Reverse((self.given as u64 + work, id)));
    }

    pub fn leave(&mut self, now: Nanos) {
        self.advance(now);
        self.count -= 1;
    }

    /// When the next one will be done if nothing changes; those who left early are passed over.
    pub fn next_done(&mut self, is_there: impl Fn(Id) -> bool) -> Option<(Nanos, Id)> {
        while let Some(&Reverse((work, id))) = self.present.peek() {
            if is_there(id) {
                let left = (work as f64 - self.given).max(0.0);
                return Some((self.at + (left / self.rate()).ceil() as u64, id));
            }
            self.present.pop();
        }
        None
    }

    pub fn take_done(&mut self) {
        self.present.pop();
    }
}
