//! Why a call was dropped, for the layers to which that matters.

use std::time::Duration;

use crate::clock::{self, Moment};
use crate::context::{self, Deadline};

/// What is kept of a call under way, for the case that it is dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    /// Known where something depends on how long the call takes.
    began: Option<Moment>,
    /// The one that the call was admitted under. Kept when the call is first pending: until then nobody drops it.
    deadline: Option<Deadline>,
    phase: Phase,
}

/// What a call was last seen doing.
///
/// A whole word: what is left of one would be copied along, and by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
enum Phase {
    /// Nothing yet, or it came to its end in its first poll.
    New,
    /// Its own work, or waiting for somebody else's.
    Working,
    /// Nothing but waiting in a layer of ours.
    Waiting,
    /// It is being polled; seen in a drop, it has panicked.
    Polled,
    /// It has said how it went.
    Ended,
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

/// A call that is being polled.
#[must_use]
pub(crate) struct Polling {
    first: bool,
    waits: u64,
}

impl Watch {
    /// From now on; `timed` if the time counts whatever happens.
    #[inline]
    pub(crate) fn new(timed: bool) -> Self {
        Self {
            began: (timed || context::has_deadline()).then(clock::entry),
            deadline: None,
            phase: Phase::New,
        }
    }

    /// From `began` on.
    #[inline]
    pub(crate) fn since(began: Moment) -> Self {
        Self {
            began: Some(began),
            deadline: context::nearest_deadline(),
            phase: Phase::Working,
        }
    }

    /// When it began, if anything asked for that.
    #[inline]
    pub(crate) fn began(&self) -> Option<Moment> {
        self.began
    }

    /// When it ended, if that was in its first poll and the clock was read as it began: then one reading serves for both.
    #[inline(always)]
    pub(crate) fn ended_at_once(&self) -> Option<Moment> {
        self.began.filter(|_| self.phase == Phase::New)
    }

    /// Counts its time from now, if nothing asked for that before.
    #[inline(always)]
    pub(crate) fn time(&mut self) {
        self.began = self.began.or_else(|| Some(clock::entry()));
    }

    /// The call is about to be polled. To be handed to [`polled`](Self::polled) after that.
    #[inline(always)]
    pub(crate) fn poll(&mut self) -> Polling {
        let first = self.phase == Phase::New;
        self.phase = Phase::Polled;
        // A limit was put around it only after it was admitted, and may be what drops it.
        if self.began.is_none() && context::has_deadline() {
            self.time();
        }
        let waits = context::waits();
        Polling { first, waits }
    }

    #[inline(always)]
    pub(crate) fn polled(&mut self, polling: Polling, is_pending: bool) {
        if !is_pending {
            self.phase = if polling.first {
                Phase::New
            } else {
                Phase::Working
            };
            return;
        }
        if polling.first {
            self.deadline = context::nearest_deadline();
        }
        self.phase = if context::waits() == polling.waits {
            Phase::Working
        } else {
            Phase::Waiting
        };
    }

    /// It has come to its end, and is not dropped any more.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.phase = Phase::Ended;
    }

    #[inline]
    pub(crate) fn has_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// Asked as it is dropped.
    pub(crate) fn fate(&self) -> Fate {
        match self.phase {
            Phase::Polled => return Fate::Panicked,
            Phase::Waiting => return Fate::Waiting,
            Phase::New | Phase::Working | Phase::Ended => {}
        }
        let overdue = self
            .deadline
            .filter(|deadline| clock::moment() >= deadline.at);
        match context::cut_off_after().or(overdue.map(|deadline| deadline.after())) {
            Some(limit) => Fate::CutOff {
                ran_for_half: self.ran().saturating_mul(2) >= limit,
            },
            None => Fate::Abandoned,
        }
    }

    /// Zero where nothing depends on it.
    fn ran(&self) -> Duration {
        self.began
            .map_or(Duration::ZERO, |began| clock::moment().since(began))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use std::task::Poll;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn in_two_seconds() -> Deadline {
        Deadline {
            at: (clock::now() + 2 * SECOND).into(),
            after: 2_000_000_000,
        }
    }

    fn polled(watch: &mut Watch, poll: impl FnOnce() -> Poll<()>) {
        let polling = watch.poll();
        let is_pending = poll().is_pending();
        watch.polled(polling, is_pending);
    }

    fn pend(watch: &mut Watch) {
        polled(watch, || Poll::Pending);
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
        let _ = watch.poll();
        assert_eq!(watch.fate(), Fate::Panicked);
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_while_its_last_poll_was_a_wait_of_ours() {
        let mut watch = Watch::new(false);
        let wait = || {
            context::note_wait();
            Poll::Pending
        };
        polled(&mut watch, wait);
        assert_eq!(watch.fate(), Fate::Waiting);
        pend(&mut watch);
        assert_eq!(watch.fate(), Fate::Abandoned);
        // What has waited and is ready then is over with that.
        polled(&mut watch, || {
            context::note_wait();
            Poll::Ready(())
        });
        assert_eq!(watch.fate(), Fate::Abandoned);
    }

    #[tokio::test(start_paused = true)]
    async fn from_its_deadline_on_it_is_cut_off_whoever_drops_it() {
        let mut watch = Watch::new(false);
        {
            let _scope = context::enter_deadline(Some(in_two_seconds()));
            pend(&mut watch);
        }
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
        let _scope = context::enter_deadline(Some(in_two_seconds()));
        pend(&mut watch);
        assert_eq!(watch.began(), Some(clock::moment()));
    }
}
