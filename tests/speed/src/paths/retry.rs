//! A retry whose first attempt succeeds.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use resilient_runtime::retry;
use tokio_retry::strategy::{ExponentialBackoff, jitter};
use tower::{ServiceBuilder, service_fn};
use tower_resilience::retry::RetryLayer;

use super::*;
use crate::body::{Failed, annotated};
use crate::case::{Path, Whose, calls};

annotated! { retried: [#[retry]] ready yields holds }

/// What tower leaves to its user, at its smallest: three attempts, without pauses.
#[derive(Clone, Debug)]
pub(super) struct Three(u32);

impl Three {
    pub(super) fn new() -> Self {
        Self(3)
    }
}

impl<E> tower::retry::Policy<u64, u64, E> for Three {
    type Future = std::future::Ready<()>;

    fn retry(&mut self, _: &mut u64, result: &mut Result<u64, E>) -> Option<Self::Future> {
        self.0 -= 1;
        (result.is_err() && self.0 > 0).then(|| std::future::ready(()))
    }

    fn clone_request(&mut self, request: &u64) -> Option<u64> {
        Some(*request)
    }
}

pub(super) fn cases() -> Vec<Case> {
    ours!(Retry, "`#[retry]`", retried)
        .into_iter()
        .chain(for_each_body!(peers))
        .collect()
}

fn peers<F: Working>(body: Body, work: impl Work<F>) -> Vec<Case> {
    let peer = |name, calls| Case::new((Path::Retry, body), (Whose::Peers, name), calls);
    let tower = ServiceBuilder::new()
        .retry(Three::new())
        .service(service_fn(work));
    let resilience = ServiceBuilder::new()
        .layer(
            RetryLayer::<u64, u64, Failed>::builder()
                .max_attempts(3)
                .exponential_backoff(Duration::from_millis(200))
                .build(),
        )
        .service(service_fn(work));
    vec![
        peer("backon, exponential with jitter", {
            calls!(|i| (move || work(i)).retry(ExponentialBuilder::default().with_jitter()))
        }),
        peer("tokio-retry, exponential with jitter", {
            calls!(|i| tokio_retry::Retry::start(
                ExponentialBackoff::from_millis(200).map(jitter).take(2),
                move || work(i)
            ))
        }),
        peer("tower `Retry`, no pauses", service(tower)),
        peer("tower-resilience", service(resilience)),
    ]
}
