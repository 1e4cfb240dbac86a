//! A policy error as an answer of axum.

use std::time::Duration;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::error::{PolicyError, PolicyErrorKind};

/// `504` for what timed out, `429` for a rate limit, `503` for what refuses otherwise; with `Retry-After` (in whole
/// seconds, rounded up) where it is known when to come back. The body says no more than the status: names of
/// functions are nobody's business out there.
///
/// ```
/// # #[cfg(feature = "macros")] {
/// use axum::Json;
/// use resilient_runtime::{PolicyError, rate_limit};
///
/// #[rate_limit(per_second = 100)]
/// async fn stock() -> Result<Json<u32>, PolicyError> {
///     Ok(Json(7))
/// }
///
/// let app: axum::Router = axum::Router::new().route("/stock", axum::routing::get(stock));
/// # }
/// ```
impl IntoResponse for PolicyError {
    fn into_response(self) -> Response {
        let status = match self.kind() {
            PolicyErrorKind::TimedOut { .. } => StatusCode::GATEWAY_TIMEOUT,
            PolicyErrorKind::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            PolicyErrorKind::CircuitOpen { .. }
            | PolicyErrorKind::BulkheadFull
            | PolicyErrorKind::ConcurrencyLimited
            | PolicyErrorKind::FaultInjected => StatusCode::SERVICE_UNAVAILABLE,
        };
        let reason = status.canonical_reason().unwrap_or_default();
        let mut answer = (status, reason).into_response();
        if let Some(wait) = self.retry_after().and_then(seconds) {
            answer.headers_mut().insert(RETRY_AFTER, wait);
        }
        answer
    }
}

/// `None` for never.
fn seconds(wait: Duration) -> Option<HeaderValue> {
    if wait == Duration::MAX {
        return None;
    }
    let rounded_up = wait
        .as_secs()
        .saturating_add(u64::from(wait.subsec_nanos() > 0));
    Some(HeaderValue::from(rounded_up))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(kind: PolicyErrorKind) -> (u16, Option<String>) {
        let answer = PolicyError::new(kind, "here").into_response();
        let wait = answer.headers().get(RETRY_AFTER);
        let wait = wait.map(|wait| wait.to_str().unwrap().to_owned());
        (answer.status().as_u16(), wait)
    }

    #[test]
    fn each_kind_has_its_status_and_says_when_to_come_back() {
        let ms = Duration::from_millis;
        let some = |wait: &str| Some(wait.to_owned());
        let open = |retry_after| PolicyErrorKind::CircuitOpen { retry_after };
        let limited = |retry_after| PolicyErrorKind::RateLimited { retry_after };
        for (kind, told) in [
            (PolicyErrorKind::TimedOut { after: ms(5) }, (504, None)),
            (limited(ms(1)), (429, some("1"))),
            (limited(ms(2000)), (429, some("2"))),
            (open(ms(2001)), (503, some("3"))),
            (open(Duration::ZERO), (503, None)),
            (open(Duration::MAX), (503, None)),
            (PolicyErrorKind::BulkheadFull, (503, None)),
            (PolicyErrorKind::ConcurrencyLimited, (503, None)),
            (PolicyErrorKind::FaultInjected, (503, None)),
        ] {
            assert_eq!(answer(kind), told, "{kind:?}");
        }
    }
}
