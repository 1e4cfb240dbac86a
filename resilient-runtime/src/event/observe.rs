//! Observers that code registers, and the collectors of tests.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::{Event, shielded};

type Observer = dyn Fn(&Event) + Send + Sync;

/// How many listen: read before anything is built. That calls are measured is its highest bit, so that one load
/// tells of both.
static LISTENERS: AtomicUsize = AtomicUsize::new(0);
const MEASURED: usize = !(usize::MAX >> 1);
static OBSERVERS: RwLock<Vec<Arc<Observer>>> = RwLock::new(Vec::new());

/// Calls `observer` with every event of the process, until the subscription is dropped.
///
/// It is called by the task that decided, outside any lock of this crate, so it
/// must not block; it may itself subscribe and unsubscribe. Events of one task
/// come in order. A panic of the observer is reported by the panic hook and has no
/// other effect.
///
/// ```
/// use resilient_runtime::{EventKind, Retry, observe};
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::sync::Arc;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let pauses = Arc::new(AtomicU32::new(0));
/// let subscription = observe({
///     let pauses = Arc::clone(&pauses);
///     move |event| {
///         if let EventKind::RetryScheduled { .. } = event.kind() {
///             pauses.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// });
/// let _ = Retry::new(3).run(|| async { Err::<(), _>("down") }).await;
/// drop(subscription);
/// assert_eq!(pauses.load(Ordering::Relaxed), 2);
/// # }
/// ```
#[must_use = "the observer is removed when the subscription is dropped"]
pub fn observe(observer: impl Fn(&Event) + Send + Sync + 'static) -> Subscription {
    let observer: Arc<Observer> = Arc::new(observer);
    OBSERVERS
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .push(Arc::clone(&observer));
    Subscription {
        observer,
        _listening: Listening::begin(),
    }
}

/// An observer's place among the listeners; dropping it removes the observer.
#[must_use = "the observer is removed when the subscription is dropped"]
pub struct Subscription {
    observer: Arc<Observer>,
    _listening: Listening,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        OBSERVERS
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|observer| !Arc::ptr_eq(observer, &self.observer));
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

/// While one of these lives, events are built.
#[derive(Debug)]
pub(crate) struct Listening(());

impl Listening {
    pub(crate) fn begin() -> Self {
        LISTENERS.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        LISTENERS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether anybody listens, or calls are measured.
#[inline]
pub(super) fn any() -> bool {
    LISTENERS.load(Ordering::Relaxed) != 0
}

/// Whether anybody listens.
pub(super) fn has_listeners() -> bool {
    LISTENERS.load(Ordering::Relaxed) & !MEASURED != 0
}

/// Begins to measure, for good.
pub(crate) fn measure() {
    LISTENERS.fetch_or(MEASURED, Ordering::Relaxed);
}

/// Whether calls are measured.
#[inline]
pub(crate) fn is_measured() -> bool {
    LISTENERS.load(Ordering::Relaxed) & MEASURED != 0
}

pub(super) fn notify(event: &Event) {
    #[cfg(feature = "testing")]
    crate::testing::collect(event);
    let observers = OBSERVERS
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    for observer in observers {
        shielded(|| observer(event));
    }
}
