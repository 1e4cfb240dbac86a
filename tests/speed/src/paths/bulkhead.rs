//! A bulkhead that admits, with nobody waiting; and one that is full.

use std::mem::forget;
use std::sync::Arc;

use resilient_runtime::{Bulkhead, bulkhead};
use tokio::sync::Semaphore;
use tower::{ServiceBuilder, service_fn};
use tower_resilience::bulkhead::BulkheadLayer;

use super::*;
use crate::body::{Failed, annotated};
use crate::case::{Path, Whose, calls, shared};

const PLACES: usize = 1_000;

annotated! { confined: [#[bulkhead(max_concurrent = 1_000)]] ready yields holds }
annotated! { full: [#[bulkhead(state = FULL)]] refused }

static FULL: Bulkhead = Bulkhead::new(1);

pub(super) fn cases() -> Vec<Case> {
    ours!(Bulkhead, "`#[bulkhead]`", confined)
        .into_iter()
        .chain(for_each_body!(peers))
        .chain(refusals())
        .collect()
}

fn refusals() -> [Case; 2] {
    let case =
        |whose, name, calls| Case::new((Path::Bulkhead, Body::Refused), (whose, name), calls);
    forget(FULL.try_acquire());
    let semaphore = shared(Semaphore::new(0));
    [
        case(Whose::Ours, "`#[bulkhead]`", calls!(|i| full::refused(i))),
        case(Whose::Peers, TRY_ACQUIRE, {
            calls!(|i| async move {
                let _place = semaphore.try_acquire().map_err(|_| Failed::Refused)?;
                body::refused(i).await
            })
        }),
    ]
}

fn peers<F: Working>(body: Body, work: impl Work<F>) -> Vec<Case> {
    let peer = |name, calls| Case::new((Path::Bulkhead, body), (Whose::Peers, name), calls);
    let tried = shared(Semaphore::new(PLACES));
    let waited = shared(Semaphore::new(PLACES));
    let owned = shared(Arc::new(Semaphore::new(PLACES)));
    let tower = ServiceBuilder::new()
        .concurrency_limit(PLACES)
        .service(service_fn(work));
    let resilience = ServiceBuilder::new()
        .layer(
            BulkheadLayer::builder()
                .max_concurrent_calls(PLACES)
                .build()
                .expect("these settings are valid"),
        )
        .service(service_fn(work));
    vec![
        peer(TRY_ACQUIRE, {
            calls!(|i| async move {
                let _place = tried.try_acquire().map_err(|_| Failed::Refused)?;
                work(i).await
            })
        }),
        peer("tokio `Semaphore::acquire().await`", {
            calls!(|i| async move {
                let _place = waited.acquire().await.map_err(|_| Failed::Refused)?;
                work(i).await
            })
        }),
        peer("tokio `Semaphore::acquire_owned().await`", {
            calls!(|i| async move {
                let place = Arc::clone(owned).acquire_owned().await;
                let _place = place.map_err(|_| Failed::Refused)?;
                work(i).await
            })
        }),
        peer("tower `ConcurrencyLimit`", service(tower)),
        peer("tower-resilience", service(resilience)),
        peer("sentinel-core, isolation", sentinel::bulkhead(work)),
    ]
}

/// The peer that the target names.
pub(crate) const TRY_ACQUIRE: &str = "tokio `Semaphore::try_acquire`";
