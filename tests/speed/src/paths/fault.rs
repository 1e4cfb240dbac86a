//! What `#[fault]` costs while faults are switched off, beside the same function without it.

use resilient_runtime::{fault, retry};

use super::*;
use crate::body::{Failed, annotated};
use crate::case::{Path, Whose, calls};

annotated! { faulty: [#[fault(error = Failed::Own, error_rate = 0.5)]] ready }
annotated! { retried: [#[retry]] ready }
annotated! { both: [#[retry] #[fault(error = Failed::Own, error_rate = 0.5)]] ready }

pub(super) fn cases() -> Vec<Case> {
    let ours = |name, calls| Case::new((Path::Fault, Body::Ready), (Whose::Ours, name), calls);
    vec![
        ours(ALONE, calls!(|i| faulty::ready(i))),
        ours(WITHOUT, calls!(|i| retried::ready(i))),
        ours(WITH, calls!(|i| both::ready(i))),
    ]
}

pub(crate) const ALONE: &str = "`#[fault]`";
pub(crate) const WITHOUT: &str = "`#[retry]`";
pub(crate) const WITH: &str = "`#[retry] #[fault]`";
