//! Settings of single keys, how states stand, and who said what.

mod common;

use std::future::pending;
use std::time::Duration;

use common::{Error, layer, ms};
use futures::FutureExt;
use futures::future::join_all;
use resilient_runtime::{
    BreakerState, CircuitBreaker, CircuitBreakerSettings, Keyed, LayerKind, Origin, RateLimiter,
    Reading, RetryBudget, RetryBudgetSettings, Setting, SettingError, Value, adaptive_concurrency,
    bulkhead, circuit_breaker, hedge, rate_limit, registry, retry, testing, timeout,
};
use tokio::time::advance;

fn of_key(site: &str, kind: LayerKind, key: &str, knob: &str) -> Setting {
    let settings = layer(site, kind).settings_of(key);
    let found = settings.into_iter().find(|setting| setting.knob == knob);
    found.unwrap_or_else(|| panic!("no knob {knob}"))
}

/// How many of ten calls at once are let through.
async fn admitted<F: Future<Output = Result<(), Error>>>(call: impl Fn() -> F) -> usize {
    let calls = join_all((0..10).map(|_| call()));
    let outcomes = calls.await;
    outcomes.iter().filter(|outcome| outcome.is_ok()).count()
}

#[tokio::test(start_paused = true)]
async fn one_tenant_has_a_rate_of_its_own_before_it_comes_and_while_it_is_there() {
    #[rate_limit(name = "rate of a tenant", per_second = 2, key = tenant)]
    async fn ask(tenant: &str) -> Result<(), Error> {
        Ok(())
    }

    let limits = layer("rate of a tenant", LayerKind::RateLimit);
    limits.set_for("large", "per_second", 5.into()).unwrap();
    assert_eq!(admitted(|| ask("large")).await, 5);
    assert_eq!(admitted(|| ask("small")).await, 2);

    limits.set_for("small", "per_second", 4.into()).unwrap();
    advance(Duration::from_secs(1)).await;
    assert_eq!(admitted(|| ask("small")).await, 4);
    limits.unset_for("small", "per_second").unwrap();
    advance(Duration::from_secs(1)).await;
    assert_eq!(admitted(|| ask("small")).await, 2);
    assert_eq!(admitted(|| ask("large")).await, 5);
}

