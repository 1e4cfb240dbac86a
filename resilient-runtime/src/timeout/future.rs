//! The future that gives up.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::task::coop;
use tokio::time::Sleep;

use crate::clock::{self, Nanos};
use crate::context::{self, Deadline};
use crate::error::{PolicyError, PolicyErrorKind};
use crate::event::EventKind;
use crate::site::Caller;
use crate::stats::{Count, Timing};
use crate::verdict::{Failing, Failure};

pin_project! {
    /// A future with a limit on its time. Made by [`Timeout::call`](super::Timeout::call).
    ///
    /// The timer is armed when the future is first pending, so one that is ready at
    /// once costs a reading of the clock.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct TimeoutCall<F, W = &'static str> {
        // Dropped in place, with the reason made known, when the time is up.
        #[pin]
        inner: Option<F>,
        #[pin]
        timer: Option<Sleep>,
        limit: Limit,
        whose: W,
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    /// Switched off, or further away than the clock reaches.
    None,
    /// Not polled yet; what the layer says.
    OfLayer,
    /// Not polled yet; what the call says.
    Of(Nanos),
    Until(Deadline),
}

/// Whose limit it is: one by hand, by its name, or that of a layer. It is not for others to implement.
///
/// The settings of a layer are read when the future is first polled: what can panic is not to stand between the making
/// of a future and its being wrapped, lest it has to lie in memory for that.
pub trait Whose: Copy {
    #[doc(hidden)]
    fn caller(self) -> Caller;
    /// The limit in force where the call says `after`, or nothing; `None` where the layer is switched off.
    #[doc(hidden)]
    fn in_force(self, after: Option<u64>) -> Option<u64>;
    /// The layers inside share its reading of the clock.
    #[doc(hidden)]
    const SHARES_CLOCK: bool;
}

impl Whose for &'static str {
    const SHARES_CLOCK: bool = false;

    fn caller(self) -> Caller {
        Caller::Named(self)
    }

    fn in_force(self, after: Option<Nanos>) -> Option<Nanos> {
        after
    }
}

impl<F, W> TimeoutCall<F, W> {
    #[inline(always)]
    pub(super) fn new(inner: F, limit: Limit, whose: W) -> Self {
        Self {
            inner: Some(inner),
            timer: None,
            limit,
            whose,
        }
    }
}

impl<F, T, X, W> Future for TimeoutCall<F, W>
where
    F: Future<Output = Result<T, X>>,
    X: Failing,
    W: Whose,
{
    type Output = Result<T, Failure<X::Error>>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            panic!("`TimeoutCall` polled after it timed out");
        };

        let mut _shared = None;
        let deadline = match *this.limit {
            Limit::None => None,
            Limit::Until(Deadline { at, after }) => Some(Deadline { at, after }),
            asked @ (Limit::OfLayer | Limit::Of(_)) => {
                let of_call = match asked {
                    Limit::Of(after) => Some(after),
                    _ => None,
                };
                this.whose.in_force(of_call).and_then(|after| {
                    let entry = clock::entry();
                    if W::SHARES_CLOCK {
                        _shared = Some(clock::share(entry));
                    }
                    let at = entry.plus(after)?;
                    Some(Deadline { at, after })
                })
            }
        };

        let had_budget = coop::has_budget_remaining();
        let polled = {
            let _scope = context::enter_deadline(deadline);
            inner.poll(cx)
        };
        if polled.is_ready() {
            if let Some(deadline) = deadline {
                let caller = this.whose.caller();
                caller.count(Count::TimeoutKept);
                caller.time(Timing::Timeout, || deadline.ran());
            }
            return polled.map_err(Failing::into_failure);
        }

        *this.limit = deadline.map_or(Limit::None, Limit::Until);
        let Some(deadline) = deadline else {
            return Poll::Pending;
        };
        if this.timer.is_none() {
            this.timer
                .set(Some(tokio::time::sleep_until(deadline.at.instant())));
        }
        let Some(timer) = this.timer.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        // A body that uses up the budget of its task must not starve its own limit.
        if had_budget && !coop::has_budget_remaining() {
            ready!(std::pin::pin!(coop::unconstrained(timer)).poll(cx));
        } else {
            ready!(timer.poll(cx));
        }

        let after = deadline.after();
        this.whose.caller().emit(|| EventKind::TimedOut { after });
        this.whose.caller().time(Timing::Timeout, || deadline.ran());
        {
            let _scope = context::enter_cut_off(after);
            this.inner.set(None);
        }
        let kind = PolicyErrorKind::TimedOut { after };
        Poll::Ready(Err(Failure::Policy(PolicyError::new(
            kind,
            this.whose.caller().name(),
        ))))
    }
}
