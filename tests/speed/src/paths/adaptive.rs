//! An adaptive limit that admits and takes a sample. No peer has one for a function.

use resilient_runtime::adaptive_concurrency;

use super::*;
use crate::body::annotated;
use crate::case::{Path, Whose, calls};

annotated! { server: [#[adaptive_concurrency(side = "server")]] ready yields holds }
annotated! { client: [#[adaptive_concurrency(side = "client")]] ready yields holds }

pub(super) fn cases() -> Vec<Case> {
    ours!(
        Adaptive,
        "`#[adaptive_concurrency(side = \"server\")]`",
        server
    )
    .into_iter()
    .chain(ours!(
        Adaptive,
        "`#[adaptive_concurrency(side = \"client\")]`",
        client
    ))
    .collect()
}
