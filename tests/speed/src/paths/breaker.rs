//! A closed breaker: without a failure, and with one call in 64 that fails.

use std::time::Duration;

use failsafe::futures::CircuitBreaker as _;
use failsafe::{Config, backoff, failure_policy};
use recloser::{AsyncRecloser, Recloser};
use resilient_runtime::circuit_breaker;
use tower::{ServiceBuilder, service_fn};
use tower_resilience::circuitbreaker::CircuitBreakerLayer;

use super::*;
use crate::body::annotated;
use crate::case::{Path, Whose, calls, shared};

annotated! { counted: [#[circuit_breaker(window = 100)]] ready yields holds fails }
annotated! { timed: [#[circuit_breaker(window = "10s")]] ready yields holds fails }
annotated! { in_a_row: [#[circuit_breaker(consecutive_failures = 5)]] ready yields holds fails }

const COUNT: &str = "`#[circuit_breaker]`, window of 100 calls";
pub(crate) const TIME: &str = "`#[circuit_breaker]`, window of 10 s";
const ROW: &str = "`#[circuit_breaker]`, 5 failures in a row";

pub(super) fn cases() -> Vec<Case> {
    let failing = |name, calls| Case::new((Path::Failing, Body::Fails), (Whose::Ours, name), calls);
    ours!(Closed, COUNT, counted)
        .into_iter()
        .chain(ours!(Closed, TIME, timed))
        .chain(ours!(Closed, ROW, in_a_row))
        .chain(for_each_body!(peers))
        .chain([
            failing(COUNT, calls!(|i| counted::fails(i))),
            failing(TIME, calls!(|i| timed::fails(i))),
            failing(ROW, calls!(|i| in_a_row::fails(i))),
        ])
        .chain(peers(Body::Fails, body::fails))
        .collect()
}

fn peers<F: Working>(body: Body, work: impl Work<F>) -> Vec<Case> {
    let path = if body == Body::Fails {
        Path::Failing
    } else {
        Path::Closed
    };
    let peer = |name, calls| Case::new((path, body), (Whose::Peers, name), calls);
    let half_a_minute = backoff::constant(Duration::from_secs(30));
    let row = shared(
        Config::new()
            .failure_policy(failure_policy::consecutive_failures(5, half_a_minute))
            .build(),
    );
    let rate = shared(Config::new().build());
    let recloser = shared(AsyncRecloser::from(
        Recloser::custom().closed_len(100).error_rate(0.5).build(),
    ));
    let resilience = ServiceBuilder::new()
        .layer(
            CircuitBreakerLayer::builder()
                .sliding_window_size(100)
                .failure_rate_threshold(0.5)
                .build()
                .expect("these settings are valid"),
        )
        .service(service_fn(work));
    vec![
        peer(
            "failsafe, 5 failures in a row",
            calls!(|i| row.call(work(i))),
        ),
        peer(
            "failsafe, its defaults: success rate of 30 s",
            calls!(|i| rate.call(work(i))),
        ),
        peer(
            "recloser, window of 100 calls",
            calls!(|i| recloser.call(work(i))),
        ),
        peer("tower-resilience, window of 100 calls", service(resilience)),
        peer(
            "sentinel-core, error ratio of 10 s",
            sentinel::breaker(body, work),
        ),
    ]
}
