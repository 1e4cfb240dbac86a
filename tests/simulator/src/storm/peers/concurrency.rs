//! Budgets that bound how many retries there are at a time.

use crate::limiter::Nanos;
use crate::storm::budget::{Budget, Failure};

/// The least number that is allowed, and the share of what is under way.
const LEAST: f64 = 3.0;
const SHARE: f64 = 0.2;

/// Envoy's retry budget: retries that wait or are under way are at most 20 % of the requests under way, or 3.
#[derive(Debug, Default)]
pub struct Envoy {
    active: u32,
    retries: u32,
}

impl Budget for Envoy {
    fn sent(&mut self, _retry: bool) {
        self.active += 1;
    }

    fn ended(&mut self, retry: bool) {
        self.active -= 1;
        self.retries -= u32::from(retry);
    }

    fn allows(&mut self, _now: Nanos, _failure: Failure) -> bool {
        let allowed = f64::from(self.retries) < (SHARE * f64::from(self.active)).max(LEAST);
        self.retries += u32::from(allowed);
        allowed
    }
}

/// failsafe-go's budget: asked after the pause; only retries that are under way count, and calls that pause count as calls.
#[derive(Debug, Default)]
pub struct Failsafe {
    calls: u32,
    retries: u32,
}

impl Budget for Failsafe {
    fn asked(&mut self, _now: Nanos) {
        self.calls += 1;
    }

    fn over(&mut self) {
        self.calls -= 1;
    }

    fn sent(&mut self, retry: bool) {
        self.retries += u32::from(retry);
    }

    fn ended(&mut self, retry: bool) {
        self.retries -= u32::from(retry);
    }

    fn allows(&mut self, _now: Nanos, _failure: Failure) -> bool {
        true
    }

    fn still_allows(&mut self) -> bool {
        f64::from(self.retries) < (SHARE * f64::from(self.calls)).max(LEAST)
    }
}
