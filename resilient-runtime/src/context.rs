//! What a layer may know of the layers around it: the deadline, why it is being
//! dropped, and whether what it polls only waits. All of it is set while a future
//! of ours is polled or dropped and restored behind it, so it follows the task and
//! not the thread.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::{self, Moment, Nanos};

/// When the time of this task's work is over, and by a limit of what length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    pub(crate) at: Moment,
    pub(crate) after: Nanos,
}

impl Deadline {
    pub(crate) fn after(&self) -> Duration {
        Duration::from_nanos(self.after)
    }

    /// How long ago the limit began that set it.
    pub(crate) fn ran(&self) -> Duration {
        let now = clock::moment().nanos();
        let began = self.at.nanos().saturating_sub(self.after);
        Duration::from_nanos(now.saturating_sub(began))
    }
}

/// The nearest deadline, and whether whoever set it drops the work then. If not, waits have to end by themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nearest {
    deadline: Deadline,
    pub(crate) cuts_off: bool,
}

/// A [`Nearest`] in parts: what is written by parts and read as a whole has to wait for the writes.
struct Slot {
    at: Cell<Option<Moment>>,
    after: Cell<Nanos>,
    cuts_off: Cell<bool>,
}

impl Slot {
    #[inline(always)]
    fn get(&self) -> Option<Nearest> {
        self.at.get().map(|at| Nearest {
            deadline: Deadline {
                at,
                after: self.after.get(),
            },
            cuts_off: self.cuts_off.get(),
        })
    }

    #[inline(always)]
    fn set(&self, nearest: Option<Nearest>) {
        self.at.set(nearest.map(|nearest| nearest.deadline.at));
        if let Some(Nearest { deadline, cuts_off }) = nearest {
            self.after.set(deadline.after);
            self.cuts_off.set(cuts_off);
        }
    }
}

thread_local! {
    static DEADLINE: Slot = const {
        Slot {
            at: Cell::new(None),
            after: Cell::new(0),
            cuts_off: Cell::new(false),
        }
    };
    static CUT_OFF_AFTER: Cell<Option<Duration>> = const { Cell::new(None) };
    static WAITS: Cell<u64> = const { Cell::new(0) };
    static PREVIOUS_ATTEMPTS: Cell<u32> = const { Cell::new(0) };
    static UNDER_HOLDING_BREAKER: Cell<bool> = const { Cell::new(false) };
    static HOLDING_BREAKERS: Cell<u64> = const { Cell::new(0) };
}

/// The instant at which the nearest `#[timeout]` around the caller gives up, if
/// there is one. Work that cannot be done by then need not be begun.
///
/// It is seen by everything that the limited future polls itself, through any
/// number of functions. A task sees it if it was spawned by [`spawn`](crate::spawn).
///
/// ```
/// use resilient_runtime::{Timeout, deadline};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// assert!(deadline().is_none());
/// let left = Timeout::new(Duration::from_secs(2))
///     .call(async {
///         let now = tokio::time::Instant::now();
///         Ok::<_, std::io::Error>(deadline().map(|at| at - now))
///     })
///     .await;
/// assert_eq!(left.unwrap(), Some(Duration::from_secs(2)));
/// # }
/// ```
#[must_use]
pub fn deadline() -> Option<Instant> {
    nearest_deadline().map(|deadline| deadline.at.instant())
}

#[inline]
pub(crate) fn nearest_deadline() -> Option<Deadline> {
    nearest().map(|nearest| nearest.deadline)
}

/// Whether there is one.
#[inline]
pub(crate) fn has_deadline() -> bool {
    DEADLINE.with(|slot| slot.at.get().is_some())
}

#[inline(always)]
fn nearest() -> Option<Nearest> {
    DEADLINE.with(Slot::get)
}

/// How many attempts came before the one that the caller is part of: those of the nearest retry, and of
/// the retries around it.
///
/// It is seen by everything that the attempt polls itself.
#[must_use]
pub fn previous_attempts() -> u32 {
    PREVIOUS_ATTEMPTS.get()
}

/// Says to what runs until the guard is dropped that `before` attempts came before it.
pub(crate) fn enter_attempt(before: u32) -> AttemptScope {
    let outer = PREVIOUS_ATTEMPTS.get();
    PREVIOUS_ATTEMPTS.set(outer.saturating_add(before));
    AttemptScope { outer }
}

