//! Calls that last long, beside those that are measured.

use resilient_runtime::LimitOutcome;

use super::{Event, World, nanos};
use crate::limiter::Nanos;
use crate::oracle;

impl World<'_> {
    pub(super) fn plan_long(&mut self) {
        let Some(long) = self.scenario.long else {
            return;
        };
        let from = nanos(long.from);
        for _ in 0..long.at_once {
            self.agenda.at(from, Event::Long);
        }
        if long.share > 0.0 {
            let first = from + self.long_gap(long.share);
            self.agenda.at(first, Event::Long);
        }
    }

    /// The oracle knows the truth, and who is there for long.
    pub(super) fn tell(&self) {
        let limit = oracle::limit(&self.truth, self.scenario.deadline);
        self.server.know(limit + f64::from(self.long_now));
    }

    /// Until the next one.
    fn long_gap(&mut self, share: f64) -> Nanos {
        nanos(self.long_arrivals.exponential() / (share * self.truth.rate))
    }

    /// One asks.
    pub(super) fn long(&mut self) {
        let Some(long) = self.scenario.long else {
            return;
        };
        if long.share > 0.0 {
            let next = self.now + self.long_gap(long.share);
            self.agenda.at(next, Event::Long);
        }
        self.long_now += 1;
        self.tell();
        match self.server.admit(self.now) {
            Some(place) => {
                let over = self.now.saturating_add(nanos(long.lasts));
                self.agenda.at(over, Event::LongOver(self.long.len()));
                self.long.push(Some(place));
            }
            None => {
                self.long_now -= 1;
                self.tell();
                if long.at_once > 0 {
                    self.agenda.at(self.now + nanos(0.1), Event::Long);
                }
            }
        }
    }

    pub(super) fn long_over(&mut self, number: usize) {
        if let Some(place) = self.long[number].take() {
            place.record(LimitOutcome::Sample, self.now);
            self.long_now -= 1;
            self.tell();
        }
    }
}
