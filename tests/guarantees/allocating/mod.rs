//! What the tests of allocation share.

use allocation_counter::measure;
use resilient_runtime::{PolicyError, PolicyErrorKind};

#[derive(Debug, PartialEq)]
pub(crate) struct Refused(pub(crate) PolicyErrorKind);

impl From<PolicyError> for Refused {
    fn from(error: PolicyError) -> Self {
        Self(error.kind())
    }
}

#[track_caller]
pub(crate) fn assert_allocates_nothing(name: &str, mut call: impl FnMut()) {
    // What the first call sets up may be allocated.
    call();
    let allocated = measure(|| {
        for _ in 0..1000 {
            call();
        }
    });
    assert_eq!(allocated.count_total, 0, "{name}: {allocated:?}");
}
