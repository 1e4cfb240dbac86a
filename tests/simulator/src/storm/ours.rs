//! The budget of the runtime.

use resilient_runtime::RetryBudget;

use super::budget::{Budget, Failure};
use crate::limiter::{Nanos, instant};

/// A real [`RetryBudget`], with virtual time as its clock.
#[derive(Debug)]
pub struct Ours(pub RetryBudget);

impl Budget for Ours {
    fn succeeded(&mut self, _now: Nanos, _after: Option<Failure>) {
        self.0.deposit();
    }

    fn allows(&mut self, now: Nanos, _failure: Failure) -> bool {
        self.0.try_withdraw_at(instant(now))
    }
}
