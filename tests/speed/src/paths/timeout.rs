//! A timeout that is not reached.

use std::time::Duration;

use resilient_runtime::timeout;
use tower::{ServiceBuilder, service_fn};
use tower_resilience::timelimiter::TimeLimiterLayer;

use super::*;
use crate::body::{Failed, annotated};
use crate::case::{Path, Whose, calls};

const LIMIT: Duration = Duration::from_secs(10);

annotated! { timed: [#[timeout("10s")]] ready yields holds }

pub(super) fn cases() -> Vec<Case> {
    ours!(Timeout, "`#[timeout]`", timed)
        .into_iter()
        .chain(for_each_body!(peers))
        .collect()
}

pub(crate) const TOKIO: &str = "tokio `timeout`";

fn peers<F: Working>(body: Body, work: impl Work<F>) -> Vec<Case> {
    let peer = |name, calls| Case::new((Path::Timeout, body), (Whose::Peers, name), calls);
    let tower = ServiceBuilder::new()
        .timeout(LIMIT)
        .service(service_fn(work));
    let resilience = ServiceBuilder::new()
        .layer(TimeLimiterLayer::builder().timeout_duration(LIMIT).build())
        .service(service_fn(work));
    vec![
        peer(TOKIO, {
            calls!(|i| async move {
                tokio::time::timeout(LIMIT, work(i))
                    .await
                    .unwrap_or(Err(Failed::Refused))
            })
        }),
        peer("tower `Timeout`", service(tower)),
        peer("tower-resilience", service(resilience)),
    ]
}
