//! Buckets that failures empty and successes fill.

use crate::limiter::Nanos;
use crate::storm::budget::{Budget, Failure};

/// gRPC's retry throttling (proposal A6) with the figures of its example: 10 tokens, one less for each failure, 0.1 more for each
/// success, and retries while more than half are there.
#[derive(Debug)]
pub struct Grpc {
    tokens: f64,
}

const MOST: f64 = 10.0;

impl Default for Grpc {
    fn default() -> Self {
        Self { tokens: MOST }
    }
}

impl Budget for Grpc {
    fn succeeded(&mut self, _now: Nanos, _after: Option<Failure>) {
        self.tokens = (self.tokens + 0.1).min(MOST);
    }

    fn failed(&mut self) {
        self.tokens = (self.tokens - 1.0).max(0.0);
    }

    fn allows(&mut self, _now: Nanos, _failure: Failure) -> bool {
        self.tokens > MOST / 2.0
    }
}

/// The standard mode of AWS's SDKs: 500 tokens, a cost for each retry by what failed. A success at once brings one, a retry that
/// succeeds brings back what it cost.
#[derive(Debug)]
pub struct Aws {
    tokens: u32,
    error: u32,
    timeout: u32,
}

const QUOTA: u32 = 500;

impl Aws {
    pub fn standard() -> Self {
        Self {
            tokens: QUOTA,
            error: 5,
            timeout: 10,
        }
    }

    /// "2.1", behind a switch in botocore.
    pub fn new_in_botocore() -> Self {
        Self {
            tokens: QUOTA,
            error: 14,
            timeout: 14,
        }
    }

    fn cost(&self, failure: Failure) -> u32 {
        match failure {
            Failure::Error => self.error,
            Failure::TimedOut => self.timeout,
        }
    }
}

impl Budget for Aws {
    fn succeeded(&mut self, _now: Nanos, after: Option<Failure>) {
        let back = after.map_or(1, |failure| self.cost(failure));
        self.tokens = (self.tokens + back).min(QUOTA);
    }

    fn allows(&mut self, _now: Nanos, failure: Failure) -> bool {
        let left = self.tokens.checked_sub(self.cost(failure));
        self.tokens = left.unwrap_or(self.tokens);
        left.is_some()
    }
}
