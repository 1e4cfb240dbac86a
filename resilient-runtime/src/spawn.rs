//! Tasks that belong to a call: they know what is known around it.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::task::JoinHandle;

use crate::carry::{Carry, carry};
use crate::context::{self, Deadline};
#[cfg(feature = "testing")]
use crate::testing;

/// Spawns a task as [`tokio::spawn`] does, as a part of the running call:
///
/// - it sees the call's [`deadline`](crate::deadline) and [`previous_attempts`](crate::previous_attempts), so
///   its retries and queues, and the requests that it makes, keep to them;
/// - it keeps the places that the call has in bulkheads and adaptive limits until it has ended, as
///   [`Carry`] does: work that goes on is still in progress;
/// - it knows whether a circuit breaker around the call is not closed, and hedges nothing then. The other way it is
///   not so: a hedge around the call does not see a breaker *inside* the task;
/// - under `testing::isolated` and `testing::events` it is inside, too.
///
/// The task itself is cut off by nothing, also not by the deadline: put a [`Timeout`](crate::Timeout) into it, or
/// abort it. Only a wait for a place or a permit ends then, in a refusal. What shall outlive the call, like a cache
/// that is filled in the background, is for [`tokio::spawn`].
///
/// # Cancel safety
///
/// As with [`tokio::spawn`], the task goes on when its handle is dropped.
///
/// # Panics
///
/// Outside a tokio runtime.
///
/// ```
/// use resilient_runtime::{deadline, spawn, with_deadline};
/// use std::time::Duration;
/// use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let at = Instant::now() + Duration::from_secs(2);
/// let seen = with_deadline(at, async { spawn(async { deadline() }).await });
/// assert_eq!(seen.await.unwrap(), Some(at));
/// # }
/// ```
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(carry(Part::new(future)))
}

/// The same for a task that keeps none of the call's places.
#[cfg(feature = "tonic")]
pub(crate) fn spawn_beside<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(Part::new(future))
}

/// Runs blocking work as [`tokio::task::spawn_blocking`] does, as a part of the running call: it keeps
/// the call's places in bulkheads and adaptive limits until it has returned, whether anybody waits for it or
/// not, and sees its [`deadline`](crate::deadline).
///
/// Nothing stops blocking work that has begun. Spawned plainly, it would go on without a
/// place when a time limit drops the call, and the next call would begin beside it.
///
/// # Panics
///
/// Outside a tokio runtime.
///
/// ```
/// # #[cfg(feature = "macros")] {
/// use resilient_runtime::{bulkhead, spawn_blocking};
/// use std::io;
///
/// #[bulkhead(max_concurrent = 2)]
/// async fn digest(path: String) -> io::Result<usize> {
///     spawn_blocking(move || std::fs::read(path)).await?.map(|bytes| bytes.len())
/// }
/// # }
/// ```
pub fn spawn_blocking<F, R>(work: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let carry = Carry::new();
    let surroundings = Surroundings::here();
    tokio::task::spawn_blocking(move || {
        let _carry = carry;
        let _scope = surroundings.enter();
        work()
    })
}

/// What is known around a call.
#[derive(Debug)]
struct Surroundings {
    deadline: Option<Deadline>,
    attempts: u32,
    under_holding_breaker: bool,
    #[cfg(feature = "testing")]
    test: testing::Surroundings,
}

impl Surroundings {
    fn here() -> Self {
        Self {
            deadline: context::nearest_deadline(),
            attempts: context::previous_attempts(),
            under_holding_breaker: context::is_under_holding_breaker(),
            #[cfg(feature = "testing")]
            test: testing::Surroundings::here(),
        }
    }

    fn enter(&self) -> impl Sized + use<> {
        (
            // Whoever drops the call when it has passed does not drop what is part of it elsewhere.
            self.deadline.map(context::tell_deadline),
            context::enter_attempt(self.attempts),
            self.under_holding_breaker
                .then(context::enter_holding_breaker),
            #[cfg(feature = "testing")]
            self.test.enter(),
        )
    }
}

pin_project! {
    /// A future that is part of a call elsewhere.
    struct Part<F> {
        #[pin]
        inner: Option<F>,
        surroundings: Surroundings,
    }

    impl<F> PinnedDrop for Part<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _scope = this.surroundings.enter();
            this.inner.set(None);
        }
    }
}

impl<F> Part<F> {
    fn new(future: F) -> Self {
        Self {
            surroundings: Surroundings::here(),
            inner: Some(future),
        }
    }
}

