//! The functions that are counted: the shortest body there is, under each attribute and under a stack of five.

use std::hint::black_box;

use resilient_runtime::{
    Classify, ErrorClass, PolicyError, adaptive_concurrency, bulkhead, circuit_breaker, fallback,
    fault, hedge, rate_limit, retry, timeout,
};

/// What a function here fails with.
#[derive(Debug)]
pub(crate) struct Failed;

impl From<PolicyError> for Failed {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

impl Classify for Failed {
    fn class(&self) -> ErrorClass {
        ErrorClass::Transient
    }
}

pub(crate) type Answer = Result<u64, Failed>;

/// This one is a question that is answered by a failure.
pub(crate) const BAD: u64 = u64::MAX;

pub(crate) async fn bare(question: u64) -> Answer {
    Ok(black_box(question))
}

macro_rules! paths {
    ($($(#[$layer:meta])+ $name:ident;)+) => {$(
        $(#[$layer])+
        pub(crate) async fn $name(question: u64) -> Answer {
            if question == BAD {
                return Err(Failed);
            }
            Ok(black_box(question))
        }
    )+};
}

paths! {
    #[retry] retried;
    #[timeout] limited;
    #[circuit_breaker(window = 100)] breaker_of_calls;
    #[circuit_breaker(window = 100)] breaker_of_calls_with_failures;
    #[circuit_breaker] breaker_of_time;
    #[circuit_breaker(consecutive_failures = 5)] breaker_in_a_row;
    #[circuit_breaker(consecutive_failures = 5)] open_breaker;
    #[rate_limit(per_second = 4_000_000_000)] rated;
    #[bulkhead] placed;
    #[adaptive_concurrency(side = "server")] adapted;
    #[fault(error_rate = 0.5)] faulty;
    #[fallback(value = Ok(0))] with_fallback;
    #[hedge] hedged;
}

#[rate_limit(per_second = 4_000_000_000, key = question % 64)]
pub(crate) async fn rated_by_key(question: u64) -> Answer {
    Ok(black_box(question))
}

#[retry]
#[timeout]
#[circuit_breaker]
#[bulkhead]
#[rate_limit(per_second = 4_000_000_000)]
pub(crate) async fn stack(question: u64) -> Answer {
    Ok(black_box(question))
}
