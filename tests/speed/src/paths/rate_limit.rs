//! A rate limit that admits, with 1 000 000 000 a second, more than anybody can ask for; and one that refuses.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{Quota, RateLimiter};
use resilient_runtime::rate_limit;
use tower::{ServiceBuilder, service_fn};
use tower_resilience::ratelimiter::{RateLimiterLayer, WindowType};

use super::*;
use crate::body::{Failed, annotated};
use crate::case::{Path, Whose, calls, shared};

pub(super) const QUOTA: Quota = Quota::per_second(NonZeroU32::new(1_000_000_000).unwrap());

annotated! { limited: [#[rate_limit(per_second = 1_000_000_000)]] ready yields holds }
annotated! { exhausted: [#[rate_limit(permits = 1, per = "24h")]] refused }

pub(super) fn cases() -> Vec<Case> {
    ours!(RateLimit, "`#[rate_limit]`", limited)
        .into_iter()
        .chain(for_each_body!(peers))
        .chain(refusals())
        .collect()
}

fn refusals() -> [Case; 2] {
    let case =
        |whose, name, calls| Case::new((Path::RateLimit, Body::Refused), (whose, name), calls);
    let a_day = Quota::with_period(Duration::from_secs(86_400)).expect("a day is some time");
    let governor = shared(RateLimiter::direct(a_day));
    [
        case(
            Whose::Ours,
            "`#[rate_limit]`",
            calls!(|i| exhausted::refused(i)),
        ),
        case(Whose::Peers, CHECK, {
            calls!(|i| async move {
                governor.check().map_err(|_| Failed::Refused)?;
                body::refused(i).await
            })
        }),
    ]
}

/// The peer that the target names.
pub(crate) const CHECK: &str = "governor, `check`";

fn peers<F: Working>(body: Body, work: impl Work<F>) -> Vec<Case> {
    let peer = |name, calls| Case::new((Path::RateLimit, body), (Whose::Peers, name), calls);
    let governor = shared(RateLimiter::direct(QUOTA));
    let windows = |window| {
        ServiceBuilder::new()
            .layer(
                RateLimiterLayer::builder()
                    .limit_for_period(1_000_000_000)
                    .refresh_period(Duration::from_secs(1))
                    .window_type(window)
                    .build()
                    .expect("these settings are valid"),
            )
            .service(service_fn(work))
    };
    let (fixed, bucket) = (
        windows(WindowType::Fixed),
        windows(WindowType::SlidingCounter),
    );
    let tower = move || {
        ServiceBuilder::new()
            .rate_limit(1_000_000_000, Duration::from_secs(1))
            .service(service_fn(work))
    };
    let buffered = move || {
        ServiceBuilder::new()
            .buffer(1_000)
            .rate_limit(1_000_000_000, Duration::from_secs(1))
            .service(service_fn(work))
    };
    vec![
        peer(
            "tower `RateLimit`, which cannot be shared",
            each_task(tower),
        )
        .alone(),
        peer("tower `Buffer` and `RateLimit`", each_task(buffered)).alone(),
        peer(CHECK, {
            calls!(|i| async move {
                governor.check().map_err(|_| Failed::Refused)?;
                work(i).await
            })
        }),
        peer("governor, `until_ready`", {
            calls!(|i| async move {
                governor.until_ready().await;
                work(i).await
            })
        }),
        peer("tower-resilience, fixed window", service(fixed)),
        peer("tower-resilience, sliding counter", service(bucket)),
        peer("sentinel-core, flow", sentinel::rate_limit(work)),
    ]
}
