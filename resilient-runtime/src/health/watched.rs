//! A breaker that is looked at.

use std::time::Duration;

use super::report::{BreakerHealth, HealthStatus, Standing};
use crate::circuit_breaker::{BreakerMode, BreakerSnapshot, BreakerState, CircuitBreaker};
use crate::keyed::Keyed;
use crate::site::{Layer, Reading};

/// One layer of a function, and the breaker that it owns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched {
    pub(super) function: &'static str,
    pub(super) is_required: bool,
    layer: &'static dyn Layer,
    breaker: Breaker,
}

#[derive(Clone, Copy, Debug)]
enum Breaker {
    One(&'static CircuitBreaker),
    Keyed(&'static Keyed<CircuitBreaker>),
}

/// How a breaker stands: with the time that it is still certain to refuse every call, if it is.
type Stands = (HealthStatus, Option<Duration>);

impl Watched {
    /// `None` where the layer is none of a breaker that the function owns.
    pub(super) fn new(function: &'static str, layer: &'static dyn Layer) -> Option<Self> {
        let one = layer.state().map(Breaker::One);
        Some(Self {
            function,
            is_required: false,
            layer,
            breaker: one.or_else(|| layer.state().map(Breaker::Keyed))?,
        })
    }

    #[cfg(feature = "grpc-health")]
    pub(super) fn is_keyed(&self) -> bool {
        matches!(self.breaker, Breaker::Keyed(_))
    }

    pub(super) fn health(&self) -> BreakerHealth {
        let is_enabled = self.layer.switch().is_on();
        let ((status, open_for), standing) = match self.breaker {
            Breaker::One(breaker) => {
                let breaker = breaker.snapshot();
                let (state, mode) = (breaker.state, breaker.mode);
                (stands(&breaker), Standing::One { state, mode })
            }
            Breaker::Keyed(breakers) => of_keys(breakers),
        };
        BreakerHealth {
            function: self.function,
            is_required: self.is_required,
            is_enabled,
            status: if is_enabled { status } else { HealthStatus::Up },
            open_for: open_for.filter(|_| is_enabled),
            standing,
        }
    }
}

/// If one of these is down: how long until the first of those that are may admit a call.
pub(super) fn down_for<'a>(breakers: impl IntoIterator<Item = &'a Watched>) -> Option<Duration> {
    let each = breakers.into_iter().map(Watched::health);
    each.filter_map(|breaker| breaker.open_for).min()
}

fn stands(breaker: &BreakerSnapshot) -> Stands {
    let refuses = match breaker.mode {
        BreakerMode::Automatic => breaker.state != BreakerState::Closed,
        BreakerMode::ForcedOpen => true,
        BreakerMode::ForcedClosed | BreakerMode::Disabled | BreakerMode::ObserveOnly => false,
    };
    if !refuses {
        return (HealthStatus::Up, None);
    }
    let left = breaker.open_for_remaining.filter(|left| !left.is_zero());
    match left {
        Some(_) => (HealthStatus::Down, left),
        // The next call is a probe.
        None => (HealthStatus::Degraded, None),
    }
}

fn of_keys(breakers: &Keyed<CircuitBreaker>) -> (Stands, Standing) {
    let (mut keys, mut degraded, mut down) = (0, 0, 0);
    let mut first = None;
    for key in breakers.readings() {
        let Reading::CircuitBreaker(breaker) = key.reading else {
            continue;
        };
        keys += 1;
        let (status, open_for) = stands(&breaker);
        degraded += usize::from(status == HealthStatus::Degraded);
        down += usize::from(status == HealthStatus::Down);
        first = [first, open_for].into_iter().flatten().min();
    }
    let all = match (degraded, down) {
        (0, 0) => (HealthStatus::Up, None),
        (_, down) if down == keys => (HealthStatus::Down, first),
        _ => (HealthStatus::Degraded, None),
    };
    let standing = Standing::PerKey {
        keys,
        degraded,
        down,
    };
    (all, standing)
}
