//! Why a call was dropped, for the layers to which that matters.

use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock;
use crate::context::{self, Deadline};

/// What is kept of a call under way, for the case that it is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Known where something depends on how long the call takes.
    began: Option<Instant>,
    /// The one that the call was admitted under.
    deadline: Option<Deadline>,
    phase: Phase,
}

/// What a call was last seen doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Its own work, or waiting for somebody else's.
    Working,
    /// Nothing but waiting in a layer of ours.
    Waiting,
    /// It is being polled; seen in a drop, it has panicked.
    Polled,
}

/// How a call ended that did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Panicked,
    /// While it only waited in a layer of ours.
    Waiting,
    /// By a time limit of ours, or after the deadline it was admitted under.
    CutOff {
        /// Whether it ran for at least half of the limit: else the limit says little of it.
        ran_for_half: bool,
    },
    /// By whoever made it.
    Abandoned,
}

impl Watch {
    /// From now on; `timed` if the time counts whatever happens.
    #[inline]
    pub(crate) fn new(timed: bool) -> Self {
        let deadline = context::nearest_deadline();
        Self {
            began: (timed || deadline.is_some()).then(clock::entry),
            deadline,
            phase: Phase::Working,
        }
    }

    /// From `began` on.
    #[inline]
    pub(crate) fn since(began: Instant) -> Self {
        Self {
            began: Some(began),
            deadline: context::nearest_deadline(),
            phase: Phase::Working,
        }
    }

    /// When it began, if anything asked for that.
    #[inline]
    pub(crate) fn began(&self) -> Option<Instant> {
        self.began
    }

    /// Counts its time from now, if nothing asked for that before.
    pub(crate) fn time(&mut self) {
        self.began = self.began.or_else(|| Some(clock::entry()));
    }

    /// Polls the call.
    #[inline]
    pub(crate) fn poll<T>(&mut self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        self.phase = Phase::Polled;
        // A limit was put around it only after it was admitted, and may be what drops it.
        if self.began.is_none() && context::nearest_deadline().is_some() {
            self.time();
        }
        let waits = context::waits();
        let polled = poll();
        let waited = polled.is_pending() && context::waits() != waits;
        self.phase = if waited {
            Phase::Waiting
        } else {
            Phase::Working
        };
        polled
    }

    /// Asked as it is dropped.
    pub(crate) fn fate(&self) -> Fate {
        match self.phase {
            Phase::Polled => return Fate::Panicked,
            Phase::Waiting => return Fate::Waiting,
            Phase::Working => {}
        }
        let overdue = self.deadline.filter(|deadline| clock::now() >= deadline.at);
        match context::cut_off_after().or(overdue.map(|deadline| deadline.after)) {
            Some(limit) => Fate::CutOff {
                ran_for_half: self.ran().saturating_mul(2) >= limit,
            },
            None => Fate::Abandoned,
        }
    }

    /// Zero where nothing depends on it.
    fn ran(&self) -> Duration {
        self.began.map_or(Duration::ZERO, |began| {
            clock::now().saturating_duration_since(began)
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn in_two_seconds() -> Deadline {
        Deadline {
            at: clock::now() + 2 * SECOND,
            after: 2 * SECOND,
        }
    }

    fn pend(watch: &mut Watch) {
        assert!(watch.poll(|| Poll::<()>::Pending).is_pending());
    }

    #[tokio::test(start_paused = true)]
    async fn who_drops_it_without_a_limit_abandons_it() {
        let mut watch = Watch::new(false);
        pend(&mut watch);
        assert_eq!(watch.fate(), Fate::Abandoned);
        assert_eq!(watch.began(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_polled_as_it_is_dropped_has_panicked() {
        let mut watch = Watch::new(false);
        let polled = std::panic::AssertUnwindSafe(|| {
            watch.poll(|| -> Poll<()> { std::panic::resume_unwind(Box::new(())) })
        });
        assert!(std::panic::catch_unwind(polled).is_err());
        assert_eq!(watch.fate(), Fate::Panicked);
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_while_its_last_poll_was_a_wait_of_ours() {
        let mut watch = Watch::new(false);
        let wait = || {
            context::note_wait();
            Poll::<()>::Pending
        };
        let _ = watch.poll(wait);
        assert_eq!(watch.fate(), Fate::Waiting);
        pend(&mut watch);
        assert_eq!(watch.fate(), Fate::Abandoned);
        // What has waited and is ready then is over with that.
        let _ = watch.poll(|| {
            context::note_wait();
            Poll::Ready(())
        });
        assert_eq!(watch.fate(), Fate::Abandoned);
    }

    #[tokio::test(start_paused = true)]
    async fn from_its_deadline_on_it_is_cut_off_whoever_drops_it() {
        let watch = {
            let _scope = context::enter_deadline(in_two_seconds());
            Watch::new(false)
        };
        advance(2 * SECOND - Duration::from_nanos(1)).await;
        assert_eq!(watch.fate(), Fate::Abandoned);
        advance(Duration::from_nanos(1)).await;
        assert_eq!(watch.fate(), Fate::CutOff { ran_for_half: true });
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_drops_it_says_whether_it_ran_for_half_of_that() {
        let watch = Watch::new(true);
        let fate = || {
            let _scope = context::enter_cut_off(2 * SECOND);
            watch.fate()
        };
        advance(SECOND - Duration::from_nanos(1)).await;
        let ran_for_half = false;
        assert_eq!(fate(), Fate::CutOff { ran_for_half });
        advance(Duration::from_nanos(1)).await;
        let ran_for_half = true;
        assert_eq!(fate(), Fate::CutOff { ran_for_half });
    }

    #[tokio::test(start_paused = true)]
    async fn under_a_limit_that_came_later_its_time_counts_from_the_first_poll_there() {
        let mut watch = Watch::new(false);
        advance(SECOND).await;
        pend(&mut watch);
        assert_eq!(watch.began(), None);
        let _scope = context::enter_deadline(in_two_seconds());
        pend(&mut watch);
        assert_eq!(watch.began(), Some(clock::now()));
    }
}
