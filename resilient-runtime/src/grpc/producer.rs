//! What produces a response body.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http_body::{Body, Frame};
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

use super::bounded::Limit;
use crate::spawn::spawn_beside;

pub(super) type Polled<B> = Poll<Option<Result<Frame<<B as Body>::Data>, <B as Body>::Error>>>;

/// The inner body, which may have to be dropped while nobody polls it.
#[derive(Debug)]
pub(super) enum Producer<B> {
    Own(B),
    Guarded(Guarded<B>),
}

#[derive(Debug)]
pub(super) struct Guarded<B> {
    /// Empty once it was cut off.
    slot: Arc<Mutex<Option<B>>>,
    guard: JoinHandle<()>,
}

impl<B> Drop for Guarded<B> {
    fn drop(&mut self) {
        self.guard.abort();
    }
}

impl<B> Producer<B> {
    /// `None` if it was cut off.
    pub(super) fn ask<R>(&self, ask: impl FnOnce(&B) -> R) -> Option<R> {
        match self {
            Self::Own(body) => Some(ask(body)),
            Self::Guarded(guarded) => lock(&guarded.slot).as_ref().map(ask),
        }
    }

    pub(super) fn cut_off(self, limit: &Limit) {
        match self {
            Self::Own(body) => limit.cut_off(|| drop(body)),
            Self::Guarded(guarded) => take_and_cut_off(&guarded.slot, limit),
        }
    }
}

impl<B: Body + Unpin> Producer<B> {
    /// Pending if it was cut off: its time is over then.
    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Polled<B> {
        match self {
            Self::Own(body) => Pin::new(body).poll_frame(cx),
            Self::Guarded(guarded) => match &mut *lock(&guarded.slot) {
                Some(body) => Pin::new(body).poll_frame(cx),
                None => Poll::Pending,
            },
        }
    }
}

impl<B: Send + 'static> Producer<B> {
    /// From now on a task sees to it that it is dropped in time.
    pub(super) fn guarded(self, limit: &Limit) -> Self {
        let Self::Own(body) = self else {
            return self;
        };
        let slot = Arc::new(Mutex::new(Some(body)));
        // Weakly, so that it goes at once when the response is dropped.
        let weak = Arc::downgrade(&slot);
        let limit = limit.clone();
        let guard = spawn_beside(async move {
            sleep_until(limit.deadline.at.instant()).await;
            if let Some(slot) = weak.upgrade() {
                take_and_cut_off(&slot, &limit);
            }
        });
        Self::Guarded(Guarded { slot, guard })
    }
}

/// Whoever of the two takes it tells of it.
fn take_and_cut_off<B>(slot: &Mutex<Option<B>>, limit: &Limit) {
    // Unlocked before it is dropped.
    let body = lock(slot).take();
    if let Some(body) = body {
        limit.cut_off(|| drop(body));
    }
}

fn lock<B>(slot: &Mutex<Option<B>>) -> MutexGuard<'_, Option<B>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
