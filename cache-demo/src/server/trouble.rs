use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use resilient_runtime::faults;

/// What is wrong with the server at the moment. Nothing, until somebody turns a switch.
///
/// Failures and waits are injected by the `#[fault]` above the service; late answers are the wire's.
#[derive(Debug, Default)]
pub struct Trouble {
    /// The share of calls that fail, as the bits of a number.
    error_rate: AtomicU64,
    /// What a call waits before it is worked on, in nanoseconds.
    latency: AtomicU64,
    /// How late answers leave, in nanoseconds.
    late: AtomicU64,
}

impl Trouble {
    /// Fails this share of the calls from now on: 0.0 none, 1.0 all.
    pub fn fail(&self, share: f64) {
        let_faults_in();
        self.error_rate.store(share.to_bits(), Relaxed);
    }

    /// Lets every call wait this long before it is worked on.
    pub fn delay_calls(&self, latency: Duration) {
        let_faults_in();
        self.latency.store(nanos(latency), Relaxed);
    }

    /// Sends every byte of an answer this much later than it was written.
    pub fn delay_answers(&self, late: Duration) {
        self.late.store(nanos(late), Relaxed);
    }

    pub(super) fn error_rate(&self) -> f64 {
        f64::from_bits(self.error_rate.load(Relaxed))
    }

    pub(super) fn latency(&self) -> Duration {
        Duration::from_nanos(self.latency.load(Relaxed))
    }

    pub(super) fn late(&self) -> Duration {
        Duration::from_nanos(self.late.load(Relaxed))
    }
}

/// Whoever turns a switch here wants to see what happens, in a release build too.
fn let_faults_in() {
    faults::enable();
    faults::allow_in_release();
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