#[must_use]
pub(crate) struct AttemptScope {
    outer: u32,
}

impl Drop for AttemptScope {
    fn drop(&mut self) {
        PREVIOUS_ATTEMPTS.set(self.outer);
    }
}

/// The nearest deadline, if it has passed.
pub(crate) fn overdue() -> Option<Nearest> {
    nearest().filter(|nearest| nearest.deadline.at <= clock::moment())
}

/// Whether it has.
pub(crate) fn is_overdue() -> bool {
    overdue().is_some()
}

/// The nearest deadline, if nobody drops the caller then: a wait has to end by itself.
pub(crate) fn end_of_waits() -> Option<Instant> {
    let nearest = nearest().filter(|nearest| !nearest.cuts_off);
    nearest.map(|nearest| nearest.deadline.at.instant())
}

/// Sets `deadline`, if there is one, for what runs until the guard is dropped, unless a nearer one
/// is set already. The caller drops it then.
#[inline(always)]
pub(crate) fn enter_deadline(deadline: Option<Deadline>) -> DeadlineScope {
    enter(deadline, true)
}

/// The same if nobody does.
pub(crate) fn tell_deadline(deadline: Deadline) -> DeadlineScope {
    enter(Some(deadline), false)
}

#[inline(always)]
fn enter(deadline: Option<Deadline>, cuts_off: bool) -> DeadlineScope {
    DEADLINE.with(|slot| {
        let outer = slot.get();
        if let Some(deadline) = deadline
            && outer.is_none_or(|outer| deadline.at < outer.deadline.at)
        {
            slot.set(Some(Nearest { deadline, cuts_off }));
        }
        DeadlineScope { outer }
    })
}

#[must_use]
pub(crate) struct DeadlineScope {
    outer: Option<Nearest>,
}

impl Drop for DeadlineScope {
    #[inline]
    fn drop(&mut self) {
        DEADLINE.with(|slot| slot.set(self.outer));
    }
}

/// Says to what is dropped until the guard is: a limit of `after` cut it off.
pub(crate) fn enter_cut_off(after: Duration) -> CutOffScope {
    CutOffScope {
        outer: CUT_OFF_AFTER.replace(Some(after)),
    }
}

/// The limit that is dropping the caller, if one is.
pub(crate) fn cut_off_after() -> Option<Duration> {
    CUT_OFF_AFTER.get()
}

#[must_use]
pub(crate) struct CutOffScope {
    outer: Option<Duration>,
}

impl Drop for CutOffScope {
    fn drop(&mut self) {
        CUT_OFF_AFTER.set(self.outer);
    }
}

/// A layer of ours is about to return `Pending` because it waits on its own
/// account: a pause before a retry, a place in a queue.
#[inline]
pub(crate) fn note_wait() {
    WAITS.set(WAITS.get().wrapping_add(1));
}

/// A count that [`note_wait`] moves: unmoved over a poll, nothing of ours waited.
#[inline]
pub(crate) fn waits() -> u64 {
    WAITS.get()
}

/// What was noted since the count was `before` is not all that goes on.
#[inline]
pub(crate) fn take_back_waits(before: u64) {
    WAITS.set(before);
}

/// Says to what runs until the guard is dropped that a breaker around it is not closed.
pub(crate) fn enter_holding_breaker() -> HoldingBreakerScope {
    HoldingBreakerScope {
        outer: UNDER_HOLDING_BREAKER.replace(true),
    }
}

#[must_use]
pub(crate) struct HoldingBreakerScope {
    outer: bool,
}

impl Drop for HoldingBreakerScope {
    fn drop(&mut self) {
        UNDER_HOLDING_BREAKER.set(self.outer);
    }
}

/// Whether a breaker around the caller is not closed.
pub(crate) fn is_under_holding_breaker() -> bool {
    UNDER_HOLDING_BREAKER.get()
}

/// A breaker that is not closed is about to return `Pending`.
pub(crate) fn note_holding_breaker() {
    HOLDING_BREAKERS.set(HOLDING_BREAKERS.get().wrapping_add(1));
}

/// A count that [`note_holding_breaker`] moves: unmoved over a poll, every breaker inside was closed.
pub(crate) fn holding_breakers() -> u64 {
    HOLDING_BREAKERS.get()
}
