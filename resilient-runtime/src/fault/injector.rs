//! A place in the code where faults are injected.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::call::{FaultCall, FaultErrorCall, Injection};
use super::draw::Decision;
use super::faults::{self, Counts, FaultCounts};
use super::settings::{Fault, FaultKind};
use crate::door::{Door, Opened};
use crate::error::PolicyError;
use crate::event::EventKind;
use crate::random;
use crate::site::{Caller, Live, Setting, SettingError, Site, Tuning, Value};
use crate::verdict::{Failing, Judged};

/// Injects faults into calls. It is the state of `#[fault]`, and can be used by hand:
///
/// ```
/// use resilient_runtime::{Fault, FaultInjector, faults};
/// use std::io;
///
/// static STORE: FaultInjector = FaultInjector::new(Fault::new().error_rate(1.0)).named("store");
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// async fn store() -> io::Result<()> {
///     Ok(())
/// }
/// assert!(STORE.call(store()).await.is_ok());
/// faults::enable();
/// # faults::allow_in_release();
/// assert!(STORE.call(store()).await.is_err());
/// # faults::disable();
/// # }
/// ```
///
/// It does nothing unless [`faults`] are switched on. Then each call is numbered, and
/// what happens to it is decided by a hash of the seed, the fault, the name of the call
/// site and that number: by nothing else, so the same seed decides the same for the
/// first, the second, .. call on any number of threads.
///
/// First the latency is applied, then the call panics, fails, or is made. The latency
/// counts as the call's own time, not as waiting, so that a timeout or a circuit breaker
/// around sees what it would see of a slow service.
pub struct FaultInjector {
    pub(super) live: Live<Fault>,
    record: Door<Record>,
    caller: Caller,
}

/// What has happened here.
#[derive(Debug)]
struct Record {
    calls: AtomicU64,
    counts: Counts,
}

impl Record {
    const fn new() -> Self {
        Self {
            calls: AtomicU64::new(0),
            counts: Counts::new(),
        }
    }
}

/// What is to happen to a call.
pub(super) struct Sentence {
    pub(super) latency: Option<std::time::Duration>,
    pub(super) error: bool,
    pub(super) panic: bool,
}

impl FaultInjector {
    /// An injector with settings of its own.
    #[must_use]
    pub const fn new(fault: Fault) -> Self {
        Self {
            live: Live::new(fault),
            record: Door::new(Record::new()),
            caller: Caller::Named("fault"),
        }
    }

    /// What it is called in errors and events where no annotated function asks.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.caller = Caller::Named(name);
        self
    }

    pub(super) const fn of(mut self, site: &'static Site) -> Self {
        self.caller = Caller::Site(site);
        self
    }

    /// Makes a call, or injects faults into it. An injected error is a
    /// [`FaultInjected`](crate::PolicyErrorKind::FaultInjected).
    ///
    /// The future is not polled before the latency is over, and not at all if the call
    /// fails or panics.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the call, which may not have begun.
    ///
    /// # Panics
    ///
    /// If a panic is injected; and outside a tokio runtime with time enabled, if a
    /// latency is.
    pub fn call<F, T, X>(&self, future: F) -> FaultCall<'_, F>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing,
    {
        FaultCall::new(self.injection(None), future)
    }

    /// [`call`](Self::call) with an error of the caller's own, which is made when it is
    /// injected and judged by its class.
    ///
    /// # Panics
    ///
    /// As [`call`](Self::call).
    pub fn call_error<F, T, X, M>(&self, future: F, error: M) -> FaultErrorCall<'_, F, M>
    where
        F: Future<Output = Result<T, X>>,
        X: Failing + From<Judged<X::Error>>,
        M: FnOnce() -> Judged<X::Error>,
    {
        FaultErrorCall::new(self.injection(None), future, error)
    }

    /// What was injected here.
    #[must_use]
    pub fn counts(&self) -> FaultCounts {
        self.record().counts.read()
    }

    /// Its knobs.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        self.live.list(None)
    }

    /// Lays `value` over what the code says for `knob`.
    ///
    /// # Errors
    ///
    /// An unknown knob, or a value that it does not take. Nothing has changed then.
    pub fn set(&self, knob: &str, value: Value) -> Result<(), SettingError> {
        self.live.set(None, knob, Some(value))
    }

    /// Goes back to what the code says for `knob`.
    ///
    /// # Errors
    ///
    /// An unknown knob.
    pub fn unset(&self, knob: &str) -> Result<(), SettingError> {
        self.live.set(None, knob, None)
    }

    pub(super) fn tuning(&self) -> &dyn Tuning {
        &self.live
    }

    /// With what the code wrote down, unless the call worked out something else.
    #[inline]
    pub(super) fn injection(&self, fault: Option<Fault>) -> Injection<'_> {
        Injection::Asking(self, None, fault)
    }

    /// Decides over the next call.
    pub(super) fn decide(&self, fault: Option<Fault>) -> Sentence {
        let fault = self.live.over(fault.unwrap_or(*self.live.code()));
        let call = self.record().calls.fetch_add(1, Relaxed);
        let seed = fault.seed.unwrap_or_else(seed_of_the_process);
        let decision = Decision::of(&fault, seed, self.caller.name(), call);
        Sentence {
            latency: fault.latency.filter(|_| decision.latency),
            error: decision.error,
            panic: decision.panic,
        }
    }

    /// It has happened.
    pub(super) fn tell(&self, fault: FaultKind) {
        self.record().counts.count(fault);
        faults::board().counts.count(fault);
        self.caller.emit(|| EventKind::FaultInjected(fault));
    }

    pub(super) fn tell_left_out(&self) {
        self.record().counts.count_left_out();
        faults::board().counts.count_left_out();
    }

    pub(super) fn name(&self) -> &'static str {
        self.caller.name()
    }

    pub(super) fn error(&self) -> PolicyError {
        PolicyError::new(crate::error::PolicyErrorKind::FaultInjected, self.name())
    }

    fn record(&self) -> Opened<'_, Record> {
        self.record.open(Record::new)
    }
}

/// The seed where none is given: another one in each process, and always the same in a
/// test's world of its own.
fn seed_of_the_process() -> u64 {
    static SEED: Door<OnceLock<u64>> = Door::new(OnceLock::new());
    let seed = SEED.open(OnceLock::new);
    *seed.get_or_init(|| random::mix(random::unit().to_bits()))
}

impl fmt::Debug for FaultInjector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultInjector")
            .field("name", &self.caller.name())
            .field("settings", &self.live.get())
            .field("counts", &self.counts())
            .finish()
    }
}
