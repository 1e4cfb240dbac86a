//! A bucket whose size is a rule's.

use std::fmt;

use crate::limiter::Nanos;
use crate::storm::budget::{Budget, Failure};

/// How many retries a bucket holds at the moment.
pub(super) trait Capacity: fmt::Debug {
    fn succeeded(&mut self, now: Nanos);

    /// Another attempt has failed; how many it is then.
    fn asked(&mut self, now: Nanos) -> f64;
}

/// Counts what is missing, as the runtime does.
#[derive(Debug)]
pub(super) struct Holding<C> {
    capacity: C,
    ratio: f64,
    missing: f64,
    dripped: Nanos,
}

impl<C> Holding<C> {
    pub(super) fn new(capacity: C) -> Self {
        Self {
            capacity,
            ratio: 0.1,
            missing: 0.0,
            dripped: 0,
        }
    }

    pub(super) fn earning(self, ratio: f64) -> Self {
        Self { ratio, ..self }
    }

    fn put_in(&mut self, tokens: f64) {
        self.missing = (self.missing - tokens).max(0.0);
    }
}

impl<C: Capacity> Budget for Holding<C> {
    fn succeeded(&mut self, now: Nanos, _after: Option<Failure>) {
        self.capacity.succeeded(now);
        self.put_in(self.ratio);
    }

    fn allows(&mut self, now: Nanos, _failure: Failure) -> bool {
        self.put_in((now - self.dripped) as f64 / 1e9 * 0.1);
        self.dripped = now;
        let capacity = self.capacity.asked(now);
        // A bucket that has shrunk owes nothing for what it held before.
        self.missing = self.missing.min(capacity);
        let enough = self.missing + 1.0 <= capacity;
        self.missing += f64::from(u8::from(enough));
        enough
    }
}
