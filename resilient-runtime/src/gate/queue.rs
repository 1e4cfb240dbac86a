//! Those who wait, in the order in which they came.

use std::collections::BTreeMap;
use std::mem;
use std::task::{Poll, Waker};

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has its places.
    Entered,
    /// It can never have them: the limit has fallen below its cost.
    Refused,
}

/// Tickets are good as long as the queue is: it goes only when nobody has one.
#[derive(Debug, Default)]
pub(super) struct Queue {
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
    /// Given, and not noticed yet.
    answers: BTreeMap<u64, Answer>,
}

#[derive(Debug)]
pub(super) struct Waiting {
    cost: u32,
    waker: Waker,
}

impl Queue {
    pub(super) fn push(&mut self, cost: u32, waker: Waker) -> u64 {
        let ticket = self.next;
        self.next += 1;
        self.waiting.insert(ticket, Waiting { cost, waker });
        ticket
    }

    /// What the ticket was answered. If nothing yet, the waker changes places with the
    /// one that was to be woken.
    pub(super) fn poll(&mut self, ticket: u64, waker: &mut Waker) -> Poll<Answer> {
        if let Some(waiting) = self.waiting.get_mut(&ticket) {
            mem::swap(&mut waiting.waker, waker);
            return Poll::Pending;
        }
        Poll::Ready(self.take_answer(ticket).unwrap_or(Answer::Refused))
    }

    pub(super) fn remove(&mut self, ticket: u64) -> Option<Waiting> {
        self.waiting.remove(&ticket)
    }

    pub(super) fn take_answer(&mut self, ticket: u64) -> Option<Answer> {
        self.answers.remove(&ticket)
    }

    pub(super) fn cost_of_head(&self) -> Option<u32> {
        self.waiting.first_key_value().map(|(_, head)| head.cost)
    }

    /// Answers the first, and hands out whom to wake.
    pub(super) fn answer_head(&mut self, answer: Answer) -> Option<Waker> {
        let (ticket, head) = self.waiting.pop_first()?;
        self.answers.insert(ticket, answer);
        Some(head.waker)
    }

    pub(super) fn is_done(&self) -> bool {
        self.waiting.is_empty() && self.answers.is_empty()
    }
}
