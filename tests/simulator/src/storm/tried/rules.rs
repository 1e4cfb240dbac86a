//! How much a bucket holds.

use super::bucket::Capacity;
use crate::limiter::Nanos;

const LEAST: f64 = 10.0;
const MOST: f64 = 100.0;
const SECOND: f64 = 1e9;

/// 100 at first, and one less for each success, down to 10: who has seen 90 calls succeed is no test.
#[derive(Debug, Default)]
pub(super) struct Newborn {
    successes: f64,
}

impl Capacity for Newborn {
    fn succeeded(&mut self, _now: Nanos) {
        self.successes += 1.0;
    }

    fn asked(&mut self, _now: Nanos) -> f64 {
        (MOST - self.successes).max(LEAST)
    }
}

/// 100 in the first minute, and 10 from then on: the tests are over.
#[derive(Debug, Default)]
pub(super) struct ByTime {
    began: Option<Nanos>,
}

impl Capacity for ByTime {
    fn succeeded(&mut self, now: Nanos) {
        self.began.get_or_insert(now);
    }

    fn asked(&mut self, now: Nanos) -> f64 {
        let began = *self.began.get_or_insert(now);
        let old = (now - began) as f64 > 60.0 * SECOND;
        if old { LEAST } else { MOST }
    }
}

/// 100 while less than half of the last twenty attempts or so failed, else 10: it is no outage yet.
#[derive(Debug, Default)]
pub(super) struct ByShare {
    failing: f64,
}

impl ByShare {
    fn saw(&mut self, failing: f64) {
        self.failing += (failing - self.failing) / 20.0;
    }
}

impl Capacity for ByShare {
    fn succeeded(&mut self, _now: Nanos) {
        self.saw(0.0);
    }

    fn asked(&mut self, _now: Nanos) -> f64 {
        self.saw(1.0);
        if self.failing < 0.5 { MOST } else { LEAST }
    }
}

/// As many as calls succeed in a second, from 10 to 100: what a fleet holds is then a second of its load, however many processes
/// it is spread over. 100 until a second has passed.
#[derive(Debug, Default)]
pub(super) struct ByRate {
    successes: f64,
    /// When the count began, and with how many.
    mark: Option<(Nanos, f64)>,
    rate: Option<f64>,
}

/// How long is counted at least until a rate takes the place of the one before.
const SPAN: f64 = 10.0 * SECOND;

impl Capacity for ByRate {
    fn succeeded(&mut self, now: Nanos) {
        self.mark.get_or_insert((now, 0.0));
        self.successes += 1.0;
    }

    /// Only who asks for a retry reads the clock and reckons.
    fn asked(&mut self, now: Nanos) -> f64 {
        let (since, before) = *self.mark.get_or_insert((now, 0.0));
        let passed = (now - since) as f64;
        if passed >= SPAN || (self.rate.is_none() && passed >= SECOND) {
            self.rate = Some((self.successes - before) / passed * SECOND);
        }
        if passed >= SPAN {
            self.mark = Some((now, self.successes));
        }
        self.rate.unwrap_or(MOST).clamp(LEAST, MOST)
    }
}

/// The greater of the two: a test keeps what it has at first, a busy process what it needs for a tenth of a second without its
/// server.
#[derive(Debug, Default)]
pub(super) struct NewbornByRate {
    newborn: Newborn,
    rate: ByRate,
}

impl Capacity for NewbornByRate {
    fn succeeded(&mut self, now: Nanos) {
        self.newborn.succeeded(now);
        self.rate.succeeded(now);
    }

    fn asked(&mut self, now: Nanos) -> f64 {
        self.newborn.asked(now).max(self.rate.asked(now))
    }
}
