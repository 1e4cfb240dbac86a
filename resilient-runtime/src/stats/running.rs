//! One call of an annotated function, from its beginning to its end.

use std::mem::take;

use super::{Began, Count, Timing};
use crate::classify::ErrorClass;
use crate::clock;
use crate::site::{Caller, Site};
use crate::verdict::{Cause, Failing};

/// A call under way. What it returns goes through it; dropped before that, the call was.
#[derive(Debug)]
#[must_use = "the call counts as dropped when this is"]
pub struct Running {
    site: &'static Site,
    began: Began,
}

impl Running {
    #[inline]
    pub(crate) fn begin(site: &'static Site) -> Self {
        let began = Caller::Site(site).begin(clock::entry);
        if began.is_measured() {
            site.stats.begin();
        }
        Self { site, began }
    }

    /// It ends with what came of its layers.
    #[inline(always)]
    pub fn end<T, X: Failing>(mut self, outcome: Result<T, X>) -> Result<T, X> {
        // Each by itself: else a value is moved as if it were as large as an error.
        match outcome {
            Ok(value) => {
                if self.began.is_measured() {
                    self.ends(true);
                }
                Ok(value)
            }
            Err(failure) => {
                if self.began.is_measured() {
                    self.fails(&failure);
                }
                Err(failure)
            }
        }
    }

    #[cold]
    fn fails<X: Failing>(&mut self, failure: &X) {
        if failure.verdict().cause == Cause::Error(ErrorClass::CallerFault) {
            self.site.stats.count(Count::CallerAtFault);
        }
        self.ends(false);
    }

    /// It ends with what its fallback answered.
    #[inline]
    pub fn answer<T, E>(mut self, answer: Result<T, E>) -> Result<T, E> {
        answered(self.site, answer.is_ok());
        if self.began.is_measured() {
            self.ends(answer.is_ok());
        }
        answer
    }

    #[cold]
    fn breaks_off(&self) {
        self.site.stats.count(if std::thread::panicking() {
            Count::CallPanicked
        } else {
            Count::CallDropped
        });
    }

    #[cold]
    fn ends(&mut self, well: bool) {
        let stats = &self.site.stats;
        if let Some(took) = take(&mut self.began).took() {
            stats.time(Timing::Call, took);
        }
        stats.count(if well {
            Count::CallSucceeded
        } else {
            Count::CallFailed
        });
    }
}

impl Drop for Running {
    #[inline]
    fn drop(&mut self) {
        if self.began.is_measured() {
            self.breaks_off();
        }
    }
}

/// A fallback has answered.
#[inline]
pub(crate) fn answered(site: &'static Site, well: bool) {
    Caller::Site(site).count(if well {
        Count::FallbackSucceeded
    } else {
        Count::FallbackFailed
    });
}
