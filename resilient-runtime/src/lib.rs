//! Retries, hedges, timeouts, circuit breakers, fallbacks, rate limits, bulkheads and adaptive limits for
//! async functions: by one attribute above an `async fn` or an `impl`, or by hand.
//!
//! ```
//! # #[cfg(feature = "macros")] {
//! use resilient_runtime::{circuit_breaker, fallback, retry, timeout};
//! use std::io;
//!
//! # struct Client;
//! # impl Client { async fn get(&self, key: &str) -> io::Result<u32> { Ok(7) } }
//! #[fallback(with = last_seen)]
//! #[retry(count = 3, backoff = "fib")]
//! #[timeout(ms = 500)]
//! #[circuit_breaker(failure_rate = 0.6)]
//! async fn price(client: &Client, item: &str) -> io::Result<u32> {
//!     client.get(item).await // nothing but business
//! }
//!
//! fn last_seen(client: &Client, item: &str, error: io::Error) -> io::Result<u32> {
//!     Ok(100)
//! }
//! # }
//! ```
//!
//! The topmost attribute is the outermost layer. Each has its knobs in its own documentation:
#![cfg_attr(
    feature = "macros",
    doc = "[`#[retry]`](macro@retry), [`#[timeout]`](macro@timeout), [`#[hedge]`](macro@hedge),
[`#[circuit_breaker]`](macro@circuit_breaker), [`#[rate_limit]`](macro@rate_limit), [`#[bulkhead]`](macro@bulkhead),
[`#[adaptive_concurrency]`](macro@adaptive_concurrency), [`#[fault]`](macro@fault),
[`#[fallback]`](macro@fallback), and [`#[resilient]`](macro@resilient) for several at once or for a whole `impl`."
)]
//!
//! # Errors
//!
//! A layer that ends or refuses a call says so with a [`PolicyError`], which the function's own error
//! type receives through `From`. What an error means to a retry or a breaker is said once, by
//! [`Classify`].
//!
//! # Operation
//!
//! Every annotated function is a [`Site`], listed in the [`registry`] when the program is linked. Its
//! [layers](Layer) can be read, changed and switched off while it runs. Every decision is an
//! [`Event`], for [observers](observe) and for `tracing`. How often, and how long each took, is counted for
//! good once somebody asks for it: [`Registry::measure`] and [`Site::stats`]. Whether the program should get traffic,
//! [`health`] says. With the feature `config`, files and the environment say what its settings are.
//!
//! # By hand
//!
//! [`Retry`], [`Timeout`], [`CircuitBreaker`], [`RateLimiter`], [`Bulkhead`], [`AdaptiveConcurrency`],
//! [`Hedger`], [`FaultInjector`] and [`Fallback`] wrap any future that returns a `Result`. They nest: a layer takes
//! what another returns, a [`Failure`], as it takes the function's own error. A [`RetryBudget`] bounds the retries
//! of many calls; [`Keyed`] has one state for each key.
//!
//! # Deadlines
//!
//! The nearest timeout sets the [`deadline`]. Everything inside keeps to it, through any number of functions;
//! [`spawn`] takes it into a task, [`with_deadline`] takes it from elsewhere, and with the feature `tonic` it goes
//! along with gRPC calls.
//!
//! # Features
//!
//! - `macros` (on): the attributes.
//! - `tracing` (on): decisions as `tracing` events; for each attempt of a retry or a hedge a span `attempt` (DEBUG) with
//!   `site`, `attempt`, and at its end the `outcome`: ok, error, timed out, refused, dropped or panicked.
//! - `tonic`: [`Classify`] and `From<PolicyError>` for `tonic::Status`, and in `grpc` deadlines that travel.
//! - `config`: settings from files and the environment, in `config`.
//! - `axum`: [`PolicyError`] is an answer of axum; [`health`] over HTTP.
//! - `grpc-health`: [`health`] as a `grpc.health.v1.Health` of tonic.
//! - `dashboard`: a page that shows each function as its stack, live: in `dashboard`.
//! - `metrics`: what is counted and how each state stands, for the `metrics` facade: in `metrics`.
//! - `testing`: `testing::isolated` and `testing::events`, for tests of code that uses this.
#![warn(missing_docs)]

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;
mod adaptive_concurrency;
#[cfg(feature = "axum")]
mod answer;
mod bulkhead;
mod carry;
mod circuit_breaker;
mod classify;
mod clock;
#[cfg(feature = "config")]
pub mod config;
mod context;
#[cfg(feature = "dashboard")]
pub mod dashboard;
mod door;
mod dropped;
mod error;
mod event;
mod fallback;
mod fault;
mod gate;
#[cfg(feature = "tonic")]
pub mod grpc;
pub mod health;
mod hedge;
mod judge;
mod keyed;
#[cfg(feature = "metrics")]
pub mod metrics;
mod pattern;
mod random;
mod rate_limit;
mod retry;
mod retry_budget;
mod rules;
mod site;
mod spawn;
mod stats;
#[cfg(feature = "testing")]
pub mod testing;
mod timeout;
mod verdict;
mod with_deadline;

pub use adaptive_concurrency::{
    AdaptiveCall, AdaptiveConcurrency, AdaptiveConcurrencySettings, Aimd, Elasticity, Gradient2,
    LimitAlgorithm, LimitOutcome, LimitPermit, LimitUpdate, LimitWindow, Vegas,
};
pub use bulkhead::{Bulkhead, BulkheadCall, BulkheadPermit, BulkheadSettings, OwnedBulkheadPermit};
pub use carry::{Carried, Carry, carry};
pub use circuit_breaker::{
    BreakerCall, BreakerMode, BreakerPermit, BreakerSnapshot, BreakerState, CallOutcome,
    ChangeCause, CircuitBreaker, CircuitBreakerSettings, StateChange, Window,
};
pub use classify::{Classify, ErrorClass};
pub use context::{deadline, previous_attempts};
pub use error::{FromPolicyError, PolicyError, PolicyErrorKind};
pub use event::{Event, EventKind, StopReason, Subscription, Withheld, observe};
pub use fallback::{Fallback, FallingBack};
pub use fault::{Fault, FaultCall, FaultCounts, FaultErrorCall, FaultInjector, FaultKind, faults};
pub use hedge::{Hedge, HedgeAfter, HedgeCall, Hedger};
pub use keyed::Keyed;
pub use rate_limit::{RateLimitCall, RateLimiter, RateLimiterSettings, RateLimiterSnapshot};
pub use retry::{
    Attempt, Attempts, Backoff, Jitter, OnOpen, OnTimeout, Pause, Retry, RetryAttempt, Retrying,
    StartedAttempt,
};
pub use retry_budget::{RetryBudget, RetryBudgetSettings, Within};
pub use rules::{Rules, Unset};
pub use site::{
    Handle, KeyReading, Layer, LayerAddress, LayerKind, Origin, Reading, Registry, Setting,
    SettingError, Site, Stateful, Value, Way, registry,
};
pub use spawn::{spawn, spawn_blocking};
pub use stats::{Count, Latencies, SiteStats, Timing};
pub use timeout::{Timeout, TimeoutCall};
pub use verdict::{Cause, Failing, Failure, Judged, JudgedFuture, Outcome, Verdict, judged_by};
pub use with_deadline::{WithDeadline, with_deadline};

#[cfg(feature = "macros")]
pub use resilient_macros::{
    adaptive_concurrency, bulkhead, circuit_breaker, fallback, fault, hedge, rate_limit, resilient,
    retry, timeout,
};
