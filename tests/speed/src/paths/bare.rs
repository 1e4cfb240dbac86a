//! The function as it is, and what bounds everybody.

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::body::Failed;
use crate::case::{Path, Whose, calls};

static WORD: AtomicU64 = AtomicU64::new(0);

/// What reading the clock costs.
pub(crate) const CLOCK: &str = "std `Instant::now`";

pub(super) fn cases() -> Vec<Case> {
    let bare = |body, calls| Case::new((Path::Bare, body), (Whose::Nobodys, "bare"), calls);
    let floor = |name, calls| Case::new((Path::Floor, Body::Ready), (Whose::Nobodys, name), calls);
    vec![
        bare(Body::Ready, calls!(|i| body::ready(i))),
        bare(Body::Yields, calls!(|i| body::yields(i))),
        bare(Body::Holds, calls!(|i| body::holds(i))),
        bare(Body::Fails, calls!(|i| body::fails(i))),
        floor(
            CLOCK,
            calls!(|_i| ready(Ok::<_, Failed>(std::time::Instant::now()))),
        ),
        floor(
            "tokio `Instant::now`",
            calls!(|_i| ready(Ok::<_, Failed>(tokio::time::Instant::now()))),
        ),
        floor(
            "one atomic read-modify-write",
            calls!(|i| ready(Ok::<_, Failed>(WORD.fetch_add(i, Ordering::Relaxed)))),
        ),
        floor(
            "`Box::pin` of the bare call",
            calls!(|i| Box::pin(body::ready(i))),
        ),
    ]
}
