//! What a client does when a call fails.

use resilient_runtime::{BreakerPermit, CircuitBreaker, PolicyError, RetryBudget};

use crate::limiter::{Nanos, instant};
use crate::random::Random;
use crate::world::nanos;

/// A client, with the default policies or with none: `retry(timeout(breaker(call)))`.
///
/// The breaker and the budget are the real ones. The retry is a model with the defaults of the attribute: three attempts,
/// exponential from 200 ms with full jitter, none after a refusal by the breaker.
#[derive(Debug)]
pub struct Client<'a> {
    policies: Option<Policies<'a>>,
    random: Random,
}

#[derive(Debug)]
struct Policies<'a> {
    breaker: &'a CircuitBreaker,
    budget: RetryBudget,
}

/// After a failure.
#[derive(Clone, Copy, Debug)]
pub enum Next {
    Retry(Nanos),
    GiveUp,
}

impl<'a> Client<'a> {
    pub fn new(seed: u64, index: u32, breaker: Option<&'a CircuitBreaker>) -> Self {
        Self {
            policies: breaker.map(|breaker| Policies {
                breaker,
                budget: RetryBudget::new(),
            }),
            random: Random::new(seed, 100 + u64::from(index)),
        }
    }

    /// Asks the breaker, if there is one.
    pub fn may_call(&self, now: Nanos) -> Result<Option<BreakerPermit<'a>>, PolicyError> {
        let ask = |policies: &Policies<'a>| policies.breaker.try_acquire_at(instant(now));
        self.policies.as_ref().map(ask).transpose()
    }

    pub fn succeeded(&self) {
        if let Some(policies) = &self.policies {
            policies.budget.deposit();
        }
    }

    pub fn failed(&mut self, now: Nanos, attempt: u32) -> Next {
        let Some(policies) = &self.policies else {
            return Next::GiveUp;
        };
        if attempt >= 3 || !policies.budget.try_withdraw_at(instant(now)) {
            return Next::GiveUp;
        }
        let longest = 0.2 * f64::from(1_u32 << (attempt - 1));
        Next::Retry(nanos(longest * self.random.unit()))
    }
}
