//! How far a call is, and whether it is time for a hedge.

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::task::coop;
use tokio::time::{Instant, Sleep};

use super::Hedger;
use super::core::Core;
use super::settings::Hedge;
use crate::clock::{self, Moment, Shared};
use crate::context;
use crate::event::{EventKind, Span, Withheld};
use crate::site::Caller;

/// How far a call is that may be hedged.
pub(super) struct Course<'a> {
    hedger: &'a Hedger,
    settings: Hedge,
    began: Moment,
    next: Next,
}

/// When the next hedge begins.
#[derive(Clone, Copy)]
enum Next {
    /// When what was begun then has taken too long; how long that is was not asked yet.
    Since(Moment),
    /// When the timer says so, after this long.
    Armed(Duration),
    Never,
}

impl<'a> Course<'a> {
    /// A call begins, with the settings that the code has for it. `None` if it is not to be hedged.
    #[inline]
    pub(super) fn begin(hedger: &'a Hedger, code: Hedge) -> Option<Self> {
        let settings = hedger.settings.over(code);
        if settings.hedges_a_call() <= 0.0 {
            return None;
        }
        let began = clock::entry();
        hedger.core().begin(&settings, began.nanos());
        Some(Self {
            hedger,
            settings,
            began,
            next: Next::Since(began),
        })
    }

    /// Lets the layers of the first attempt share the instant at which the call began.
    pub(super) fn share_clock(&self) -> Option<Shared> {
        let annotated = matches!(self.hedger.caller, Caller::Site(_));
        annotated.then(|| clock::share(self.began))
    }

    /// The span of the attempt of this number; the first one has the number zero.
    #[inline]
    pub(super) fn span(&self, number: usize) -> Span {
        let number = u32::try_from(number + 1).unwrap_or(u32::MAX);
        Span::of(self.hedger.caller, number)
    }

    /// How long was waited, if it is time for another hedge.
    pub(super) fn poll_timer(
        &mut self,
        mut timer: Pin<&mut Option<Sleep>>,
        cx: &mut Context<'_>,
    ) -> Option<Duration> {
        if let Next::Since(since) = self.next {
            self.next = Next::Never;
            if let Some((after, at)) = self.next_after(since.instant()) {
                timer.set(Some(tokio::time::sleep_until(at)));
                self.next = Next::Armed(after);
            }
        }
        let (Next::Armed(after), Some(sleep)) = (self.next, timer.as_mut().as_pin_mut()) else {
            return None;
        };
        // Attempts that use up the budget of their task must not keep the hedge from beginning.
        let polled = std::pin::pin!(coop::unconstrained(sleep)).poll(cx);
        if polled.is_pending() {
            return None;
        }
        self.next = Next::Never;
        timer.set(None);
        Some(after)
    }

    /// Whether another hedge is to begin now, besides those that were `begun`, when what came last was waited for
    /// this long.
    pub(super) fn may_hedge(
        &mut self,
        begun: usize,
        after: Duration,
        breaker_inside: bool,
    ) -> bool {
        // The timer may come late.
        if context::is_overdue() {
            return false;
        }
        let withheld = if breaker_inside || context::is_under_holding_breaker() {
            Some(Withheld::Breaker)
        } else if !self.hedger.core().try_hedge() {
            Some(Withheld::Budget)
        } else {
            None
        };
        if let Some(why) = withheld {
            self.emit(|| EventKind::HedgeWithheld(why));
            return false;
        }
        let hedge = u32::try_from(begun + 1).unwrap_or(u32::MAX);
        if hedge < self.settings.max {
            self.next = Next::Since(clock::moment());
        }
        self.emit(|| EventKind::HedgeStarted { hedge, after });
        true
    }

    /// How long what began `since` then is waited for, and until when. `None` if that is not known, or later than
    /// anybody waits.
    fn next_after(&self, since: Instant) -> Option<(Duration, Instant)> {
        let after = self.hedger.core().delay(&self.settings)?;
        let at = since.checked_add(after)?;
        let in_time = context::deadline().is_none_or(|deadline| at < deadline);
        in_time.then_some((after, at))
    }

    /// The attempt of this number has succeeded.
    pub(super) fn won(&self, number: usize, first_runs: bool) {
        if number == 0 {
            self.sample(|core, age| core.record(&self.settings, age));
            return;
        }
        if first_runs {
            self.give_up_first();
        }
        let hedge = u32::try_from(number).unwrap_or(u32::MAX);
        self.emit(|| EventKind::HedgeWon { hedge });
    }

    /// The first attempt is dropped while it runs.
    pub(super) fn give_up_first(&self) {
        self.sample(|core, age| core.record_at_least(&self.settings, age));
    }

    #[inline]
    fn sample(&self, record: impl FnOnce(&Core, Duration)) {
        // The clock is not read for what is not measured.
        if self.settings.is_measured() {
            let age = clock::moment().since(self.began);
            record(&self.hedger.core(), age);
        }
    }

    fn emit(&self, kind: impl FnOnce() -> EventKind) {
        self.hedger.caller.emit(kind);
    }
}
