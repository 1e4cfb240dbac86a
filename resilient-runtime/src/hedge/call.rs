//! A call that is hedged.

use std::fmt;
use std::mem::take;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use super::Hedger;
use super::attempts::{Attempts, Hedges, Round};
use super::course::Course;
use super::settings::Hedge;
use crate::context;
use crate::event::{Span, Spanned};
use crate::verdict::Failing;

pin_project! {
    /// A call that is hedged. Made by [`Hedger::run`].
    ///
    /// The first attempt is part of it, and so is the timer, which is armed when that is first pending and may be
    /// hedged. Hedges are on the heap.
    #[must_use = "futures do nothing unless polled"]
    pub struct HedgeCall<'a, M, F> {
        make: M,
        #[pin]
        first: Option<Spanned<F>>,
        hedges: Hedges<Spanned<F>>,
        #[pin]
        timer: Option<Sleep>,
        // Whose turn it is to be polled first.
        turn: usize,
        // It is being polled; seen in a drop, an attempt has panicked.
        polled: bool,
        stage: Stage<'a>,
    }

    impl<M, F> PinnedDrop for HedgeCall<'_, M, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Stage::Hedging(course) = this.stage
                && this.first.is_some()
                && !*this.polled
            {
                course.give_up_first();
            }
        }
    }
}

enum Stage<'a> {
    /// Not polled yet. Without a hedger it is switched off.
    Idle(Option<&'a Hedger>, Hedge),
    Hedging(Course<'a>),
    /// There is one attempt and no more.
    Alone,
}

impl<'a, M, F> HedgeCall<'a, M, F> {
    /// `settings` is what the code says.
    pub(super) const fn new(hedger: Option<&'a Hedger>, settings: Hedge, make: M) -> Self {
        Self {
            make,
            first: None,
            hedges: Vec::new(),
            timer: None,
            turn: 0,
            polled: false,
            stage: Stage::Idle(hedger, settings),
        }
    }
}

impl<M, F, T, X> Future for HedgeCall<'_, M, F>
where
    M: Fn() -> F,
    F: Future<Output = Result<T, X>>,
    X: Failing,
{
    type Output = Result<T, X>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut _shared = None;
        if let Stage::Idle(hedger, code) = *this.stage {
            *this.stage = Stage::Alone;
            let mut span = Span::NONE;
            if let Some(course) = hedger.and_then(|hedger| Course::begin(hedger, code)) {
                _shared = course.share_clock();
                span = course.span(0);
                *this.stage = Stage::Hedging(course);
            }
            this.first.set(Some(Spanned::new(span, (this.make)())));
        }
        let Stage::Hedging(course) = this.stage else {
            return match this.first.as_pin_mut() {
                Some(first) => first.poll(cx),
                None => panic!("`HedgeCall` polled after its first attempt panicked"),
            };
        };

        *this.polled = true;
        let mut attempts = Attempts {
            first: this.first,
            hedges: this.hedges,
            first_timed_out: false,
        };
        let waits = context::waits();
        let outcome = loop {
            let round = attempts.poll(*this.turn, cx);
            if take(&mut attempts.first_timed_out) {
                course.give_up_first();
            }
            let (only_wait, breaker_holds) = match round {
                Round::Won(number, value) => {
                    course.won(number, attempts.first.is_some());
                    attempts.end_all();
                    break Poll::Ready(Ok(value));
                }
                Round::Failed(error) => break Poll::Ready(Err(error)),
                Round::Pending {
                    only_wait,
                    breaker_holds,
                } => (only_wait, breaker_holds),
            };
            let begun = attempts.hedges.len();
            *this.turn = (*this.turn + 1) % (begun + 1);
            if let Some(after) = course.poll_timer(this.timer.as_mut(), cx)
                && course.may_hedge(begun, after, breaker_holds)
            {
                let hedge = Spanned::new(course.span(begun + 1), (this.make)());
                attempts.hedges.push(Some(Box::pin(hedge)));
                continue;
            }
            // The call waits only if none of its attempts works.
            if !only_wait {
                context::take_back_waits(waits);
            }
            break Poll::Pending;
        };
        *this.polled = false;
        outcome
    }
}

impl<M, F> fmt::Debug for HedgeCall<'_, M, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HedgeCall")
            .field("hedges", &self.hedges.len())
            .finish_non_exhaustive()
    }
}
