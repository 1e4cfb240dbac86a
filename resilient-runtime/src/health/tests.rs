//! What is seen of breakers, without the functions around them.

use std::time::Duration;

use tokio::time::advance;

use super::watched::Watched;
use super::{Health, HealthStatus, Standing};
use crate::circuit_breaker::{
    BreakerLayer, BreakerMode, BreakerState, CallOutcome, CircuitBreakerSettings,
};
use crate::site::{Layer, Site};

static SITE: Site = Site::new(|| "shop::stock", "", 0, &[]);

const SETTINGS: CircuitBreakerSettings = CircuitBreakerSettings::new()
    .consecutive_failures(1)
    .open_for(Duration::from_secs(5));

fn health(layer: &'static dyn Layer) -> Health {
    let mut watched = Watched::new("shop::stock", layer).unwrap();
    watched.is_required = true;
    Health {
        breakers: [watched].into(),
    }
}

/// One of its own for each test.
macro_rules! layer {
    ($layer:expr) => {{
        static LAYER: BreakerLayer = $layer;
        (&LAYER, health(&LAYER))
    }};
}

fn told(health: &Health) -> (HealthStatus, Option<u64>, bool) {
    let report = health.report();
    assert_eq!(report.is_ready(), health.is_ready());
    assert!(health.is_live());
    let breaker = &report.breakers[0];
    let open_for = breaker.open_for.map(|left| left.as_secs());
    (breaker.status, open_for, report.is_ready())
}

const UP: (HealthStatus, Option<u64>, bool) = (HealthStatus::Up, None, true);
const DEGRADED: (HealthStatus, Option<u64>, bool) = (HealthStatus::Degraded, None, true);

const fn down(seconds: u64) -> (HealthStatus, Option<u64>, bool) {
    (HealthStatus::Down, Some(seconds), false)
}

#[tokio::test(start_paused = true)]
async fn it_is_down_while_it_is_certain_to_refuse_and_no_longer() {
    let (layer, health) = layer!(BreakerLayer::new(&SITE, SETTINGS));
    let breaker = layer.breaker().unwrap();
    let fail = || breaker.try_acquire().unwrap().record(CallOutcome::Failure);
    assert_eq!(told(&health), UP);

    fail();
    assert_eq!(told(&health), down(5));
    advance(Duration::from_secs(3)).await;
    assert_eq!(told(&health), down(2));

    // Nobody calls: it is open still, and only a call can change that.
    advance(Duration::from_secs(2)).await;
    assert_eq!(breaker.state(), BreakerState::Open);
    assert_eq!(told(&health), DEGRADED);

    // Half-open with a probe under way, without one, and after one that counted as nothing.
    let probe = breaker.try_acquire().unwrap();
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    assert_eq!(told(&health), DEGRADED);
    drop(probe);
    assert_eq!(told(&health), DEGRADED);

    fail();
    assert_eq!(told(&health), down(10));
    advance(Duration::from_secs(10)).await;
    breaker.try_acquire().unwrap().record(CallOutcome::Success);
    assert_eq!(told(&health), UP);
}

#[tokio::test(start_paused = true)]
async fn each_mode_counts_by_what_becomes_of_calls() {
    let (layer, health) = layer!(BreakerLayer::new(&SITE, SETTINGS));
    let breaker = layer.breaker().unwrap();
    let standing = || health.report().breakers[0].standing;
    let one = |state, mode| Standing::One { state, mode };

    breaker.force_open();
    assert_eq!(told(&health), down(Duration::MAX.as_secs()));
    assert_eq!(standing(), one(BreakerState::Open, BreakerMode::ForcedOpen));

    breaker.observe_only();
    breaker.try_acquire().unwrap().record(CallOutcome::Failure);
    assert_eq!(
        standing(),
        one(BreakerState::Open, BreakerMode::ObserveOnly)
    );
    assert_eq!(told(&health), UP);

    breaker.force_close();
    breaker.try_acquire().unwrap().record(CallOutcome::Failure);
    assert_eq!(told(&health), UP);
    breaker.disable();
    breaker.try_acquire().unwrap().record(CallOutcome::Failure);
    assert_eq!(told(&health), UP);

    breaker.reset();
    breaker.try_acquire().unwrap().record(CallOutcome::Failure);
    assert_eq!(told(&health), down(5));
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_is_switched_off_refuses_nobody() {
    let (layer, health) = layer!(BreakerLayer::new(&SITE, SETTINGS));
    layer.breaker().unwrap().force_open();
    layer.set_enabled(false);
    assert_eq!(told(&health), UP);
    assert!(!health.report().breakers[0].is_enabled);
    layer.set_enabled(true);
    layer.switch().set_all_off(true);
    assert_eq!(told(&health), UP);
    layer.switch().set_all_off(false);
    assert_eq!(told(&health), down(Duration::MAX.as_secs()));
}

#[tokio::test(start_paused = true)]
async fn keys_are_down_when_all_of_them_are() {
    let (layer, health) = layer!(BreakerLayer::keyed(&SITE, SETTINGS, 10));
    let layer: &dyn Layer = layer;
    let breakers = layer.state::<crate::Keyed<crate::CircuitBreaker>>();
    let breakers = breakers.unwrap();
    let fail = |key: &str| {
        let permit = breakers.get(key);
        permit.try_acquire().unwrap().record(CallOutcome::Failure);
    };
    let standing = || health.report().breakers[0].standing;
    let keyed = |keys, degraded, down| Standing::PerKey {
        keys,
        degraded,
        down,
    };
    assert_eq!((told(&health), standing()), (UP, keyed(0, 0, 0)));
    drop(breakers.get("b"));
    assert_eq!((told(&health), standing()), (UP, keyed(1, 0, 0)));
    fail("a");
    assert_eq!((told(&health), standing()), (DEGRADED, keyed(2, 0, 1)));
    advance(Duration::from_secs(1)).await;
    fail("b");
    // Until the first of them may admit a call.
    assert_eq!((told(&health), standing()), (down(4), keyed(2, 0, 2)));
    advance(Duration::from_secs(4)).await;
    assert_eq!((told(&health), standing()), (DEGRADED, keyed(2, 1, 1)));

    let probe = breakers.get("a");
    probe.try_acquire().unwrap().record(CallOutcome::Success);
    assert_eq!((told(&health), standing()), (DEGRADED, keyed(2, 0, 1)));
    breakers.get("b").reset();
    assert_eq!((told(&health), standing()), (UP, keyed(2, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_required_makes_nothing_not_ready() {
    let (layer, mut health) = layer!(BreakerLayer::new(&SITE, SETTINGS));
    let breakers = std::sync::Arc::get_mut(&mut health.breakers).unwrap();
    breakers[0].is_required = false;
    layer.breaker().unwrap().force_open();
    let report = health.report();
    assert!(report.is_ready() && health.is_ready());
    assert_eq!(report.status(), HealthStatus::Degraded);
    assert_eq!(report.reasons().count(), 0);
    layer.breaker().unwrap().reset();
    assert_eq!(health.report().status(), HealthStatus::Up);
}

#[test]
fn a_breaker_that_calls_bring_is_not_seen() {
    static LAYER: BreakerLayer = BreakerLayer::shared(&SITE);
    assert!(Watched::new("shop::stock", &LAYER).is_none());
}
