//! Sentinel, whose rules are found by the name of a resource.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sentinel_core::circuitbreaker::{self, BreakerStrategy};
use sentinel_core::{EntryBuilder, flow, isolation};

use super::{Work, Working};
use crate::body::{Answer, Body, Failed};
use crate::case::{Calls, calls, shared};

/// A resource's name, of its own for each case.
fn resource() -> &'static str {
    static LAST: AtomicU32 = AtomicU32::new(0);
    shared(format!("speed-{}", LAST.fetch_add(1, Ordering::Relaxed)))
}

fn protected<F: Working>(resource: &'static str, work: impl Work<F>) -> Calls {
    calls!(|i| protect(resource.to_owned(), work(i)))
}

/// What its attributes expand to, with the failures told.
async fn protect(resource: String, work: impl Future<Output = Answer>) -> Answer {
    let entry = EntryBuilder::new(resource).build().map_err(refused)?;
    let answer = work.await;
    if let Err(error) = &answer {
        entry.set_err(sentinel_core::Error::new(*error));
    }
    entry.exit();
    answer
}

fn refused(_: impl Debug) -> Failed {
    Failed::Refused
}

pub(super) fn breaker<F: Working>(body: Body, work: impl Work<F>) -> Calls {
    let resource = resource();
    circuitbreaker::append_rule(Arc::new(circuitbreaker::Rule {
        resource: resource.to_owned(),
        strategy: BreakerStrategy::ErrorRatio,
        threshold: 0.5,
        min_request_amount: 20,
        stat_interval_ms: 10_000,
        stat_sliding_window_bucket_count: 10,
        retry_timeout_ms: if body == Body::Refused {
            3_600_000
        } else {
            5_000
        },
        ..Default::default()
    }));
    protected(resource, work)
}

pub(super) fn rate_limit<F: Working>(work: impl Work<F>) -> Calls {
    let resource = resource();
    flow::append_rule(Arc::new(flow::Rule {
        resource: resource.to_owned(),
        threshold: 1e9,
        stat_interval_ms: 1_000,
        ..Default::default()
    }));
    protected(resource, work)
}

pub(super) fn bulkhead<F: Working>(work: impl Work<F>) -> Calls {
    let resource = resource();
    isolation::append_rule(Arc::new(isolation::Rule {
        resource: resource.to_owned(),
        threshold: 1_000,
        ..Default::default()
    }));
    protected(resource, work)
}
