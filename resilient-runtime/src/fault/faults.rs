//! The switch of all fault injection, and what was injected.
//!
//! Faults that the code writes down do nothing unless they are switched on: by the
//! environment, `RESILIENT_FAULTS=on`, which is read once, or by [`enable`]. A build
//! without debug assertions injects nothing even then, unless that is allowed too: by
//! `RESILIENT_FAULTS_IN_RELEASE=allow`, or [`allow_in_release`]. With the feature
//! `tracing`, a warning tells when it begins.
//!
//! In `testing::isolated` all of this is a test's own, and begins as
//! the environment says.

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use super::settings::FaultKind;
use crate::door::{Door, Opened};

/// Begins to inject faults, if this build may.
///
/// ```
/// use resilient_runtime::faults;
///
/// assert!(!faults::is_active());
/// faults::enable();
/// # faults::allow_in_release();
/// assert!(faults::is_active());
/// faults::disable();
/// ```
pub fn enable() {
    board().set_wanted(true);
}

/// Injects no more faults. Delays that have begun go on.
pub fn disable() {
    board().set_wanted(false);
}

/// Lets a build without debug assertions inject faults, once they are switched on.
pub fn allow_in_release() {
    board().allow();
}

/// Whether faults are injected.
#[must_use]
#[inline]
pub fn is_active() -> bool {
    board().is_active()
}

/// How many calls may be held up at a time, in the whole process \[1000\].
///
/// Beyond it a delay is left out and counted in
/// [`delays_left_out`](FaultCounts::delays_left_out): an injection of delays must not
/// itself use up the memory or the connections of what it tests.
pub fn set_max_active_delays(most: usize) {
    board().most_delays.store(most, Relaxed);
}

/// What was injected since the process began.
#[must_use]
pub fn counts() -> FaultCounts {
    board().counts.read()
}

/// What was injected: by all, see [`counts`], or by
/// [one injector](crate::FaultInjector::counts).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultCounts {
    /// Calls that failed in place of being made.
    pub errors: u64,
    /// Calls that were held up.
    pub delays: u64,
    /// Calls that should have been held up and were not: too many were.
    pub delays_left_out: u64,
    /// Calls that panicked in place of being made.
    pub panics: u64,
}

/// [`FaultCounts`] that are counted.
#[derive(Debug)]
pub(super) struct Counts {
    errors: AtomicU64,
    delays: AtomicU64,
    delays_left_out: AtomicU64,
    panics: AtomicU64,
}

impl Counts {
    pub(super) const fn new() -> Self {
        Self {
            errors: AtomicU64::new(0),
            delays: AtomicU64::new(0),
            delays_left_out: AtomicU64::new(0),
            panics: AtomicU64::new(0),
        }
    }

    pub(super) fn count(&self, fault: FaultKind) {
        let count = match fault {
            FaultKind::Error => &self.errors,
            FaultKind::Latency(_) => &self.delays,
            FaultKind::Panic => &self.panics,
        };
        count.fetch_add(1, Relaxed);
    }

    pub(super) fn count_left_out(&self) {
        self.delays_left_out.fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self) -> FaultCounts {
        FaultCounts {
            errors: self.errors.load(Relaxed),
            delays: self.delays.load(Relaxed),
            delays_left_out: self.delays_left_out.load(Relaxed),
            panics: self.panics.load(Relaxed),
        }
    }
}

/// What all injectors have in common.
#[derive(Debug)]
pub(super) struct Board {
    state: AtomicU8,
    /// Both as far as they are known; the environment is asked once, for the rest.
    wanted: AtomicBool,
    allowed: AtomicBool,
    delays: AtomicUsize,
    most_delays: AtomicUsize,
    pub(super) counts: Counts,
}

/// The environment has not been read.
const UNREAD: u8 = 0;
const OFF: u8 = 1;
const ON: u8 = 2;

pub(super) fn board() -> Opened<'static, Board> {
    static BOARD: Door<Board> = Door::new(Board::new());
    BOARD.open(Board::new)
}

impl Board {
    const fn new() -> Self {
        Self {
            state: AtomicU8::new(UNREAD),
            wanted: AtomicBool::new(false),
            allowed: AtomicBool::new(false),
            delays: AtomicUsize::new(0),
            most_delays: AtomicUsize::new(1_000),
            counts: Counts::new(),
        }
    }

    #[inline]
    fn is_active(&self) -> bool {
        match self.state.load(Relaxed) {
            OFF => false,
            ON => true,
            _ => self.settle(|| {}),
        }
    }

    fn set_wanted(&self, wanted: bool) {
        self.settle(|| self.wanted.store(wanted, Relaxed));
    }

