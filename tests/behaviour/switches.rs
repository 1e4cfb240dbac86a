//! Switches: a layer taken out of its stack and put in again, and all of them at once.

mod common;

use std::time::Duration;

use common::{Calls, Error, breaker, counted, fail, ms};
use resilient_runtime::{
    BreakerState, Layer, LayerKind, circuit_breaker, fallback, registry, retry, testing, timeout,
};
use tokio::time::sleep;

fn layer(site: &str, kind: LayerKind) -> &'static dyn Layer {
    let site = registry()
        .site(site)
        .unwrap_or_else(|| panic!("no site {site}"));
    site.layer(kind)
        .unwrap_or_else(|| panic!("no {kind} at {}", site.name()))
}

#[tokio::test(start_paused = true)]
async fn each_layer_is_taken_out_and_put_in_again() {
    #[fallback(value = Ok(99), name = "taken out", when_ok = |value| *value == 0)]
    #[retry(count = 2, delay_ms = 1)]
    #[timeout(ms = 10)]
    #[circuit_breaker(consecutive_failures = 3)]
    async fn ask(
        calls: &Calls,
        takes: Duration,
        outcome: &Result<u32, Error>,
    ) -> Result<u32, Error> {
        calls.note();
        sleep(takes).await;
        outcome.clone()
    }

    let site = "taken out";
    let (calls, fails) = (Calls::new(), Err(Error::Transient));
    let switch = |kind, on| {
        layer(site, kind).set_enabled(on);
        assert_eq!(layer(site, kind).is_enabled(), on);
    };

    switch(LayerKind::Fallback, false);
    assert_eq!(ask(&calls, ms(0), &fails).await, fails);
    assert_eq!(ask(&calls, ms(0), &Ok(0)).await, Ok(0));
    assert_eq!(calls.count(), 3);
    switch(LayerKind::Fallback, true);
    assert_eq!(ask(&calls, ms(0), &Ok(0)).await, Ok(99));

    switch(LayerKind::Retry, false);
    let (outcome, events) = testing::events(ask(&calls, ms(0), &fails)).await;
    assert_eq!((outcome, calls.count()), (Ok(99), 5));
    assert_eq!(events.len(), 1, "what is off says nothing: {events:?}");
    switch(LayerKind::Retry, true);

    switch(LayerKind::Timeout, false);
    assert_eq!(ask(&calls, ms(50), &Ok(1)).await, Ok(1));
    switch(LayerKind::Timeout, true);
    assert_eq!(ask(&calls, ms(50), &Ok(1)).await, Ok(99));
    assert_eq!(calls.count(), 6 + 2);

    fail(breaker(site), 1);
    assert_eq!(breaker(site).state(), BreakerState::Open);
    switch(LayerKind::CircuitBreaker, false);
    assert_eq!(ask(&calls, ms(0), &Ok(1)).await, Ok(1));
    assert_eq!(breaker(site).state(), BreakerState::Open, "its state stays");
    switch(LayerKind::CircuitBreaker, true);
    assert_eq!(ask(&calls, ms(0), &Ok(1)).await, Ok(99));
}

#[tokio::test(start_paused = true)]
async fn one_switch_turns_everything_off_but_the_fallbacks_and_on_again() {
    #[fallback(value = Ok(99), name = "emergency")]
    #[retry(count = 2, delay_ms = 1)]
    #[timeout(ms = 10)]
    #[circuit_breaker(consecutive_failures = 3)]
    async fn ask(
        calls: &Calls,
        takes: Duration,
        outcome: &Result<u32, Error>,
    ) -> Result<u32, Error> {
        calls.note();
        sleep(takes).await;
        outcome.clone()
    }

    // In a world of its own: the switch is the whole program's.
    testing::isolated(async {
        let calls = Calls::new();
        breaker("emergency").force_open();
        layer("emergency", LayerKind::Retry).set_enabled(false);
        registry().set_enabled(false);
        assert_eq!(ask(&calls, ms(50), &Ok(1)).await, Ok(1));
        assert_eq!(ask(&calls, ms(0), &Err(Error::Transient)).await, Ok(99));
        assert_eq!(calls.count(), 2);
        assert!(
            layer("emergency", LayerKind::Timeout).is_enabled(),
            "by itself it is"
        );

        registry().set_enabled(true);
        assert_eq!(ask(&calls, ms(0), &Ok(1)).await, Ok(99));
        breaker("emergency").reset();
        assert_eq!(ask(&calls, ms(50), &Ok(1)).await, Ok(99));
        assert_eq!(calls.count(), 3, "a layer that was off by itself stays off");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn off_a_layer_counts_nothing_and_sets_no_deadline() {
    #[timeout(ms = 10, name = "off")]
    #[circuit_breaker]
    async fn ask() -> Result<bool, Error> {
        Ok(resilient_runtime::deadline().is_some())
    }

    assert_eq!(ask().await, Ok(true));
    assert_eq!(counted(breaker("off")), (1, 0));
    layer("off", LayerKind::Timeout).set_enabled(false);
    layer("off", LayerKind::CircuitBreaker).set_enabled(false);
    assert_eq!(ask().await, Ok(false));
    assert_eq!(counted(breaker("off")), (1, 0));
}
