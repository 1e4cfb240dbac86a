//! What is to come, in order.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::limiter::Nanos;

/// Events by time, and at the same time in the order in which they were entered.
#[derive(Debug)]
pub struct Agenda<E> {
    events: BinaryHeap<Reverse<(Nanos, u64, E)>>,
    /// Those that are entered in the order of their times, and cost no place in the heap.
    timeouts: VecDeque<(Nanos, u64, E)>,
    serial: u64,
}

impl<E: Ord> Agenda<E> {
    pub fn empty() -> Self {
        Self {
            events: BinaryHeap::new(),
            timeouts: VecDeque::new(),
            serial: 0,
        }
    }

    fn entry(&mut self, time: Nanos, event: E) -> (Nanos, u64, E) {
        self.serial += 1;
        (time, self.serial, event)
    }

    pub fn at(&mut self, time: Nanos, event: E) {
        let entry = self.entry(time, event);
        self.events.push(Reverse(entry));
    }

    /// For timeouts that are all equally long.
    pub fn timeout(&mut self, time: Nanos, event: E) {
        let entry = self.entry(time, event);
        self.timeouts.push_back(entry);
    }

    pub fn pop(&mut self) -> Option<(Nanos, E)> {
        let timeout_is_first = match (self.timeouts.front(), self.events.peek()) {
            (Some(timeout), Some(Reverse(event))) => timeout < event,
            (timeout, _) => timeout.is_some(),
        };
        let (time, _, event) = if timeout_is_first {
            self.timeouts.pop_front()?
        } else {
            self.events.pop()?.0
        };
        Some((time, event))
    }
}
