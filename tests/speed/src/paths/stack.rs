//! retry(timeout(breaker(bulkhead(rate limit)))): ours, by hand, and with tower.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use failsafe::futures::CircuitBreaker as _;
use failsafe::{Config, backoff, failure_policy};
use governor::RateLimiter;
use resilient_runtime::{bulkhead, circuit_breaker, rate_limit, retry, timeout};
use tokio::sync::Semaphore;
use tower::{ServiceBuilder, service_fn};
use tower_resilience::bulkhead::BulkheadLayer;
use tower_resilience::circuitbreaker::CircuitBreakerLayer;
use tower_resilience::ratelimiter::RateLimiterLayer;
use tower_resilience::retry::RetryLayer;
use tower_resilience::timelimiter::TimeLimiterLayer;

use super::rate_limit::QUOTA;
use super::retry::Three;
use super::*;
use crate::body::{Failed, annotated};
use crate::case::{Calls, Path, Whose, calls, shared};

const LIMIT: Duration = Duration::from_secs(10);
const PLACES: usize = 1_000;

annotated! {
    stacked: [
        #[retry]
        #[timeout("10s")]
        #[circuit_breaker]
        #[bulkhead(max_concurrent = 1_000)]
        #[rate_limit(per_second = 1_000_000_000)]
    ]
    ready yields holds
}

annotated! {
    in_a_row: [
        #[retry]
        #[timeout("10s")]
        #[circuit_breaker(consecutive_failures = 5)]
        #[bulkhead(max_concurrent = 1_000)]
        #[rate_limit(per_second = 1_000_000_000)]
    ]
    ready yields holds
}

pub(super) fn cases() -> Vec<Case> {
    ours!(Stack, OURS, stacked)
        .into_iter()
        .chain(ours!(
            Stack,
            "five attributes, breaker of 5 failures in a row",
            in_a_row
        ))
        .chain(for_each_body!(peers))
        .collect()
}

pub(crate) const OURS: &str = "five attributes";
pub(crate) const BY_HAND: &str =
    "by hand: backon, tokio `timeout`, failsafe, `Semaphore`, governor";
pub(crate) const TOWER_RESILIENCE: &str = "tower-resilience";

fn peers<F: Working>(body: Body, work: impl Work<F>) -> Vec<Case> {
    let case = |whose, name, calls| Case::new((Path::Stack, body), (whose, name), calls);
    let tower = ServiceBuilder::new()
        .retry(Three::new())
        .timeout(LIMIT)
        .concurrency_limit(PLACES)
        .service(service_fn(work));
    let buffered = move || {
        ServiceBuilder::new()
            .retry(Three::new())
            .timeout(LIMIT)
            .concurrency_limit(PLACES)
            .buffer(1_000)
            .rate_limit(1_000_000_000, Duration::from_secs(1))
            .service(service_fn(work))
    };
    let resilience = resilience(work);
    vec![
        case(Whose::Peers, BY_HAND, by_hand(work)),
        case(Whose::Peers, TOWER_RESILIENCE, service(resilience)),
        case(
            Whose::InPart,
            "tower: no breaker, no rate limit",
            service(tower),
        ),
        case(
            Whose::InPart,
            "tower: no breaker, `Buffer` for the rate limit",
            each_task(buffered),
        )
        .alone(),
    ]
}

/// As a careful person writes it: what the limits refuse is no failure of the service.
fn by_hand<F: Working>(work: impl Work<F>) -> Calls {
    let breaker = shared(
        Config::new()
            .failure_policy(failure_policy::consecutive_failures(
                5,
                backoff::constant(Duration::from_secs(5)),
            ))
            .build(),
    );
    let places = shared(Semaphore::new(PLACES));
    let limiter = shared(RateLimiter::direct(QUOTA));
    calls!(|i| async move {
        let attempt = || async {
            let admitted = breaker.call_with(|error: &Failed| *error == Failed::Own, async {
                let _place = places.try_acquire().map_err(|_| Failed::Refused)?;
                limiter.check().map_err(|_| Failed::Refused)?;
                work(i).await
            });
            match tokio::time::timeout(LIMIT, admitted).await {
                Ok(Ok(value)) => Ok(value),
                Ok(Err(failsafe::Error::Inner(error))) => Err(error),
                Ok(Err(failsafe::Error::Rejected)) | Err(_) => Err(Failed::Refused),
            }
        };
        attempt
            .retry(
                ExponentialBuilder::default()
                    .with_jitter()
                    .with_max_times(2),
            )
            .await
    })
}

fn resilience<F: Working>(
    work: impl Work<F>,
) -> impl Service<u64, Response = u64, Error: Send, Future: Send> + Clone + Send + Sync + 'static {
    ServiceBuilder::new()
        .layer(
            RetryLayer::builder()
                .max_attempts(3)
                .exponential_backoff(Duration::from_millis(200))
                .build(),
        )
        .layer(TimeLimiterLayer::builder().timeout_duration(LIMIT).build())
        .layer(
            CircuitBreakerLayer::builder()
                .sliding_window_size(100)
                .failure_rate_threshold(0.5)
                .build()
                .expect("these settings are valid"),
        )
        .layer(
            BulkheadLayer::builder()
                .max_concurrent_calls(PLACES)
                .build()
                .expect("these settings are valid"),
        )
        .layer(
            RateLimiterLayer::builder()
                .limit_for_period(1_000_000_000)
                .refresh_period(Duration::from_secs(1))
                .build()
                .expect("these settings are valid"),
        )
        .service(service_fn(work))
}
