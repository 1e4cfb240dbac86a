//! A deadline that comes from elsewhere.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::time::Instant;

use crate::clock;
use crate::clock::Moment;
use crate::context::{self, Deadline};

/// Sets a [`deadline`](crate::deadline) for what `future` runs: one that came with a request, for instance.
///
/// The nearest of it and those around holds. It is told, and nothing more: retries, queues and calls to
/// other services obey it, but `future` itself is not cut off when it has passed. For that there is
/// [`Timeout`](crate::Timeout). Who waits for a place or a permit by then is refused.
///
/// # Cancel safety
///
/// Dropped, it drops `future`.
///
/// ```
/// use resilient_runtime::{deadline, with_deadline};
/// use std::time::Duration;
/// use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let at = Instant::now() + Duration::from_secs(2);
/// assert_eq!(with_deadline(at, async { deadline() }).await, Some(at));
/// # }
/// ```
pub fn with_deadline<F: Future>(at: Instant, future: F) -> WithDeadline<F> {
    let at = Moment::of(at);
    let after = at.nanos().saturating_sub(clock::entry().nanos());
    WithDeadline {
        deadline: Deadline { at, after },
        inner: future,
    }
}

pin_project! {
    /// A future under a deadline. Made by [`with_deadline`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct WithDeadline<F> {
        deadline: Deadline,
        #[pin]
        inner: F,
    }
}

impl<F: Future> Future for WithDeadline<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _deadline = context::tell_deadline(*this.deadline);
        this.inner.poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use super::*;
    use crate::{CircuitBreaker, Retry, Timeout, deadline};

    #[tokio::test(start_paused = true)]
    async fn the_nearest_holds_and_it_ends_with_the_future() {
        let now = clock::now();
        let (near, far) = (now + Duration::from_secs(1), now + Duration::from_secs(2));
        let seen = with_deadline(far, async {
            (deadline(), with_deadline(near, async { deadline() }).await)
        });
        assert_eq!(seen.await, (Some(far), Some(near)));
        let seen = with_deadline(near, async {
            with_deadline(far, async { deadline() }).await
        });
        assert_eq!(seen.await, Some(near));
        assert_eq!(deadline(), None);
        let limited = Timeout::new(Duration::from_secs(1))
            .call(with_deadline(far, async { io::Result::Ok(deadline()) }));
        assert_eq!(limited.await.unwrap(), Some(near));
    }

    #[tokio::test(start_paused = true)]
    async fn no_retry_begins_a_pause_that_it_would_cut_off() {
        let began = clock::now();
        let retry = Retry::new(5).constant().jitter(crate::Jitter::None);
        let call =
            retry.run(|| std::future::ready(io::Result::<()>::Err(io::ErrorKind::TimedOut.into())));
        let at = began + Duration::from_millis(500);
        assert!(with_deadline(at, call).await.is_err());
        assert_eq!(clock::now() - began, Duration::from_millis(400));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_dropped_after_it_counts_as_timed_out() {
        let breaker = CircuitBreaker::new();
        let at = clock::now() + Duration::from_secs(1);
        let call = with_deadline(at, breaker.call(std::future::pending::<io::Result<()>>()));
        let dropped = tokio::time::timeout(Duration::from_secs(2), call).await;
        assert!(dropped.is_err());
        assert_eq!(breaker.snapshot().failures, 1);
    }
}
