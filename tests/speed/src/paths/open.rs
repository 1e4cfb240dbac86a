//! The refusal of an open breaker.

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

const HOUR: Duration = Duration::from_secs(3600);

annotated! { open: [#[circuit_breaker(open_for = "1h", open_max = "1h")]] refused }

pub(super) fn cases() -> Vec<Case> {
    let case = |whose, name, calls| Case::new((Path::Open, Body::Refused), (whose, name), calls);
    let failsafe = shared(
        Config::new()
            .failure_policy(failure_policy::consecutive_failures(
                5,
                backoff::constant(HOUR),
            ))
            .build(),
    );
    let recloser = shared(AsyncRecloser::from(
        Recloser::custom()
            .closed_len(100)
            .error_rate(0.5)
            .open_wait(HOUR)
            .build(),
    ));
    let resilience = ServiceBuilder::new()
        .layer(
            CircuitBreakerLayer::builder()
                .sliding_window_size(100)
                .failure_rate_threshold(0.5)
                .wait_duration_in_open(HOUR)
                .build()
                .expect("these settings are valid"),
        )
        .service(service_fn(body::refused));
    vec![
        case(
            Whose::Ours,
            "`#[circuit_breaker]`",
            calls!(|i| open::refused(i)),
        ),
        case(
            Whose::Peers,
            "failsafe",
            calls!(|i| failsafe.call(body::refused(i))),
        ),
        case(
            Whose::Peers,
            "recloser",
            calls!(|i| recloser.call(body::refused(i))),
        ),
        case(Whose::Peers, "tower-resilience", service(resilience)),
        case(
            Whose::Peers,
            "sentinel-core",
            sentinel::breaker(Body::Refused, body::refused),
        ),
    ]
}
