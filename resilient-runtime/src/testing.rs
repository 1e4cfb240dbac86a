//! For users' tests: a state of their own, and what was decided.
//!
//! Paused tokio time drives every policy, so a test sleeps through a breaker's open
//! time in no time. But the state of an annotated function is one `static` for all
//! the tests of a binary; [`isolated`] gives a test a world of its own.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::door::Rooms;
use crate::event::{Event, Listening};
use crate::random;

/// What an isolated test has for itself.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) rooms: Rooms,
    random: AtomicU64,
}

impl World {
    /// The next of a stream that is the same in every test.
    pub(crate) fn random(&self) -> u64 {
        random::mix(self.random.fetch_add(random::STEP, Ordering::Relaxed))
    }
}

thread_local! {
    static WORLD: RefCell<Option<Arc<World>>> = const { RefCell::new(None) };
    static COLLECTOR: RefCell<Option<Arc<Collector>>> = const { RefCell::new(None) };
}

/// The world of the task that is running, if it is isolated.
pub(crate) fn world() -> Option<Arc<World>> {
    WORLD.with_borrow(Clone::clone)
}

/// Runs `future` with every state fresh: breakers closed and empty, settings as the
/// code wrote them, switches on, and a random stream that is always the same.
///
/// Nothing of it is seen outside, so tests that move different clocks over the same
/// function pass side by side. It holds for what `future` itself polls, breakers
/// named by `state = ..` and those used by hand included, and for tasks that it spawns with
/// [`spawn`](crate::spawn); one that it spawns otherwise is outside, unless that is isolated too. A permit counts where it was taken.
///
/// ```
/// use resilient_runtime::{BreakerState, CircuitBreaker, testing};
///
/// static CACHE: CircuitBreaker = CircuitBreaker::new();
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// testing::isolated(async {
///     CACHE.force_open();
///     assert_eq!(CACHE.state(), BreakerState::Open);
/// })
/// .await;
/// assert_eq!(CACHE.state(), BreakerState::Closed);
/// # }
/// ```
pub fn isolated<F: Future>(future: F) -> Isolated<F> {
    Isolated {
        inner: Some(future),
        world: Arc::new(World::default()),
    }
}

pin_project! {
    /// A future in a world of its own. Made by [`isolated`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Isolated<F> {
        #[pin]
        inner: Option<F>,
        world: Arc<World>,
    }

    impl<F> PinnedDrop for Isolated<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _scope = enter(&WORLD, Arc::clone(this.world));
            this.inner.set(None);
        }
    }
}

impl<F: Future> Future for Isolated<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let _scope = enter(&WORLD, Arc::clone(this.world));
        match this.inner.as_mut().as_pin_mut() {
            Some(inner) => inner.poll(cx),
            None => Poll::Pending,
        }
    }
}

#[derive(Debug)]
struct Collector {
    events: Mutex<Vec<Event>>,
    _listening: Listening,
}

/// Runs `future` and collects what was decided in it, in order.
///
/// It sees what `future` itself polls, and what it spawns with [`spawn`](crate::spawn), until it
/// has ended; nothing of other tests.
///
/// ```
/// use resilient_runtime::{EventKind, Retry, testing};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let call = Retry::new(2).run(|| async { Err::<(), _>("down") });
/// let (outcome, events) = testing::events(call).await;
/// assert_eq!(outcome, Err("down"));
/// let pauses =
///     events.iter().filter(|event| matches!(event.kind(), EventKind::RetryScheduled { .. }));
/// assert_eq!(pauses.count(), 1);
/// # }
/// ```
pub fn events<F: Future>(future: F) -> Collecting<F> {
    let collector = Collector {
        events: Mutex::default(),
        _listening: Listening::begin(),
    };
    Collecting {
        inner: Some(future),
        collector: Arc::new(collector),
    }
}

pin_project! {
    /// A future whose events are collected. Made by [`events`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Collecting<F> {
        #[pin]
        inner: Option<F>,
        collector: Arc<Collector>,
    }
}

impl<F: Future> Future for Collecting<F> {
    type Output = (F::Output, Vec<Event>);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let _scope = enter(&COLLECTOR, Arc::clone(this.collector));
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        inner.poll(cx).map(|output| {
            // What is decided as the future is dropped belongs to it.
            this.inner.set(None);
            (output, std::mem::take(&mut *this.collector.lock()))
        })
    }
}

impl Collector {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn collect(event: &Event) {
    COLLECTOR.with_borrow(|collector| {
        if let Some(collector) = collector {
            collector.lock().push(event.clone());
        }
    });
}

/// The test that is running, for work elsewhere that belongs to it.
#[derive(Debug)]
pub(crate) struct Surroundings {
    world: Option<Arc<World>>,
    collector: Option<Arc<Collector>>,
}

impl Surroundings {
    pub(crate) fn here() -> Self {
        Self {
            world: world(),
            collector: COLLECTOR.with_borrow(Clone::clone),
        }
    }

    pub(crate) fn enter(&self) -> impl Sized + use<> {
        (
            enter(&WORLD, self.world.clone()),
            enter(&COLLECTOR, self.collector.clone()),
        )
    }
}

type Slot<T> = std::thread::LocalKey<RefCell<Option<Arc<T>>>>;

/// Puts `value` into the slot until the guard is dropped.
fn enter<T: 'static>(slot: &'static Slot<T>, value: impl Into<Option<Arc<T>>>) -> Entered<T> {
    Entered {
        slot,
        outer: slot.replace(value.into()),
    }
}

struct Entered<T: 'static> {
    slot: &'static Slot<T>,
    outer: Option<Arc<T>>,
}

impl<T> Drop for Entered<T> {
    fn drop(&mut self) {
        self.slot.replace(self.outer.take());
    }
}
