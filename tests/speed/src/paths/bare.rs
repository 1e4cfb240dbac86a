//! The function as it is, and what bounds everybody.

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::*;
use crate::body::Failed;
use crate::case::{Path, Whose};

static WORD: AtomicU64 = AtomicU64::new(0);

/// What reading the clock costs.
pub(crate) const CLOCK: &str = "std `Instant::now`";

pub(super) fn cases() -> Vec<Case> {
    let counter = shared(quanta::Clock::new());
    let bare = |body, calls| Case::new((Path::Bare, body), (Whose::Nobodys, "bare"), calls);
    let floor = |name, calls| Case::new((Path::Floor, Body::Ready), (Whose::Nobodys, name), calls);
    vec![
        bare(Body::Ready, calls!(|i| body::ready(i))),
        bare(Body::Yields, calls!(|i| body::yields(i))),
        bare(Body::Holds, calls!(|i| body::holds(i))),
        bare(Body::Fails, calls!(|i| body::fails(i))),
        floor(CLOCK, floor_of(|_| Instant::now())),
        floor(
            "tokio `Instant::now`",
            floor_of(|_| tokio::time::Instant::now()),
        ),
        floor(
            "quanta `Clock::now`, which governor reads",
            floor_of(|_| counter.now()),
        ),
        floor(
            "one atomic read-modify-write",
            floor_of(|i| WORD.fetch_add(i, Ordering::Relaxed)),
        ),
        floor(
            "`Box::pin` of the bare call",
            calls!(|i| Box::pin(body::ready(i))),
        ),
    ]
}

fn floor_of<T: Send + 'static>(what: impl Fn(u64) -> T + Copy + Send + Sync + 'static) -> Calls {
    calls!(|i| ready(Ok::<_, Failed>(what(i))))
}
