//! A rate limit that admits: 1 000 000 000 a second, more than anybody can ask for.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{Quota, RateLimiter};
use resilient_runtime::rate_limit;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_resilience::ratelimiter::{RateLimiterLayer, WindowType};

use super::*;
use crate::body::{Failed, annotated};
use crate::case::{Path, Whose, calls, shared};

pub(super) const QUOTA: Quota = Quota::per_second(NonZeroU32::new(1_000_000_000).unwrap());

annotated! { limited: [#[rate_limit(per_second = 1_000_000_000)]] ready yields holds }

pub(super) fn cases() -> Vec<Case> {
    ours!(RateLimit, "`#[rate_limit]`", limited)
        .into_iter()
        .chain(for_each_body!(peers))
        .collect()
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
    vec![
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
        peer("tower-resilience, fixed window", {
            calls!(fixed: |i| async { fixed.ready().await?.call(i).await })
        }),
        peer("tower-resilience, sliding counter", {
            calls!(bucket: |i| async { bucket.ready().await?.call(i).await })
        }),
        peer("sentinel-core, flow", sentinel::rate_limit(work)),
    ]
}
