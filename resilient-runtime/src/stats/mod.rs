//! What is counted and timed at each call site, for whoever reads it: metrics, a page, a health check.
//!
//! Off until somebody asks for it ([`Registry::measure`]), and then a few atomic additions for each call. The counts
//! lie beside the states of the layers and not in them: nothing that a state forgets is forgotten here.
//!
//! What is an event is counted where [events](crate::event) pass; what is none says so itself, by the methods of
//! [`Caller`] below.

mod began;
mod books;
mod counts;
mod histogram;
mod running;
mod timings;

use std::time::Duration;

pub(crate) use began::Began;
pub use books::SiteStats;
pub(crate) use books::Stats;
pub use counts::Count;
pub use histogram::Latencies;
pub use running::Running;
pub(crate) use running::answered;
pub use timings::Timing;

use crate::clock::Moment;
use crate::event::{self, EventKind};
use crate::site::{Caller, Registry, Site};

impl Registry {
    /// Counts and times from now on, for [`Site::stats`]. For good: there is no end to it, so that two readers
    /// cannot end it for each other.
    ///
    /// A call that has begun already is not counted as one, but what its layers decide from now on is.
    ///
    /// Each call costs a few atomic additions and readings of the clock more, and takes no lock; a site has half a
    /// kilobyte from its first call on, and two kilobytes for each [`Timing`] of which there is one.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// use resilient_runtime::{Count, registry, retry};
    ///
    /// #[retry(name = "greet")]
    /// async fn greet() -> Result<&'static str, std::io::Error> {
    ///     Ok("hello")
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// registry().measure();
    /// let _ = greet().await;
    /// let stats = registry().site("greet").expect("it is annotated").stats();
    /// assert_eq!(stats.count(Count::CallSucceeded), 1);
    /// assert_eq!(stats.count(Count::RetryNotNeeded), 1);
    /// # }
    /// # }
    /// ```
    pub fn measure(self) {
        event::measure();
    }

    /// Whether it counts and times.
    #[must_use]
    pub fn is_measured(self) -> bool {
        event::is_measured()
    }
}

impl Caller {
    /// The site whose books are kept.
    #[inline]
    fn measured(self) -> Option<&'static Site> {
        match self {
            Self::Site(site) if event::is_measured() => Some(site),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn count(self, count: Count) {
        if let Some(site) = self.measured() {
            site.stats.count(count);
        }
    }

    /// Something begins that will be timed. The clock is read only if it will.
    #[inline]
    pub(crate) fn begin(self, now: impl FnOnce() -> Moment) -> Began {
        match self.measured() {
            Some(_) => Began::at(now),
            None => Began::default(),
        }
    }

    /// It ends.
    #[inline]
    pub(crate) fn end(self, timing: Timing, began: Began) {
        if let Some(took) = began.took() {
            self.time(timing, || took);
        }
    }

    /// The same for what knows itself how long it took.
    #[inline]
    pub(crate) fn time(self, timing: Timing, took: impl FnOnce() -> Duration) {
        if let Some(site) = self.measured() {
            site.stats.time(timing, took());
        }
    }
}

/// What a decision counts as. The part goes before the whole: who reads the whole first finds no part of it missing.
pub(crate) fn count_event(caller: Caller, event: &EventKind) {
    for count in Count::of(event).into_iter().rev().flatten() {
        caller.count(count);
    }
}
