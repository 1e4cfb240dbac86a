//! How the state of a layer stands, for whoever looks at it from outside.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use super::{Entry, Stateful};
use crate::circuit_breaker::BreakerSnapshot;
use crate::keyed::Keyed;
use crate::rate_limit::RateLimiterSnapshot;

/// How the state of a layer stands. See [`Layer::reading`](super::Layer::reading).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reading {
    /// Of a circuit breaker.
    CircuitBreaker(BreakerSnapshot),
    /// Of a rate limiter.
    RateLimit(RateLimiterSnapshot),
    /// Of a bulkhead, or of an adaptive limit.
    #[non_exhaustive]
    Places {
        /// The places that are taken.
        in_use: u32,
        /// How many there are.
        limit: u32,
        /// The calls that wait for one.
        waiting: u32,
    },
    /// Of a retry budget.
    #[non_exhaustive]
    Budget {
        /// The retries that there are.
        tokens: f64,
        /// As many as there can be.
        capacity: u32,
    },
    /// Of a hedge.
    #[non_exhaustive]
    Hedge {
        /// How long an attempt is waited for; `None` while too few calls were measured.
        delay: Option<Duration>,
    },
}

/// How the state of one key stands.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct KeyReading {
    /// The key as it is shown. `None` where it cannot be.
    pub key: Option<Arc<str>>,
    /// How it stands.
    pub reading: Reading,
    /// Whether it is in use, refuses calls or has not refilled: then it is not forgotten.
    pub is_busy: bool,
}

/// One state, or one for each key.
pub trait States: Any {
    fn reading(&self) -> Option<Reading>;
    fn keys(&self) -> Option<Vec<KeyReading>>;
}

impl<S: Stateful> States for S {
    fn reading(&self) -> Option<Reading> {
        Some(S::reading(&Entry::by_hand(self)))
    }

    fn keys(&self) -> Option<Vec<KeyReading>> {
        None
    }
}

impl<S: Stateful> States for Keyed<S> {
    fn reading(&self) -> Option<Reading> {
        None
    }

    fn keys(&self) -> Option<Vec<KeyReading>> {
        Some(self.readings())
    }
}
