//! An adaptive limit that admits and takes a sample, and one that refuses. No peer has one for a function.

use std::mem::forget;

use resilient_runtime::{
    AdaptiveConcurrency, AdaptiveConcurrencySettings, Elasticity, adaptive_concurrency,
};

use super::*;
use crate::body::annotated;
use crate::case::{Path, Whose, calls};

annotated! { server: [#[adaptive_concurrency(side = "server")]] ready yields holds }
annotated! { client: [#[adaptive_concurrency(side = "client")]] ready yields holds }
annotated! { full: [#[adaptive_concurrency(state = FULL)]] refused }

static FULL: AdaptiveConcurrency<Elasticity> = AdaptiveConcurrency::with(ONE);
const ONE: AdaptiveConcurrencySettings = AdaptiveConcurrencySettings::new().initial(1).max(1);
const SERVER: &str = "`#[adaptive_concurrency(side = \"server\")]`";
const CLIENT: &str = "`#[adaptive_concurrency(side = \"client\")]`";

pub(super) fn cases() -> Vec<Case> {
    forget(FULL.try_acquire());
    ours!(Adaptive, SERVER, server)
        .into_iter()
        .chain(ours!(Adaptive, CLIENT, client))
        .chain([Case::new(
            (Path::Adaptive, Body::Refused),
            (Whose::Ours, SERVER),
            calls!(|i| full::refused(i)),
        )])
        .collect()
}