impl<F: Future> Future for Part<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _scope = this.surroundings.enter();
        match this.inner.as_pin_mut() {
            Some(inner) => inner.poll(cx),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;
    use crate::{Retry, Timeout, deadline, previous_attempts, with_deadline};

    const SECOND: Duration = Duration::from_secs(1);

    fn later(after: Duration) -> Instant {
        Instant::now() + after
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_sees_the_deadline_and_so_does_blocking_work() {
        let at = later(SECOND);
        let seen = with_deadline(at, async {
            let task = spawn(async {
                tokio::task::yield_now().await;
                deadline()
            });
            [task.await.unwrap(), spawn_blocking(deadline).await.unwrap()]
        });
        assert_eq!(seen.await, [Some(at); 2]);
        assert_eq!(spawn(async { deadline() }).await.unwrap(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_nearer_deadline_inside_the_task_holds() {
        let (near, far) = (later(SECOND), later(2 * SECOND));
        let task = with_deadline(far, async {
            spawn(with_deadline(near, async { deadline() })).await
        });
        assert_eq!(task.await.unwrap(), Some(near));
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_knows_which_attempt_it_belongs_to() {
        let retry = Retry::new(3);
        let call = retry.run(|| async {
            match spawn(async { previous_attempts() }).await.unwrap() {
                2 => Ok(()),
                _ => Err("another one"),
            }
        });
        assert_eq!(call.await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_waits_is_not_cut_off() {
        let mut task = None;
        let call = Timeout::new(SECOND).call(async {
            task = Some(spawn(tokio::time::sleep(2 * SECOND)));
            std::future::pending::<io::Result<()>>().await
        });
        assert!(call.await.is_err());
        assert!(task.unwrap().await.is_ok());
    }

    #[cfg(feature = "testing")]
    #[tokio::test(start_paused = true)]
    async fn a_task_of_an_isolated_test_is_in_its_world() {
        use crate::{BreakerState, CircuitBreaker, EventKind, testing};
        static BREAKER: CircuitBreaker = CircuitBreaker::new();

        let test = testing::isolated(async {
            spawn(async { BREAKER.force_open() }).await.unwrap();
            spawn_blocking(|| BREAKER.state()).await.unwrap()
        });
        let (state, events) = testing::events(test).await;
        assert_eq!(state, BreakerState::Open);
        assert_eq!(BREAKER.state(), BreakerState::Closed);
        assert!(
            matches!(events[..], [ref event] if matches!(event.kind(), EventKind::BreakerChanged(_)))
        );
    }

    #[cfg(feature = "testing")]
    #[tokio::test(start_paused = true)]
    async fn a_task_that_is_aborted_is_dropped_in_the_world_of_its_test() {
        use crate::{BreakerState, CircuitBreaker, testing};
        static BREAKER: CircuitBreaker = CircuitBreaker::new();

        struct OpenOnDrop;
        impl Drop for OpenOnDrop {
            fn drop(&mut self) {
                BREAKER.force_open();
            }
        }

        let test = testing::isolated(async {
            let held = OpenOnDrop;
            let task = spawn(async move {
                let _held = held;
                std::future::pending::<()>().await
            });
            tokio::task::yield_now().await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
            BREAKER.state()
        });
        assert_eq!(test.await, BreakerState::Open);
        assert_eq!(BREAKER.state(), BreakerState::Closed);
    }

    #[cfg(feature = "testing")]
    #[tokio::test(start_paused = true)]
    async fn a_task_of_a_probe_is_not_hedged() {
        use crate::{
            CircuitBreaker, CircuitBreakerSettings, EventKind, Hedge, HedgeAfter, Hedger, Withheld,
            testing,
        };
        static HEDGER: Hedger =
            Hedger::with(Hedge::new().after(HedgeAfter::Fixed(Duration::from_millis(5))));

        let settings = CircuitBreakerSettings::new()
            .consecutive_failures(1)
            .open_for(SECOND);
        let breaker = CircuitBreaker::with(settings);
        let failure = std::future::ready(io::Result::<()>::Err(io::ErrorKind::TimedOut.into()));
        assert!(breaker.call(failure).await.is_err());
        tokio::time::advance(SECOND).await;
        let probe = breaker.call(async {
            let slow = || async {
                tokio::time::sleep(SECOND).await;
                io::Result::Ok(())
            };
            spawn(HEDGER.run(slow)).await.unwrap()
        });
        let (outcome, events) = testing::events(probe).await;
        assert!(outcome.is_ok());
        let hedges: Vec<_> = events
            .iter()
            .map(|event| event.kind())
            .filter(|kind| !matches!(kind, EventKind::BreakerChanged(_)))
            .collect();
        assert_eq!(hedges, [&EventKind::HedgeWithheld(Withheld::Breaker)]);
    }
}
