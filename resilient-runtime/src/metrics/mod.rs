//! What is counted, timed and read of each function, for the `metrics` facade, and so for Prometheus and others.
//!
//! Nothing is added to a call: [`publish`] brings every metric up to date when it is called, before a scrape or
//! [every few seconds](publish_every), with the recorder that is installed.
//!
//! ```ignore
//! use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
//! use resilient_runtime::metrics;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ours = Matcher::Prefix("resilient_".to_owned());
//! let builder = PrometheusBuilder::new().set_buckets_for_metric(ours, &metrics::BUCKETS)?;
//! let recorder = builder.install_recorder()?;
//!
//! // In the handler of `/metrics`:
//! metrics::publish();
//! let text = recorder.render();
//! # assert!(text.contains("resilient_enabled 1"));
//! # Ok(())
//! # }
//! ```
//!
//! The exporter that listens by itself has no such handler: there a task publishes.
//!
//! ```
//! # use resilient_runtime::metrics;
//! # use std::time::Duration;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let publisher = tokio::spawn(metrics::publish_every(Duration::from_secs(5)));
//! # publisher.abort();
//! # }
//! ```
//!
//! # Names
//!
//! `function` is the [name](crate::Site::name) of the call site; every metric has it but one.
//!
#![doc = include_str!("names.md")]
//!
//! - All series of a function are there from the first time on, at zero, for the layers that it has.
//! - `layer` is `circuit_breaker`, or `circuit_breaker#2` for the second of its kind from the outside, or
//!   `retry.budget`. Counters and histograms have none: layers of one kind share their counts in a function.
//! - A key is no label, for there may be thousands. Of a layer with keys it is told how many there are and how many
//!   are busy, and for a circuit breaker how many are in which state; calls count as all others do. For each time all
//!   keys are gone through.
//! - A state that was handed in with `state = ..` is not known to the layer: its calls are counted, its gauges are
//!   missing. Methods that share the state of their `impl` all show it, so it is not to be summed.
//! - Labels `state` and `mode` have one series for each value.
//!
//! # Exact
//!
//! Counts are those of [`Site::stats`](crate::Site::stats), from the first time on: none is lost, whatever is reset,
//! changed or switched meanwhile, and however many publish at once. Those that belong together may be a few calls
//! apart while calls end.
//!
//! A recorder takes times one by one, so each is told to the recorder that is there when it is first published, and to
//! no other; while none is installed they wait. What is told is inside of the time's bucket, and at most an eighth off,
//! or a microsecond where that is more. Together they are exact: so is the mean. In a histogram with [`BUCKETS`] every
//! time is counted where it belongs.
//!
//! # MicroProfile Fault Tolerance
//!
//! | there | here |
//! |---|---|
//! | `ft.invocations.total` by `result`, `fallback` | `resilient_calls_total` by `result`, `fallback` |
//! | `ft.retry.calls.total` by `retried`, `retryResult` | `resilient_retry_calls_total` by `retried`, `result`: `success`, `not_retried`, `exhausted`, `elapsed`, and more |
//! | `ft.retry.retries.total` | `resilient_retries_total` |
//! | `ft.timeout.calls.total` by `timedOut` | `resilient_timeout_calls_total` by `result` |
//! | `ft.timeout.executionDuration` | `resilient_timeout_duration_seconds` |
//! | `ft.circuitbreaker.calls.total` by `circuitBreakerResult` | `resilient_circuit_breaker_calls_total` by `result`, neutral ones apart |
//! | `ft.circuitbreaker.state.total` in nanoseconds | `resilient_circuit_breaker_state_seconds_total` in seconds |
//! | `ft.circuitbreaker.opened.total` | `resilient_circuit_breaker_changes_total` with `change="opened"` |
//! | `ft.bulkhead.calls.total` by `bulkheadResult` | `resilient_bulkhead_calls_total` by `result` |
//! | `ft.bulkhead.executionsRunning`, `ft.bulkhead.executionsWaiting` | `resilient_bulkhead_in_use`, `resilient_bulkhead_waiting` |
//! | `ft.bulkhead.runningDuration`, `ft.bulkhead.waitingDuration` | `resilient_bulkhead_held_seconds`, `resilient_bulkhead_wait_seconds` |

mod counters;
mod gauges;
mod names;
mod series;
mod told;

use std::time::Duration;

use self::series::Series;
use self::told::Told;
use crate::registry;

/// Bounds for the buckets of histograms, in seconds: each twice the one before it, from 256 µs to 34 s.
///
/// They are ends of buckets of [`Latencies`](crate::Latencies), so that every time is counted where it belongs. See
/// the [module](self).
pub const BUCKETS: [f64; 18] = {
    let mut bounds = [0.0; 18];
    let mut place = 0;
    while place < bounds.len() {
        bounds[place] = (256_000_u64 << place) as f64 / 1e9;
        place += 1;
    }
    bounds
};

/// Brings every metric of every function up to date, with the recorder that is installed.
///
/// From the first time on calls are [measured](crate::Registry::measure). Two at once go one after the other. It blocks
/// for as long as it takes to go through all functions and keys; no call waits for it.
///
/// ```
/// use resilient_runtime::metrics;
///
/// metrics::publish(); // without a recorder it begins to measure, and that is all
/// ```
pub fn publish() {
    registry().measure();
    ::metrics::with_recorder(|recorder| {
        names::describe(recorder);
        let all = Series::new(recorder);
        all.set(names::ENABLED, &[], registry().is_enabled());
        Told::with(|told| {
            for &site in registry().sites() {
                let (series, stats) = (all.with("function", site.name()), site.stats());
                series.set(names::CALLS_IN_FLIGHT, &[], stats.in_flight() as f64);
                counters::publish(&series, site, &stats);
                told.publish(&series, site, &stats);
                gauges::publish(&series, site);
            }
        });
    });
}

/// [Publishes](publish) at once, and again after each `period`, of a millisecond at least, until it is dropped. It
/// never ends by itself.
///
/// What happens after the last time is not published: whoever wants that calls [`publish`] at the end.
pub async fn publish_every(period: Duration) {
    loop {
        publish();
        tokio::time::sleep(period.max(SHORTEST)).await;
    }
}

/// Others of its thread have to come in between.
const SHORTEST: Duration = Duration::from_millis(1);
