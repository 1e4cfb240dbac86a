//! The limiter as its users have it, in paused time.

mod queue;
mod use_by_hand;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;
use crate::verdict::Failure;
use crate::{Keyed, PolicyErrorKind};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

type Outcome = Result<Duration, PolicyErrorKind>;

/// What came of a call whose body does not fail.
fn told<T>(outcome: Result<T, Failure<&'static str>>) -> Result<T, PolicyErrorKind> {
    outcome.map_err(|failure| match failure {
        Failure::Policy(error) => error.kind(),
        Failure::Error(error) => panic!("{error:?}"),
    })
}

fn limited(retry_after: Duration) -> PolicyErrorKind {
    PolicyErrorKind::RateLimited { retry_after }
}

/// Ten a second, one at once.
const STEADY: RateLimiterSettings = RateLimiterSettings::per_second(10).burst(1);

fn steady(max_wait: Duration) -> Arc<RateLimiter> {
    Arc::new(RateLimiter::with(STEADY.max_wait(max_wait)))
}

/// When the body began, since `start`.
async fn body(start: Instant) -> Result<Duration, &'static str> {
    Ok(start.elapsed())
}

/// A call in a task of its own, which has asked when this returns.
async fn spawn(limiter: &Arc<RateLimiter>, start: Instant) -> JoinHandle<Outcome> {
    let limiter = Arc::clone(limiter);
    let call = tokio::spawn(async move { told(limiter.call(body(start)).await) });
    tokio::task::yield_now().await;
    call
}
