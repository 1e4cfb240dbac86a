//! Those who wait, in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use crate::clock::Nanos;

/// How long one who is due and was called may take to come before it is passed over: longer
/// than a busy runtime takes to poll a task.
pub(super) const GRACE: Nanos = 10_000_000;

#[derive(Debug, Default)]
pub(super) struct Queue {
    /// By the number that they drew.
    waiters: BTreeMap<u64, Waiter>,
    /// What all of them want.
    cost: u64,
}

#[derive(Debug)]
pub(super) struct Waiter {
    cost: u32,
    /// When it comes to ask again: by its own timer, or because it was called.
    expected: Nanos,
    called: bool,
    /// The settings have changed since it was told that its wait is not too long.
    pub(super) in_doubt: bool,
    waker: Option<Waker>,
}

impl Waiter {
    pub(super) fn new(cost: u32) -> Self {
        Self {
            cost,
            expected: Nanos::MAX,
            called: false,
            in_doubt: false,
            waker: None,
        }
    }

    /// It was here, and comes again at `expected`.
    pub(super) fn sleep(&mut self, expected: Nanos, waker: Waker) -> Option<Waker> {
        self.expected = expected;
        self.called = false;
        self.waker.replace(waker)
    }

    fn call(&mut self, now: Nanos) -> Option<Waker> {
        self.expected = now;
        self.called = true;
        self.waker.take()
    }
}

/// What stands before one in the queue.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    pub(super) cost: u64,
    /// When one of them is passed over if it does not come.
    pub(super) recheck: Option<Nanos>,
}

impl Queue {
    /// A number behind all that were drawn before. Of the process: one that was passed over
    /// keeps its number while the queue may end and begin anew.
    pub(super) fn draw() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }

    /// What all of them want.
    pub(super) fn cost(&self) -> u64 {
        self.cost
    }

    /// The first, and what it wants.
    pub(super) fn first(&self) -> Option<(u64, u32)> {
        let (&number, waiter) = self.waiters.first_key_value()?;
        Some((number, waiter.cost))
    }

    /// Its place, which it takes anew if it was passed over.
    pub(super) fn place(&mut self, number: u64, cost: u32) -> &mut Waiter {
        let total = &mut self.cost;
        self.waiters.entry(number).or_insert_with(|| {
            *total += u64::from(cost);
            Waiter::new(cost)
        })
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<Waker> {
        let waiter = self.waiters.remove(&number)?;
        self.cost -= u64::from(waiter.cost);
        waiter.waker
    }

    /// Whoever stands before `number` and is due is called, so that it comes; one that was
    /// called and did not come, because nobody polls it, is passed over until it does: it must
    /// not hold up the others.
    pub(super) fn look_ahead(&mut self, number: u64, now: Nanos, woken: &mut Vec<Waker>) -> Ahead {
        let mut ahead = Ahead::default();
        let mut absent = Vec::new();
        for (&number, waiter) in self.waiters.range_mut(..number) {
            if waiter.called && now >= waiter.expected.saturating_add(GRACE) {
                absent.push(number);
                continue;
            }
            ahead.cost += u64::from(waiter.cost);
            if waiter.expected <= now {
                if !waiter.called {
                    woken.extend(waiter.call(now));
                }
                let recheck = waiter.expected.saturating_add(GRACE);
                ahead.recheck = Some(ahead.recheck.map_or(recheck, |at| at.min(recheck)));
            }
        }
        for number in absent {
            woken.extend(self.remove(number));
        }
        ahead
    }

    /// Calls the first if it is not expected before `at`.
    pub(super) fn call_first(&mut self, at: Nanos, now: Nanos, woken: &mut Vec<Waker>) {
        if let Some(mut first) = self.waiters.first_entry()
            && at < first.get().expected
        {
            woken.extend(first.get_mut().call(now));
        }
    }

    /// Calls everybody, for the settings have changed.
    pub(super) fn call_all(&mut self, now: Nanos, woken: &mut Vec<Waker>) {
        for waiter in self.waiters.values_mut() {
            waiter.in_doubt = true;
            woken.extend(waiter.call(now));
        }
    }
}
