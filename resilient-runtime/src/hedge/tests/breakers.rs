//! Circuit breakers around a hedge and inside of it.

use std::future::ready;

use futures::FutureExt;
use tokio::time::advance;

use super::*;
use crate::circuit_breaker::{BreakerState, CircuitBreaker, CircuitBreakerSettings};
use crate::error::PolicyErrorKind;
use crate::testing::events;
use crate::verdict::{Failing, Failure};

const SECOND: Duration = Duration::from_secs(1);

fn breaker() -> CircuitBreaker {
    let settings = CircuitBreakerSettings::new()
        .consecutive_failures(1)
        .half_open_calls(2)
        .open_for(SECOND);
    CircuitBreaker::with(settings)
}

async fn fail(breaker: &CircuitBreaker) {
    let failure = ready(io::Result::<()>::Err(io::ErrorKind::ConnectionReset.into()));
    assert!(breaker.call(failure).await.is_err());
    assert_eq!(breaker.state(), BreakerState::Open);
}

/// From now on calls are probes.
async fn half_open(breaker: &CircuitBreaker) {
    fail(breaker).await;
    advance(SECOND).await;
}

/// So slow that it is hedged if it may be.
async fn slow() -> io::Result<()> {
    sleep(50 * MS).await;
    Ok(())
}

async fn around(breaker: &CircuitBreaker, hedger: &Hedger) -> Vec<EventKind> {
    let (outcome, events) = events(breaker.call(hedger.run(slow))).await;
    outcome.unwrap();
    only_hedges(&events)
}

async fn inside(breaker: &CircuitBreaker, hedger: &Hedger) -> Vec<EventKind> {
    let (outcome, events) = events(hedger.run(|| breaker.call(slow()))).await;
    outcome.unwrap();
    only_hedges(&events)
}

fn only_hedges(events: &[Event]) -> Vec<EventKind> {
    let mut kinds = kinds(events);
    kinds.retain(|kind| !matches!(kind, EventKind::BreakerChanged(_)));
    kinds
}

#[tokio::test(start_paused = true)]
async fn under_a_closed_breaker_there_are_hedges_and_while_it_probes_there_are_none() {
    let (breaker, hedger) = (breaker(), Hedger::with(after(5)));
    assert_eq!(around(&breaker, &hedger).await, [started(1, 5)]);
    half_open(&breaker).await;
    for _ in 0..2 {
        assert_eq!(
            around(&breaker, &hedger).await,
            [withheld(Withheld::Breaker)]
        );
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert_eq!(around(&breaker, &hedger).await, [started(1, 5)]);
}

#[tokio::test(start_paused = true)]
async fn over_a_closed_breaker_there_are_hedges_and_while_it_probes_there_are_none() {
    let (breaker, hedger) = (breaker(), Hedger::with(after(5)));
    assert_eq!(inside(&breaker, &hedger).await, [started(1, 5)]);
    half_open(&breaker).await;
    for _ in 0..2 {
        assert_eq!(
            inside(&breaker, &hedger).await,
            [withheld(Withheld::Breaker)]
        );
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert_eq!(inside(&breaker, &hedger).await, [started(1, 5)]);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_only_observes_withholds_nothing() {
    let (breaker, hedger) = (breaker(), Hedger::with(after(5)));
    breaker.observe_only();
    fail(&breaker).await;
    assert_eq!(around(&breaker, &hedger).await, [started(1, 5)]);
    assert_eq!(inside(&breaker, &hedger).await, [started(1, 5)]);
}

#[tokio::test(start_paused = true)]
async fn what_a_breaker_withholds_is_not_taken_out_of_the_budget() {
    let (breaker, hedger) = (breaker(), Hedger::with(after(5)));
    for _ in 0..3 {
        half_open(&breaker).await;
        assert_eq!(
            inside(&breaker, &hedger).await,
            [withheld(Withheld::Breaker)]
        );
        breaker.reset();
    }
    assert_eq!((0..20).filter(|_| hedger.try_hedge()).count(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_opens_while_the_call_runs_withholds_the_hedge() {
    for is_around in [true, false] {
        let (breaker, hedger) = (breaker(), Hedger::with(after(5)));
        let opened = async {
            sleep(3 * MS).await;
            fail(&breaker).await;
        };
        let call = async {
            match is_around {
                true => around(&breaker, &hedger).await,
                false => inside(&breaker, &hedger).await,
            }
        };
        let (kinds, ()) = tokio::join!(call, opened);
        assert_eq!(kinds, [withheld(Withheld::Breaker)], "around: {is_around}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_is_shut_again_when_it_is_time_withholds_nothing() {
    let (breaker, hedger) = (breaker(), Hedger::with(after(5)));
    half_open(&breaker).await;
    let closed = async {
        sleep(3 * MS).await;
        breaker.reset();
    };
    let (kinds, ()) = tokio::join!(inside(&breaker, &hedger), closed);
    assert_eq!(kinds, [started(1, 5)]);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_inside_refuses_the_call_at_once() {
    let (breaker, hedger) = (breaker(), Hedger::with(after(5)));
    fail(&breaker).await;
    let refused = |outcome: Option<Result<(), Failure<io::Error>>>| {
        let failure = outcome.unwrap().unwrap_err();
        let policy = failure.policy().map(|error| error.kind());
        assert!(matches!(policy, Some(PolicyErrorKind::CircuitOpen { .. })));
    };
    refused(hedger.run(|| breaker.call(slow())).now_or_never());
    refused(breaker.call(hedger.run(slow)).now_or_never());
}

#[tokio::test(start_paused = true)]
async fn a_hedge_that_the_breaker_inside_refuses_leaves_the_first_attempt_alone() {
    let (breaker, hedger) = (breaker(), Hedger::with(after(5)));
    let made = Cell::new(0);
    let call = hedger.run(|| {
        let first = made.replace(made.get() + 1) == 0;
        let breaker = &breaker;
        async move {
            if first {
                sleep(20 * MS).await;
                return Ok("first");
            }
            breaker.call(slow()).await.map(|()| "hedge")
        }
    });
    fail(&breaker).await;
    let (outcome, took) = timed(call).await;
    assert_eq!((outcome.unwrap(), took), ("first", 20 * MS));
    assert_eq!(made.get(), 2);
}
