//! Health over HTTP.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::Health;
use super::report::{BreakerHealth, Standing};

impl Health {
    /// Routes to be merged into the application's:
    ///
    /// | | |
    /// |---|---|
    /// | `GET /health` | everything, for people and their tools. Always 200 |
    /// | `GET /health/live` | for a liveness probe, which starts the program anew: 200 as long as it answers |
    /// | `GET /health/ready` | for a readiness probe, which sends traffic elsewhere: 200, or 503 and the breakers for which it is not ready |
    ///
    /// All answer with JSON, which nothing on the way keeps (`Cache-Control: no-store`).
    ///
    /// ```
    /// use axum::Router;
    /// use resilient_runtime::health::Health;
    ///
    /// let app: Router = Router::new().merge(Health::new().router());
    /// ```
    ///
    /// In Kubernetes:
    ///
    /// ```yaml
    /// livenessProbe:
    ///   httpGet: { path: /health/live, port: 8080 }
    /// readinessProbe:
    ///   httpGet: { path: /health/ready, port: 8080 }
    ///   periodSeconds: 2        # well below `open_for`, or it misses what it is to see
    ///   failureThreshold: 1     # the breaker has counted failures already
    /// ```
    ///
    /// `/health` looks like this, `breakers` having one of the two forms for each. `open_for_ms` is rounded up, and
    /// `null` also where a breaker is held open by hand; `required` says whether readiness asks for it.
    ///
    /// ```json
    /// {
    ///   "status": "degraded",
    ///   "ready": false,
    ///   "breakers": [
    ///     {
    ///       "function": "shop::stock::get", "required": true, "enabled": true,
    ///       "status": "down", "open_for_ms": 4200, "state": "open", "mode": "automatic"
    ///     },
    ///     {
    ///       "function": "shop::hosts::ask", "required": false, "enabled": true,
    ///       "status": "degraded", "open_for_ms": null, "keys": { "count": 9, "degraded": 0, "down": 2 }
    ///     }
    ///   ]
    /// }
    /// ```
    ///
    /// Whoever can reach them learns the names of functions: let only those come who should.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/health", get(everything))
            .route("/health/live", get(live))
            .route("/health/ready", get(ready))
            .with_state(self.clone())
    }
}

async fn everything(State(health): State<Health>) -> Response {
    let report = health.report();
    let all = Everything {
        status: report.status().as_str(),
        ready: report.is_ready(),
        breakers: views(report.breakers.iter()),
    };
    answer(StatusCode::OK, all)
}

async fn live(State(health): State<Health>) -> Response {
    let live = health.is_live();
    answer(StatusCode::OK, Live { live })
}

async fn ready(State(health): State<Health>) -> Response {
    let report = health.report();
    let ready = report.is_ready();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let reasons = views(report.reasons());
    answer(status, Ready { ready, reasons })
}

fn answer(status: StatusCode, body: impl Serialize) -> Response {
    (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

#[derive(Serialize)]
struct Everything {
    status: &'static str,
    ready: bool,
    breakers: Vec<View>,
}

#[derive(Serialize)]
struct Live {
    live: bool,
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    reasons: Vec<View>,
}

#[derive(Serialize)]
struct View {
    function: &'static str,
    required: bool,
    enabled: bool,
    status: &'static str,
    open_for_ms: Option<u64>,
    #[serde(flatten)]
    standing: StandingView,
}

#[derive(Serialize)]
#[serde(untagged)]
enum StandingView {
    One {
        state: &'static str,
        mode: &'static str,
    },
    Keyed {
        keys: Keys,
    },
}

#[derive(Serialize)]
struct Keys {
    count: usize,
    degraded: usize,
    down: usize,
}

fn views<'a>(breakers: impl Iterator<Item = &'a BreakerHealth>) -> Vec<View> {
    breakers.map(View::of).collect()
}

impl View {
    fn of(breaker: &BreakerHealth) -> Self {
        let standing = match breaker.standing {
            Standing::One { state, mode } => StandingView::One {
                state: state.as_str(),
                mode: mode.as_str(),
            },
            Standing::PerKey {
                keys: count,
                degraded,
                down,
            } => StandingView::Keyed {
                keys: Keys {
                    count,
                    degraded,
                    down,
                },
            },
        };
        Self {
            function: breaker.function,
            required: breaker.is_required,
            enabled: breaker.is_enabled,
            status: breaker.status.as_str(),
            open_for_ms: breaker.open_for.and_then(millis),
            standing,
        }
    }
}

/// `None` for ever.
fn millis(time: Duration) -> Option<u64> {
    let millis = time.as_nanos().div_ceil(1_000_000);
    (time < Duration::MAX).then(|| millis.try_into().unwrap_or(u64::MAX))
}
