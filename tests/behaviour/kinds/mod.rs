//! What the tests of the kinds of function call.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use resilient_runtime::PolicyError;

/// A service that fails a number of times, and then answers with the number of the call.
#[derive(Debug)]
pub(crate) struct Flaky {
    failures: u32,
    calls: AtomicU32,
}

impl Flaky {
    pub(crate) const fn failing(failures: u32) -> Self {
        Self {
            failures,
            calls: AtomicU32::new(0),
        }
    }

    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    pub(crate) async fn call(&self) -> Result<u32, Down> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        tokio::task::yield_now().await;
        if call <= self.failures {
            return Err(Down::Own);
        }
        Ok(call)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Down {
    Own,
    Policy,
}

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "down",
            Self::Policy => "refused",
        })
    }
}

impl std::error::Error for Down {}

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self::Policy
    }
}
