//! Asking for permits, and waiting for them.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::RateLimiter;
use super::core::{Answer, Place};
use super::time::{Nanos, nanos, nanos_of};
use crate::clock;
use crate::context;
use crate::error::{PolicyError, PolicyErrorKind};
use crate::site::{Ask, Entry};

/// One who asked.
pub(super) enum Asking<'a> {
    Admitted,
    Waits(Waiting<'a>),
    Refused(PolicyError),
}

/// One who waits in the queue. Dropped, it gives its place back.
pub(super) struct Waiting<'a> {
    entry: Entry<'a, RateLimiter>,
    place: Option<Place>,
    /// Boxed: few wait, and the futures of all would be larger by it.
    timer: Pin<Box<Sleep>>,
}

impl RateLimiter {
    /// Without a context nobody waits.
    #[inline]
    pub(super) fn admit<'a>(
        entry: Entry<'a, Self>,
        ask: Ask,
        cx: Option<&mut Context<'_>>,
    ) -> Asking<'a> {
        let began = clock::entry();
        let now = nanos(began);
        let answer = entry.state.settings.with(|settings| {
            let latest = match cx {
                Some(_) => latest(now, ask.max_wait.unwrap_or(settings.max_wait)),
                None => now,
            };
            let waker = || cx.map(|cx| cx.waker().clone());
            entry
                .core
                .ask(&settings.scale, ask.cost, now, latest, waker)
        });
        match answer {
            Answer::Admitted => Asking::Admitted,
            Answer::Refused { retry_after } => {
                Asking::Refused(entry.refuse(PolicyErrorKind::RateLimited { retry_after }))
            }
            Answer::Waits(place) => {
                let until = after(began, place.until.saturating_sub(now));
                Asking::Waits(Waiting {
                    entry,
                    place: Some(place),
                    timer: Box::pin(tokio::time::sleep_until(until)),
                })
            }
        }
    }
}

impl Waiting<'_> {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), PolicyError>> {
        let Self {
            entry,
            place: held,
            timer,
        } = self;
        while let Some(place) = held {
            let began = clock::now();
            let now = nanos(began);
            let waker = cx.waker().clone();
            let answer = entry
                .state
                .settings
                .with(|settings| entry.core.ask_again(&settings.scale, place, now, waker));
            if let Some(answer) = answer {
                *held = None;
                return Poll::Ready(match answer {
                    Answer::Refused { retry_after } => {
                        Err(entry.refuse(PolicyErrorKind::RateLimited { retry_after }))
                    }
                    _ => Ok(()),
                });
            }
            let until = after(began, place.until.saturating_sub(now));
            if timer.deadline() != until {
                timer.as_mut().reset(until);
            }
            if timer.as_mut().poll(cx).is_pending() {
                context::note_wait();
                break;
            }
        }
        Poll::Pending
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(place) = &self.place {
            let Entry { state, core, .. } = &self.entry;
            let now = nanos(clock::now());
            state
                .settings
                .with(|settings| core.leave(&settings.scale, place, now));
        }
    }
}

/// The last instant at which a call that waits may begin.
fn latest(now: Nanos, max_wait: Duration) -> Nanos {
    if max_wait.is_zero() {
        return now;
    }
    let latest = now.saturating_add(nanos_of(max_wait)).min(Nanos::MAX - 1);
    match context::nearest_deadline() {
        // At the very deadline there is no time left for the call.
        Some(deadline) => latest.min(nanos(deadline.at).saturating_sub(1)),
        None => latest,
    }
}

/// As far away as a timer goes, if not further.
fn after(now: Instant, wait: Nanos) -> Instant {
    const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    now + Duration::from_nanos(wait).min(FAR)
}
