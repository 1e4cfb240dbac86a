//! The refusal of an open breaker.

use std::time::Duration;

use failsafe::futures::CircuitBreaker as _;
use failsafe::{Config, backoff, failure_policy};
use recloser::{AsyncRecloser, Recloser};
use resilient_runtime::circuit_breaker;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_resilience::circuitbreaker::CircuitBreakerLayer;

use super::*;
use crate::body::annotated;
use crate::case::{Path, Whose, calls, shared};

const HOUR: Duration = Duration::from_secs(3600);

annotated! { open: [#[circuit_breaker(open_for = "1h", open_max = "1h")]] opens }

pub(super) fn cases() -> Vec<Case> {
    let case = |whose, name, calls| Case::new((Path::Open, Body::Opens), (whose, name), calls);
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
        .service(service_fn(body::opens));
    vec![
        case(
            Whose::Ours,
            "`#[circuit_breaker]`",
            calls!(|i| open::opens(i)),
        ),
        case(
            Whose::Peers,
            "failsafe",
            calls!(|i| failsafe.call(body::opens(i))),
        ),
        case(
            Whose::Peers,
            "recloser",
            calls!(|i| recloser.call(body::opens(i))),
        ),
        case(Whose::Peers, "tower-resilience", {
            calls!(resilience: |i| async { resilience.ready().await?.call(i).await })
        }),
        case(
            Whose::Peers,
            "sentinel-core",
            sentinel::breaker(Body::Opens, body::opens),
        ),
    ]
}
