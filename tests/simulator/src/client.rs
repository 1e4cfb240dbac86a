//! What a client does when a call fails.

use resilient_runtime::{BreakerPermit, CircuitBreaker, PolicyError};

use crate::limiter::{Nanos, instant};
use crate::random::Random;
use crate::world::nanos;

/// A client, with the default policies or with none: `retry(timeout(breaker(call)))`.
///
/// The breaker is the real one. The retry is a model with the defaults of the attribute: three attempts, exponential from
/// 200 ms with full jitter, none after a refusal by the breaker, and a budget (a bucket of 100 retries, 0.1 for each
/// success and 0.1 a second).
#[derive(Debug)]
pub struct Client<'a> {
    policies: Option<Policies<'a>>,
    random: Random,
}

#[derive(Debug)]
struct Policies<'a> {
    breaker: &'a CircuitBreaker,
    tokens: f64,
    dripped: Nanos,
}

/// After a failure.
#[derive(Clone, Copy, Debug)]
pub enum Next {
    Retry(Nanos),
    GiveUp,
}

const BUDGET: f64 = 100.0;

impl<'a> Client<'a> {
    pub fn new(seed: u64, index: u32, breaker: Option<&'a CircuitBreaker>) -> Self {
        Self {
            policies: breaker.map(|breaker| Policies {
                breaker,
                tokens: BUDGET,
                dripped: 0,
            }),
            random: Random::new(seed, 100 + u64::from(index)),
        }
    }

    /// Asks the breaker, if there is one.
    pub fn may_call(&self, now: Nanos) -> Result<Option<BreakerPermit<'a>>, PolicyError> {
        let ask = |policies: &Policies<'a>| policies.breaker.try_acquire_at(instant(now));
        self.policies.as_ref().map(ask).transpose()
    }

    pub fn succeeded(&mut self) {
        if let Some(policies) = &mut self.policies {
            policies.tokens = (policies.tokens + 0.1).min(BUDGET);
        }
    }

    pub fn failed(&mut self, now: Nanos, attempt: u32) -> Next {
        let Some(policies) = &mut self.policies else {
            return Next::GiveUp;
        };
        let dripped = (now - policies.dripped) as f64 / 1e9 * 0.1;
        policies.dripped = now;
        policies.tokens = (policies.tokens + dripped).min(BUDGET);
        if attempt >= 3 || policies.tokens < 1.0 {
            return Next::GiveUp;
        }
        policies.tokens -= 1.0;
        let longest = 0.2 * f64::from(1_u32 << (attempt - 1));
        Next::Retry(nanos(longest * self.random.unit()))
    }
}
