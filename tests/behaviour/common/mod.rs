//! What the behaviour tests share: an error of every class, and a note of when a
//! function was called.

// Each test binary takes what it needs.
#![allow(dead_code)]

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use resilient_runtime::{
    BreakerState, CallOutcome, CircuitBreaker, Classify, ErrorClass, Layer, LayerKind, PolicyError,
    PolicyErrorKind, Setting, registry,
};
use tokio::time::Instant;

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// An error that says of itself what it means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Error {
    Transient,
    ServerFault,
    CallerFault,
    /// Come back after that long, if it says so.
    Overload(Option<Duration>),
    Policy(PolicyError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Error {}

impl Classify for Error {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Transient | Self::Policy(_) => ErrorClass::Transient,
            Self::ServerFault => ErrorClass::ServerFault,
            Self::CallerFault => ErrorClass::CallerFault,
            Self::Overload(_) => ErrorClass::Overload,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Overload(wait) => *wait,
            _ => None,
        }
    }

    fn policy_error(&self) -> Option<&PolicyError> {
        match self {
            Self::Policy(error) => Some(error),
            _ => None,
        }
    }
}

impl From<PolicyError> for Error {
    fn from(error: PolicyError) -> Self {
        Self::Policy(error)
    }
}

impl Error {
    pub(crate) fn kind(&self) -> Option<PolicyErrorKind> {
        match self {
            Self::Policy(error) => Some(error.kind()),
            _ => None,
        }
    }

    pub(crate) fn is_timed_out(&self) -> bool {
        matches!(self.kind(), Some(PolicyErrorKind::TimedOut { .. }))
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.kind(), Some(PolicyErrorKind::CircuitOpen { .. }))
    }
}

/// The calls that reached a function, and when.
#[derive(Debug)]
pub(crate) struct Calls {
    since: Instant,
    at: Mutex<Vec<Duration>>,
}

impl Calls {
    pub(crate) fn new() -> Self {
        Self {
            since: Instant::now(),
            at: Mutex::default(),
        }
    }

    /// Notes a call; the first is 1.
    pub(crate) fn note(&self) -> usize {
        let mut at = self.at.lock().unwrap();
        at.push(self.since.elapsed());
        at.len()
    }

    pub(crate) fn count(&self) -> usize {
        self.at.lock().unwrap().len()
    }

    /// When they came, in milliseconds since this was made.
    pub(crate) fn at(&self) -> Vec<u64> {
        self.at
            .lock()
            .unwrap()
            .iter()
            .map(|at| at.as_millis() as u64)
            .collect()
    }

    /// The milliseconds between one and the next.
    pub(crate) fn pauses(&self) -> Vec<u64> {
        self.at().windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    /// The milliseconds since this was made.
    pub(crate) fn elapsed(&self) -> u64 {
        self.since.elapsed().as_millis() as u64
    }
}

/// The breaker of the annotated function of this name.
pub(crate) fn breaker(site: &str) -> &'static CircuitBreaker {
    registry()
        .site(site)
        .unwrap_or_else(|| panic!("no site {site}"))
        .layer(LayerKind::CircuitBreaker)
        .and_then(|layer| layer.breaker())
        .unwrap_or_else(|| panic!("no breaker at {site}"))
}

/// Lets so many calls fail.
pub(crate) fn fail(breaker: &CircuitBreaker, calls: u32) {
    report(breaker, CallOutcome::Failure, calls);
}

/// Lets so many calls succeed.
pub(crate) fn succeed(breaker: &CircuitBreaker, calls: u32) {
    report(breaker, CallOutcome::Success, calls);
}

fn report(breaker: &CircuitBreaker, outcome: CallOutcome, calls: u32) {
    for _ in 0..calls {
        breaker
            .try_acquire()
            .expect("it takes the call")
            .record(outcome);
    }
}

/// Opens it and lets its time pass, so that the next call is its first probe.
pub(crate) async fn await_half_open(breaker: &CircuitBreaker) {
    for _ in 0..100 {
        if breaker.state() == BreakerState::Closed {
            fail(breaker, 1);
        }
    }
    let left = breaker.snapshot().open_for_remaining.expect("it is open");
    tokio::time::sleep(left).await;
}

/// What it has counted in its window: calls, and failures among them.
pub(crate) fn counted(breaker: &CircuitBreaker) -> (u32, u32) {
    let snapshot = breaker.snapshot();
    (snapshot.calls, snapshot.failures)
}

/// The outermost layer of a kind at a call site.
pub(crate) fn layer(site: &str, kind: LayerKind) -> &'static dyn Layer {
    let site = registry()
        .site(site)
        .unwrap_or_else(|| panic!("no site {site}"));
    site.layer(kind)
        .unwrap_or_else(|| panic!("no {kind} at {}", site.name()))
}

/// One of its settings.
pub(crate) fn setting(layer: &dyn Layer, knob: &str) -> Setting {
    let found = layer
        .settings()
        .into_iter()
        .find(|setting| setting.knob == knob);
    found.unwrap_or_else(|| panic!("no knob {knob}"))
}

/// All of a layer's settings, as an operator reads them.
pub(crate) fn read(layer: &dyn Layer) -> String {
    let read = |setting: Setting| match setting.value {
        Some(value) => format!("{} {value}", setting.knob),
        None => format!("{} -", setting.knob),
    };
    layer
        .settings()
        .into_iter()
        .map(read)
        .collect::<Vec<_>>()
        .join(", ")
}
