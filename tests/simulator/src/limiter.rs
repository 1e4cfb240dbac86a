//! The limiters behind one face: the real ones, the oracle, and none.

use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use resilient_runtime::__private::epoch;
use resilient_runtime::{
    AdaptiveConcurrency, Aimd, Elasticity, Gradient2, LimitAlgorithm, LimitOutcome, LimitPermit,
    Vegas,
};
use tokio::time::Instant;

use crate::tried::counted::Counted;
use crate::tried::slope::Slope;

/// Nanoseconds of virtual time.
pub type Nanos = u64;

/// Virtual time as the policies take it.
pub fn instant(at: Nanos) -> Instant {
    epoch() + Duration::from_nanos(at)
}

/// What stands before a server, or inside a client.
pub trait Limiter: fmt::Debug {
    fn admit(&self, now: Nanos) -> Option<Box<dyn Place + '_>>;
    fn limit(&self) -> f64;
    /// The truth has changed. For the oracle alone.
    fn know(&self, _limit: f64) {}
}

/// A place of an admitted call.
pub trait Place {
    fn record(self: Box<Self>, outcome: LimitOutcome, now: Nanos);
}

impl<A: LimitAlgorithm> Limiter for AdaptiveConcurrency<A> {
    fn admit(&self, now: Nanos) -> Option<Box<dyn Place + '_>> {
        let permit = self.try_acquire_at(instant(now)).ok()?;
        Some(Box::new(permit))
    }

    fn limit(&self) -> f64 {
        self.limit().into()
    }
}

impl<A: LimitAlgorithm> Place for LimitPermit<'_, A> {
    fn record(self: Box<Self>, outcome: LimitOutcome, now: Nanos) {
        self.record_at(outcome, instant(now));
    }
}

/// A limit that somebody who knows the truth sets; without end it is no limit.
#[derive(Debug)]
pub struct Fixed {
    limit: Cell<f64>,
    told: bool,
    in_flight: Cell<u32>,
}

impl Fixed {
    pub fn none() -> Self {
        Self::at(f64::INFINITY)
    }

    pub fn at(limit: f64) -> Self {
        Self {
            limit: Cell::new(limit),
            told: false,
            in_flight: Cell::new(0),
        }
    }

    pub fn oracle() -> Self {
        Self {
            told: true,
            ..Self::none()
        }
    }
}

impl Limiter for Fixed {
    fn admit(&self, _now: Nanos) -> Option<Box<dyn Place + '_>> {
        let in_flight = self.in_flight.get();
        (f64::from(in_flight) < self.limit.get()).then(|| {
            self.in_flight.set(in_flight + 1);
            Box::new(FixedPlace(self)) as Box<dyn Place>
        })
    }

    fn limit(&self) -> f64 {
        self.limit.get()
    }

    fn know(&self, limit: f64) {
        if self.told {
            self.limit.set(limit);
        }
    }
}

struct FixedPlace<'a>(&'a Fixed);

impl Place for FixedPlace<'_> {
    fn record(self: Box<Self>, _outcome: LimitOutcome, _now: Nanos) {}
}

impl Drop for FixedPlace<'_> {
    fn drop(&mut self) {
        self.0.in_flight.set(self.0.in_flight.get() - 1);
    }
}

/// Which limiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Oracle,
    None,
    Elasticity,
    Aimd,
    Gradient2,
    Vegas,
    Slope,
    Counted,
    Fixed(u32),
}

impl Algorithm {
    pub const ALL: [Self; 6] = [
        Self::Oracle,
        Self::None,
        Self::Elasticity,
        Self::Aimd,
        Self::Gradient2,
        Self::Vegas,
    ];

    /// Earlier rules: only where they are asked for by name.
    pub const TRIED: [Self; 2] = [Self::Slope, Self::Counted];

    pub fn name(self) -> String {
        match self {
            Self::Oracle => "oracle".into(),
            Self::None => "no limit".into(),
            Self::Elasticity => "elasticity".into(),
            Self::Aimd => "aimd".into(),
            Self::Gradient2 => "gradient2".into(),
            Self::Vegas => "vegas".into(),
            Self::Slope => "slope".into(),
            Self::Counted => "counted".into(),
            Self::Fixed(limit) => format!("fixed {limit}"),
        }
    }

    /// One with the default settings.
    pub fn build(self) -> Box<dyn Limiter> {
        match self {
            Self::Oracle => Box::new(Fixed::oracle()),
            Self::None => Box::new(Fixed::none()),
            Self::Elasticity => Box::new(AdaptiveConcurrency::<Elasticity>::new()),
            Self::Aimd => Box::new(AdaptiveConcurrency::<Aimd>::new()),
            Self::Gradient2 => Box::new(AdaptiveConcurrency::<Gradient2>::new()),
            Self::Vegas => Box::new(AdaptiveConcurrency::<Vegas>::new()),
            Self::Slope => Box::new(AdaptiveConcurrency::<Slope>::new()),
            Self::Counted => Box::new(AdaptiveConcurrency::<Counted>::new()),
            Self::Fixed(limit) => Box::new(Fixed::at(limit.into())),
        }
    }
}