    fn allow(&self) {
        self.settle(|| self.allowed.store(true, Relaxed));
    }

    /// Works out whether faults are injected, after a change.
    #[cold]
    fn settle(&self, change: impl FnOnce()) -> bool {
        let says = |name: &str, value: &str| means(std::env::var_os(name), value);
        self.settle_by(says, cfg!(debug_assertions), change)
    }

    fn settle_by(
        &self,
        environment: impl Fn(&str, &str) -> bool,
        debug: bool,
        change: impl FnOnce(),
    ) -> bool {
        static SETTLING: Mutex<()> = Mutex::new(());
        let settling = SETTLING.lock().unwrap_or_else(PoisonError::into_inner);
        if self.state.load(Relaxed) == UNREAD {
            let wanted = environment("RESILIENT_FAULTS", "on");
            let allowed = environment("RESILIENT_FAULTS_IN_RELEASE", "allow");
            self.wanted.store(wanted, Relaxed);
            self.allowed.store(allowed, Relaxed);
        }
        change();
        let wanted = self.wanted.load(Relaxed);
        let on = wanted && (debug || self.allowed.load(Relaxed));
        let before = self.state.swap(if on { ON } else { OFF }, Relaxed);
        drop(settling);
        if on && before != ON {
            tell("fault injection is on");
        } else if wanted && !on {
            tell("fault injection stays off: this is a release build, and it is not allowed there");
        }
        on
    }

    /// Begins a delay, unless there are too many.
    pub(super) fn begin_delay(&self) -> bool {
        let most = self.most_delays.load(Relaxed);
        self.delays
            .fetch_update(Relaxed, Relaxed, |delays| {
                (delays < most).then_some(delays + 1)
            })
            .is_ok()
    }

    pub(super) fn end_delay(&self) {
        self.delays.fetch_sub(1, Relaxed);
    }
}

/// Nothing but the very word: what is set and means something else switches nothing on.
fn means(said: Option<OsString>, value: &str) -> bool {
    said.is_some_and(|said| said == value)
}

fn tell(what: &'static str) {
    #[cfg(feature = "tracing")]
    tracing::warn!("{what}");
    #[cfg(not(feature = "tracing"))]
    let _ = what;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a new board is active, in what environment, with what said by hand.
    fn is_active(says: [bool; 2], debug: bool, by_hand: [bool; 2]) -> bool {
        let board = Board::new();
        let environment = |name: &str, value: &str| match (name, value) {
            ("RESILIENT_FAULTS", "on") => says[0],
            ("RESILIENT_FAULTS_IN_RELEASE", "allow") => says[1],
            _ => panic!("nobody knows {name}={value}"),
        };
        let [enable, allow] = by_hand;
        for (said, change) in [(enable, &board.wanted), (allow, &board.allowed)] {
            let change = || {
                if said {
                    change.store(true, Relaxed);
                }
            };
            board.settle_by(environment, debug, change);
        }
        board.is_active()
    }

    #[test]
    fn it_is_off_until_it_is_switched_on_and_in_a_release_build_allowed() {
        for switched_on in [false, true] {
            for allowed in [false, true] {
                let said = [switched_on, allowed];
                for (says, by_hand) in [(said, [false; 2]), ([false; 2], said), (said, said)] {
                    assert_eq!(is_active(says, true, by_hand), switched_on);
                    assert_eq!(is_active(says, false, by_hand), switched_on && allowed);
                }
            }
        }
        assert!(is_active([true, false], false, [false, true]));
        assert!(is_active([false, true], false, [true, false]));
    }

    #[test]
    fn what_is_said_by_hand_outlives_the_environment() {
        let board = Board::new();
        board.settle_by(|_, _| true, true, || board.wanted.store(false, Relaxed));
        assert!(!board.is_active());
        board.settle_by(|_, _| true, true, || {});
        assert!(!board.is_active());
    }

    #[test]
    fn the_environment_has_to_say_the_very_word() {
        assert!(means(Some("on".into()), "on"));
        for said in [None, Some("off".into()), Some("On".into()), Some("".into())] {
            assert!(!means(said, "on"));
        }
    }

    #[test]
    fn leave_given_by_hand_counts_in_a_release_build() {
        let board = Board::new();
        board.allow();
        board.settle_by(|_, _| false, false, || board.wanted.store(true, Relaxed));
        assert!(board.is_active());
    }

    #[test]
    fn never_more_delays_than_allowed() {
        let board = Board::new();
        board.most_delays.store(2, Relaxed);
        assert!(board.begin_delay() && board.begin_delay());
        assert!(!board.begin_delay());
        board.end_delay();
        assert!(board.begin_delay());
        assert!(!board.begin_delay());
    }
}
