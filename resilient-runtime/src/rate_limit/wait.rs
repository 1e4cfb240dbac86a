//! Asking for permits, and waiting for them.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::RateLimiter;
use super::core::{Answer, Place};
use crate::clock::{self, Moment, Nanos, nanos, nanos_of};
use crate::context;
use crate::error::{PolicyError, PolicyErrorKind};
use crate::site::{Ask, Entry};
use crate::stats::{Began, Count, Timing};

/// One who asked.
pub(super) enum Asking<'a> {
    Admitted,
    /// Boxed: few wait, and the futures of all would be larger by it.
    Waits(Pin<Box<Waiting<'a>>>),
    Refused(PolicyError),
}

pin_project! {
    /// One who waits in the queue. Dropped, it gives its place back.
    pub(super) struct Waiting<'a> {
        entry: Entry<'a, RateLimiter>,
        place: Option<Place>,
        began: Began,
        // Armed when it is polled: if that panics, the place is given back.
        #[pin]
        timer: Option<Sleep>,
    }

    impl PinnedDrop for Waiting<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(place) = this.place {
                let entry = this.entry;
                let now = nanos(clock::now());
                entry.settings(|settings| entry.core.leave(&settings.scale, place, now));
            }
        }
    }
}

impl RateLimiter {
    /// Takes permits if they are there, and nobody is before.
    #[inline(always)]
    pub(super) fn admits_at_once(entry: &Entry<'_, Self>, ask: Ask, now: Moment) -> bool {
        let now = now.nanos();
        let admitted =
            entry.settings(|settings| entry.core.admits_at_once(&settings.scale, ask.cost, now));
        if admitted {
            entry.caller().count(Count::RateLimitAdmitted);
        }
        admitted
    }

    /// Without a context nobody waits.
    pub(super) fn admit<'a>(
        entry: Entry<'a, Self>,
        ask: Ask,
        began: Moment,
        cx: Option<&mut Context<'_>>,
    ) -> Asking<'a> {
        let now = began.nanos();
        let answer = entry.settings(|settings| {
            let latest = match cx {
                Some(_) => latest(now, ask.max_wait().unwrap_or(settings.max_wait)),
                None => now,
            };
            let waker = || cx.map(|cx| cx.waker().clone());
            entry
                .core
                .ask(&settings.scale, ask.cost, now, latest, waker)
        });
        match answer {
            Answer::Admitted => {
                entry.caller().count(Count::RateLimitAdmitted);
                Asking::Admitted
            }
            Answer::Refused { retry_after } => {
                Asking::Refused(entry.refuse(PolicyErrorKind::RateLimited { retry_after }))
            }
            Answer::Waits(place) => Asking::Waits(Box::pin(Waiting {
                began: entry.caller().begin(|| began),
                entry,
                place: Some(place),
                timer: None,
            })),
        }
    }
}

impl Waiting<'_> {
    pub(super) fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), PolicyError>> {
        let mut this = self.project();
        let entry = this.entry;
        while let Some(place) = this.place {
            // Polled late: the call would be cut off as it begins, by a limit that is about to see this.
            let overdue = context::overdue();
            if overdue.is_some_and(|nearest| nearest.cuts_off) {
                context::note_wait();
                break;
            }
            let began = clock::now();
            let now = nanos(began);
            if overdue.is_some() {
                let retry_after = Duration::from_nanos(place.until.saturating_sub(now));
                entry
                    .state
                    .settings
                    .with(|settings| entry.core.leave(&settings.scale, place, now));
                *this.place = None;
                let kind = PolicyErrorKind::RateLimited { retry_after };
                return Poll::Ready(Err(entry.refuse(kind)));
            }
            let waker = cx.waker().clone();
            let answer =
                entry.settings(|settings| entry.core.ask_again(&settings.scale, place, now, waker));
            if let Some(answer) = answer {
                *this.place = None;
                return Poll::Ready(match answer {
                    Answer::Refused { retry_after } => {
                        Err(entry.refuse(PolicyErrorKind::RateLimited { retry_after }))
                    }
                    _ => {
                        entry.caller().count(Count::RateLimitAdmitted);
                        entry.caller().end(Timing::RateLimitWait, *this.began);
                        Ok(())
                    }
                });
            }
            let due = after(began, place.until.saturating_sub(now));
            let until = context::end_of_waits().map_or(due, |end| end.min(due));
            match this.timer.as_mut().as_pin_mut() {
                Some(timer) if timer.deadline() == until => {}
                Some(timer) => timer.reset(until),
                None => this.timer.set(Some(tokio::time::sleep_until(until))),
            }
            let over = this.timer.as_mut().as_pin_mut();
            if over.is_none_or(|timer| timer.poll(cx).is_pending()) {
                context::note_wait();
                break;
            }
        }
        Poll::Pending
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
        Some(deadline) => latest.min(deadline.at.nanos().saturating_sub(1)),
        None => latest,
    }
}

/// As far away as a timer goes, if not further.
fn after(now: Instant, wait: Nanos) -> Instant {
    const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    now + Duration::from_nanos(wait).min(FAR)
}