#[tokio::test(start_paused = true)]
async fn what_is_said_of_a_key_goes_over_what_is_said_of_all() {
    #[bulkhead(name = "places of a tenant", max_concurrent = 1, max_queue = 1, max_wait = "1s", key = tenant)]
    async fn ask(tenant: u32) -> Result<(), Error> {
        tokio::time::sleep(ms(10)).await;
        Ok(())
    }

    let (site, kind) = ("places of a tenant", LayerKind::Bulkhead);
    let places = layer(site, kind);
    places.set_for("7", "max_concurrent", 3.into()).unwrap();
    places.set("max_concurrent", 2.into()).unwrap();
    places.set("max_queue", 0.into()).unwrap();
    places.set("max_wait", ms(5).into()).unwrap();
    assert_eq!(admitted(|| ask(7)).await, 3);
    assert_eq!(admitted(|| ask(8)).await, 2);

    let own = of_key(site, kind, "7", "max_concurrent");
    assert_eq!(own.value, Some(Value::Count(3)));
    let common = of_key(site, kind, "7", "max_wait");
    assert_eq!(common.value, Some(Value::Duration(ms(5))));
    places.unset("max_concurrent").unwrap();
    let code = of_key(site, kind, "8", "max_concurrent");
    assert_eq!(
        (code.value, code.origin),
        (Some(Value::Count(1)), Origin::Code)
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_is_let_in_when_its_key_gets_more_places() {
    #[bulkhead(name = "a queue of a tenant", max_concurrent = 1, max_queue = 5, key = tenant)]
    async fn ask(tenant: &str) -> Result<(), Error> {
        pending().await
    }

    let places = layer("a queue of a tenant", LayerKind::Bulkhead);
    let mut calls: Vec<_> = (0..2).map(|_| Box::pin(ask("one"))).collect();
    for call in &mut calls {
        assert!(call.now_or_never().is_none());
    }
    let standing = || {
        let keys = places.keys().unwrap();
        let Reading::Places {
            in_use,
            limit,
            waiting,
            ..
        } = keys[0].reading
        else {
            panic!("{keys:?}")
        };
        (in_use, limit, waiting)
    };
    assert_eq!(standing(), (1, 1, 1));
    places.set_for("one", "max_concurrent", 2.into()).unwrap();
    assert_eq!(standing(), (2, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_breaker_an_adaptive_limit_and_a_budget_of_one_key() {
    #[circuit_breaker(name = "breaker of a host", consecutive_failures = 5, key = host)]
    async fn break_it(host: &str) -> Result<(), Error> {
        Err(Error::Transient)
    }
    let breakers = layer("breaker of a host", LayerKind::CircuitBreaker);
    breakers
        .set_for("weak", "consecutive_failures", 1.into())
        .unwrap();
    for _ in 0..2 {
        let _ = break_it("weak").await;
        let _ = break_it("strong").await;
    }
    let breakers = breakers.state::<Keyed<CircuitBreaker>>().unwrap();
    assert_eq!(breakers.get("weak").state(), BreakerState::Open);
    assert_eq!(breakers.get("strong").state(), BreakerState::Closed);

    #[adaptive_concurrency(name = "limit of a host", side = "client", initial = 4, key = host)]
    async fn hold(host: &str) -> Result<(), Error> {
        tokio::time::sleep(ms(10)).await;
        Ok(())
    }
    let limits = layer("limit of a host", LayerKind::AdaptiveConcurrency);
    limits.set_for("weak", "max", 2.into()).unwrap();
    assert_eq!(admitted(|| hold("weak")).await, 2);
    assert_eq!(admitted(|| hold("strong")).await, 4);

    #[retry(name = "budget of a host", count = 9, backoff = "constant", delay_ms = 1, key = host)]
    async fn try_it(tries: &std::cell::Cell<u32>, host: &str) -> Result<(), Error> {
        tries.set(tries.get() + 1);
        Err(Error::Transient)
    }
    let budget = layer("budget of a host", LayerKind::Retry)
        .budget()
        .unwrap();
    budget.set_for("weak", "capacity", 2.into()).unwrap();
    for (host, tried) in [("weak", 3), ("strong", 9)] {
        let tries = std::cell::Cell::new(0);
        let _ = try_it(&tries, host).await;
        assert_eq!(tries.get(), tried, "{host}");
    }
}

#[test]
fn what_cannot_be_set_for_a_key_is_told_and_changes_nothing() {
    #[rate_limit(name = "no keys", per_second = 2)]
    #[retry]
    #[allow(dead_code)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }
    #[rate_limit(name = "some keys", per_second = 2, key = tenant)]
    #[allow(dead_code)]
    async fn ask_for(tenant: &str) -> Result<(), Error> {
        Ok(())
    }

    for kind in [LayerKind::RateLimit, LayerKind::Retry] {
        let refused = layer("no keys", kind).set_for("one", "count", 1.into());
        assert_eq!(refused, Err(SettingError::NoKeys));
    }
    let keyed = layer("some keys", LayerKind::RateLimit);
    let unknown = keyed.set_for("one", "per_minute", 1.into()).unwrap_err();
    assert!(
        matches!(unknown, SettingError::UnknownKnob { .. }),
        "{unknown}"
    );
    let bad = keyed.set_for("one", "per_second", 0.into()).unwrap_err();
    assert!(matches!(bad, SettingError::BadValue { .. }), "{bad}");
    keyed.set_for("one", "permits", 5.into()).unwrap();
    let both = keyed.set_for("one", "per_second", 1.into()).unwrap_err();
    assert!(matches!(both, SettingError::Contradiction(_)), "{both}");
    assert_eq!(keyed.settings_of("two"), keyed.settings());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_forgotten_has_its_own_settings_when_it_comes_again() {
    static TENANTS: Keyed<RateLimiter> = Keyed::new(RateLimiter::per_second(1)).max_keys(1);
    TENANTS.set_for("one", "per_second", 3.into()).unwrap();
    for tenant in ["one", "two", "one"] {
        let available = if tenant == "one" { 3 } else { 1 };
        assert_eq!(TENANTS.get(tenant).snapshot().available, available);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_found_by_how_it_is_shown() {
    static HOSTS: Keyed<CircuitBreaker> = Keyed::new(CircuitBreaker::new());
    assert!(HOSTS.find("8080").is_none());
    let _ = HOSTS.get(&8080);
    HOSTS.find("8080").unwrap().force_open();
    assert_eq!(HOSTS.get(&8080).state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn the_drip_of_keyed_budgets_counts_from_when_it_is_set() {
    static BUDGETS: Keyed<RetryBudget> = Keyed::new(RetryBudget::with(
        RetryBudgetSettings::new().capacity(50).per_second(0.0),
    ));
    while BUDGETS.get("one").try_withdraw() {}
    advance(Duration::from_secs(100)).await;
    BUDGETS.set("per_second", 1.0.into()).unwrap();
    assert_eq!(BUDGETS.get("one").tokens(), 0.0);
    BUDGETS.set_for("one", "per_second", 10.0.into()).unwrap();
    advance(Duration::from_secs(2)).await;
    BUDGETS.unset_for("one", "per_second").unwrap();
    assert_eq!(BUDGETS.get("one").tokens(), 20.0);
}

#[tokio::test(start_paused = true)]
async fn a_layer_tells_how_its_state_stands() {
    #[retry(name = "stands")]
    #[hedge]
    #[timeout]
    #[circuit_breaker]
    #[bulkhead(max_concurrent = 3)]
    #[adaptive_concurrency(side = "server", initial = 5)]
    #[rate_limit(per_second = 7)]
    #[allow(dead_code)]
    async fn ask() -> Result<(), Error> {
        pending().await
    }

    let read = |kind| layer("stands", kind).reading();
    let mut call = Box::pin(ask());
    assert!((&mut call).now_or_never().is_none());
    let Some(Reading::CircuitBreaker(breaker)) = read(LayerKind::CircuitBreaker) else {
        panic!()
    };
    assert_eq!(breaker.state, BreakerState::Closed);
    let Some(Reading::Places {
        in_use: 1,
        limit: 3,
        waiting: 0,
        ..
    }) = read(LayerKind::Bulkhead)
    else {
        panic!()
    };
    let Some(Reading::Places {
        in_use: 1,
        limit: 5,
        waiting: 0,
        ..
    }) = read(LayerKind::AdaptiveConcurrency)
    else {
        panic!()
    };
    let Some(Reading::RateLimit(rate)) = read(LayerKind::RateLimit) else {
        panic!()
    };
    assert_eq!(rate.available, 6);
    let Some(Reading::Budget {
        tokens: 100.0,
        capacity: 100,
        ..
    }) = read(LayerKind::Retry)
    else {
        panic!()
    };
    let Some(Reading::Hedge { delay: None, .. }) = read(LayerKind::Hedge) else {
        panic!()
    };
    assert_eq!(read(LayerKind::Timeout), None);
    assert!(layer("stands", LayerKind::Bulkhead).keys().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_breaker_tells_how_long_it_was_in_each_state() {
    let settings = CircuitBreakerSettings::new().consecutive_failures(1);
    let breaker = CircuitBreaker::with(settings.open_for(ms(300)));
    assert_eq!(breaker.time_in(BreakerState::Closed), ms(0));
    advance(ms(100)).await;
    common::fail(&breaker, 1);
    advance(ms(500)).await;
    let probe = breaker.try_acquire().unwrap();
    advance(ms(20)).await;
    probe.record(resilient_runtime::CallOutcome::Success);
    advance(ms(3)).await;
    let spent = [
        BreakerState::Closed,
        BreakerState::Open,
        BreakerState::HalfOpen,
    ]
    .map(|state| breaker.time_in(state));
    assert_eq!(spent, [ms(103), ms(500), ms(20)]);
}

#[tokio::test]
async fn who_switched_a_layer_off_is_known() {
    #[timeout(name = "switched by hand")]
    #[allow(dead_code)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    testing::isolated(async {
        let limit = layer("switched by hand", LayerKind::Timeout);
        assert_eq!(
            (limit.is_enabled(), limit.enabled_by()),
            (true, Origin::Code)
        );
        limit.set_enabled(false);
        assert_eq!(
            (limit.is_enabled(), limit.enabled_by()),
            (false, Origin::Handle)
        );
        limit.unset_enabled();
        assert_eq!(
            (limit.is_enabled(), limit.enabled_by()),
            (true, Origin::Code)
        );

        let all = registry();
        assert_eq!((all.is_enabled(), all.enabled_by()), (true, Origin::Code));
        all.set_enabled(false);
        assert_eq!(
            (all.is_enabled(), all.enabled_by()),
            (false, Origin::Handle)
        );
        all.unset_enabled();
        assert_eq!((all.is_enabled(), all.enabled_by()), (true, Origin::Code));
    })
    .await;
}

#[test]
fn a_value_is_read_as_it_is_written_in_an_attribute() {
    #[retry(name = "written down")]
    #[circuit_breaker]
    #[allow(dead_code)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    let retry = layer("written down", LayerKind::Retry);
    for (knob, text, value) in [
        ("count", "5", Value::Count(5)),
        ("delay", "1m 30s", Value::Duration(Duration::from_secs(90))),
        ("backoff", "fib", Value::Name("fib")),
        ("jitter", "0.25", Value::Number(0.25)),
        ("jitter", "none", Value::Name("none")),
    ] {
        assert_eq!(retry.parse(knob, text), Ok(value), "{knob} = {text}");
    }
    for (knob, text) in [
        ("count", "0"),
        ("count", "many"),
        ("delay", "90"),
        ("jitter", "2"),
    ] {
        assert!(
            matches!(retry.parse(knob, text), Err(SettingError::BadValue { .. })),
            "{knob} = {text}"
        );
    }
    assert!(retry.parse("counts", "5").is_err());
}
