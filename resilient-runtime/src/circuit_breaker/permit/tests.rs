use std::time::Duration;

use super::*;
use crate::clock;
use crate::{BreakerState, CircuitBreakerSettings, PolicyErrorKind};

/// An hour on, where the clock itself is not.
fn start() -> Instant {
    clock::now() + Duration::from_secs(3_600)
}

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn call(breaker: &CircuitBreaker, began: Instant, outcome: CallOutcome, ended: Instant) {
    let permit = breaker.try_acquire_at(began).expect("it is closed");
    permit.record_at(outcome, ended);
}

#[test]
fn an_instant_that_is_handed_in_decides_what_is_in_the_window() {
    let breaker = CircuitBreaker::with(CircuitBreakerSettings::new().min_calls(2));
    let t = start();
    for at in [t, t + 11 * SECOND, t + 22 * SECOND] {
        call(&breaker, at, CallOutcome::Failure, at);
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
    call(
        &breaker,
        t + 23 * SECOND,
        CallOutcome::Failure,
        t + 24 * SECOND,
    );
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[test]
fn an_instant_that_is_handed_in_decides_how_long_it_is_open() {
    let breaker = CircuitBreaker::with(CircuitBreakerSettings::new().consecutive_failures(1));
    let t = start();
    call(&breaker, t, CallOutcome::Failure, t + SECOND);
    let refusal = breaker.try_acquire_at(t + 2 * SECOND).unwrap_err();
    let retry_after = 4 * SECOND;
    assert_eq!(refusal.kind(), PolicyErrorKind::CircuitOpen { retry_after });
    assert!(breaker.try_acquire_at(t + 6 * SECOND - MS).is_err());
    let probe = breaker.try_acquire_at(t + 6 * SECOND).unwrap();
    probe.record_at(CallOutcome::Success, t + 7 * SECOND);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn a_call_is_slow_by_the_instants_that_are_handed_in() {
    let settings = CircuitBreakerSettings::new().min_calls(1).slow_call(SECOND);
    let breaker = CircuitBreaker::with(settings);
    let t = start();
    call(&breaker, t, CallOutcome::Success, t + SECOND);
    assert_eq!(breaker.state(), BreakerState::Closed);
    // The first call has left the window by then.
    let later = t + 20 * SECOND;
    call(
        &breaker,
        later,
        CallOutcome::Success,
        later + SECOND + Duration::from_nanos(1),
    );
    assert_eq!(breaker.state(), BreakerState::Open);
}
