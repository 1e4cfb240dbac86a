//! What holds when a file is applied.

#[path = "../../behaviour/common/mod.rs"]
mod common;
mod configured;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use common::{Calls, Error, layer, ms};
use configured::{File, apply, everything, nth, shown, stands, switched};
use resilient_runtime::config::Config;
use resilient_runtime::{
    BreakerState, CircuitBreaker, LayerKind, Origin, Value, bulkhead, circuit_breaker, fallback,
    hedge, rate_limit, registry, resilient, retry, testing, timeout,
};

#[fallback(name = "shop::stock::get", value = Ok(()))]
#[timeout("4s")]
#[retry(delay_ms = 10, jitter = "none")]
#[timeout("1s")]
#[circuit_breaker(consecutive_failures = 5)]
async fn get(calls: &Calls) -> Result<(), Error> {
    calls.note();
    Err(Error::Transient)
}

#[retry(name = "shop::stock::put")]
#[timeout("3s")]
#[allow(dead_code)]
async fn put() -> Result<(), Error> {
    Ok(())
}

#[retry(name = "shop::search", budget = "none")]
#[rate_limit(per_second = 2, key = tenant)]
#[allow(dead_code)]
async fn search(tenant: &str) -> Result<(), Error> {
    Ok(())
}

const GET: &str = "shop::stock::get";
const PUT: &str = "shop::stock::put";
const SEARCH: &str = "shop::search";

fn count_of(site: &str) -> String {
    stands(layer(site, LayerKind::Retry), "count")
}

fn after_of(site: &str) -> String {
    stands(layer(site, LayerKind::Timeout), "after")
}

#[tokio::test(start_paused = true)]
async fn a_function_behaves_as_the_file_says() {
    testing::isolated(async {
        let calls = Calls::new();
        get(&calls).await.unwrap();
        assert_eq!(calls.pauses(), [10, 20]);

        let applied = apply(
            r#"
            ["shop::stock::get".retry]
            count = 4
            delay_ms = 100
            backoff = "constant"
            "#,
        );
        assert_eq!((applied.settings, applied.functions), (3, 1));
        let calls = Calls::new();
        get(&calls).await.unwrap();
        assert_eq!(
            calls.pauses(),
            [100],
            "and the breaker has kept what it counted"
        );
    })
    .await;
}

#[tokio::test]
async fn every_way_to_write_a_value_is_read() {
    testing::isolated(async {
        apply(
            r#"
            ["shop::stock::get"]
            retry = { count = 0x5, delay = "1m 30s", max_delay = "2m", factor = 3, jitter = 0.25, max_elapsed_ms = 500 }
            circuit_breaker.window = 50
            circuit_breaker.failure_rate = 1
            circuit_breaker.slow_call = "2s"
            "#,
        );
        let retry = layer(GET, LayerKind::Retry);
        let breaker = layer(GET, LayerKind::CircuitBreaker);
        for (layer, knob, shown) in [
            (retry, "count", "5 by file"),
            (retry, "delay", "90s by file"),
            (retry, "factor", "3 by file"),
            (retry, "jitter", "0.25 by file"),
            (retry, "max_elapsed", "500ms by file"),
            (retry, "max_delay", "120s by file"),
            (retry, "on_open", "abort by code"),
            (breaker, "window", "50 by file"),
            (breaker, "failure_rate", "1 by file"),
            (breaker, "slow_call", "2s by file"),
        ] {
            assert_eq!(stands(layer, knob), shown, "{knob}");
        }
        apply("[\"shop::stock::get\".circuit_breaker]\nwindow_ms = 2500");
        assert_eq!(stands(breaker, "window"), "2.5s by file");
    })
    .await;
}

#[tokio::test]
async fn the_more_exact_name_goes_over_the_less_exact_one_wherever_it_stands() {
    testing::isolated(async {
        let sections = [
            "[\"*\".retry]\ncount = 4\n",
            "[\"shop::*\".retry]\ncount = 5\n",
            "[\"shop::stock::*\".retry]\ncount = 6\n",
            "[\"shop::stock::get\".retry]\ncount = 7\n",
        ];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            apply(&order.map(|at| sections[at]).concat());
            let counts = [SEARCH, PUT, GET].map(count_of);
            assert_eq!(counts, ["5 by file", "6 by file", "7 by file"]);
        }
        apply("[\"*search\".retry]\ncount = 8\n[\"*\".retry]\ncount = 4");
        let counts = [SEARCH, PUT].map(count_of);
        assert_eq!(counts, ["8 by file", "4 by file"]);
    })
    .await;
}

#[tokio::test]
async fn a_pattern_is_of_the_functions_that_have_the_layer() {
    testing::isolated(async {
        let applied = apply("[\"shop::*\".timeout]\nafter = \"2s\"");
        assert_eq!((applied.settings, applied.functions), (2, 2));
        assert_eq!(after_of(PUT), "2s by file");
        let inner = nth(GET, LayerKind::Timeout, 1);
        assert_eq!(after_of(GET), "2s by file");
        assert_eq!(stands(inner, "after"), "1s by code");
        apply("[\"*\".\"timeout#2\"]\nafter = \"250ms\"");
        assert_eq!(stands(inner, "after"), "250ms by file");
        assert_eq!(after_of(GET), "4s by code");
        apply("[\"shop::stock::get\".\"timeout#1\"]\nafter = \"5s\"");
        assert_eq!(after_of(GET), "5s by file");
    })
    .await;
}

#[tokio::test]
async fn what_the_next_file_does_not_name_goes_back_to_what_is_beneath() {
    testing::isolated(async {
        let before = everything();
        let file = File::of("enabled = false\n[\"*\"]\nretry.count = 9\ntimeout.enabled = false\nretry.budget.capacity = 3\n[\"shop::search\".rate_limit.keys.one]\nper_second = 7");
        file.config().apply().unwrap();
        let after = everything();
        assert!(before.iter().zip(&after).filter(|(b, a)| b != a).count() > 5);
        file.write("[\"shop::stock::put\".retry]\ncount = 5");
        file.config().apply().unwrap();
        assert_eq!([GET, PUT].map(count_of), ["3 by code", "5 by file"]);
        file.write("");
        let applied = file.config().apply().unwrap();
        assert_eq!((applied.settings, applied.functions), (0, 0));
        assert_eq!(everything(), before);
    })
    .await;
}

#[tokio::test]
async fn a_handle_goes_over_the_environment_and_that_over_the_file() {
    testing::isolated(async {
        let file = File::of("[\"shop::stock::put\".retry]\ncount = 4");
        let variables = [("RESILIENT__RETRY__COUNT", "5")];
        let both = file.config().environment_from(variables);
        both.apply().unwrap();
        assert_eq!(
            count_of(PUT),
            "5 by environment",
            "though the file names it"
        );
        let retry = layer(PUT, LayerKind::Retry);
        retry.set("count", Value::Count(6)).unwrap();
        both.apply().unwrap();
        assert_eq!(count_of(PUT), "6 by handle");
        retry.unset("count").unwrap();
        assert_eq!(count_of(PUT), "5 by environment");
        file.config().apply().unwrap();
        assert_eq!(count_of(PUT), "4 by file");
        Config::new().apply().unwrap();
        assert_eq!(count_of(PUT), "3 by code");
    })
    .await;
}

#[tokio::test]
async fn a_later_file_goes_over_an_earlier_one() {
    testing::isolated(async {
        let common = File::of("[\"shop::stock::put\".retry]\ncount = 4\nfactor = 3.0");
        let local = File::of("[\"*\".retry]\ncount = 5");
        common.config().file(local.path()).apply().unwrap();
        assert_eq!(count_of(PUT), "5 by file");
        assert_eq!(stands(layer(PUT, LayerKind::Retry), "factor"), "3 by file");
        local.config().file(common.path()).apply().unwrap();
        assert_eq!(count_of(PUT), "4 by file");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_tenant_has_a_limit_of_its_own() {
    #[rate_limit(name = "shop::quota", per_second = 2, key = tenant)]
    async fn quota(tenant: &str) -> Result<(), Error> {
        Ok(())
    }
    async fn admitted(tenant: &str) -> usize {
        let mut admitted = 0;
        for _ in 0..10 {
            admitted += usize::from(quota(tenant).await.is_ok());
        }
        admitted
    }

    testing::isolated(async {
        let file = File::of("[\"shop::quota\".rate_limit.keys.\"acme\"]\nper_second = 5");
        file.config().apply().unwrap();
        assert_eq!((admitted("acme").await, admitted("other").await), (5, 2));
        let limit = layer("shop::quota", LayerKind::RateLimit);
        assert_eq!(shown(limit.settings_of("acme"), "per_second"), "5 by file");
        assert_eq!(stands(limit, "per_second"), "2 by code");

        file.write("[\"*\".rate_limit]\nper_second = 3\n[\"shop::*\".rate_limit.keys.other]\nper_second = 4");
        file.config().apply().unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!((admitted("acme").await, admitted("other").await), (3, 4));
    })
    .await;
}

#[tokio::test]
async fn the_budget_of_a_retry_is_a_table_of_it() {
    #[retry(name = "by host", key = host)]
    #[allow(dead_code)]
    async fn ask(host: &str) -> Result<(), Error> {
        Ok(())
    }

    testing::isolated(async {
        apply("[\"*\".retry.budget]\ncapacity = 20\n[\"by host\".retry.budget.keys.one]\ncapacity = 4\n[\"shop::stock::put\"]\nretry.budget.enabled = false");
        let budget = |site| layer(site, LayerKind::Retry).budget().unwrap();
        assert_eq!(stands(budget(GET), "capacity"), "20 by file");
        assert_eq!(stands(budget("by host"), "capacity"), "20 by file");
        let one = budget("by host").settings_of("one");
        assert_eq!(shown(one, "capacity"), "4 by file");
        assert_eq!(switched(budget(PUT)), (false, Origin::File));
        assert_eq!(switched(budget(GET)), (true, Origin::Code));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn layers_are_switched_by_the_file_and_by_hand_over_it() {
    testing::isolated(async {
        apply("[\"shop::stock::get\"]\nretry.enabled = false\nfallback.enabled = false");
        let calls = Calls::new();
        assert_eq!(get(&calls).await, Err(Error::Transient));
        assert_eq!(calls.count(), 1);
        let retry = layer(GET, LayerKind::Retry);
        assert_eq!(switched(retry), (false, Origin::File));
        retry.set_enabled(true);
        assert_eq!(switched(retry), (true, Origin::Handle));
        let _ = get(&calls).await;
        assert_eq!(calls.count(), 4);
        retry.unset_enabled();
        assert_eq!(switched(retry), (false, Origin::File));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_file_switches_everything_off_but_the_fallbacks_and_a_hand_on_again() {
    testing::isolated(async {
        let applied = apply("enabled = false");
        assert_eq!((applied.settings, applied.functions), (1, 0));
        assert_eq!(
            (registry().is_enabled(), registry().enabled_by()),
            (false, Origin::File)
        );
        let calls = Calls::new();
        get(&calls).await.unwrap();
        assert_eq!(calls.count(), 1, "no retry, and the fallback answers");
        registry().set_enabled(true);
        get(&calls).await.unwrap();
        assert_eq!(calls.count(), 4);
        registry().unset_enabled();
        get(&calls).await.unwrap();
        assert_eq!(calls.count(), 5);
        apply("enabled = true");
        assert_eq!(
            (registry().is_enabled(), registry().enabled_by()),
            (true, Origin::File)
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_configured_in_a_test_is_seen_nowhere_else() {
    let before = everything();
    testing::isolated(async {
        apply("enabled = false\n[\"*\".retry]\ncount = 9");
        testing::isolated(async { assert_eq!(count_of(GET), "3 by code") }).await;
        assert_eq!(count_of(GET), "9 by file");
    })
    .await;
    assert_eq!(everything(), before);
}

#[tokio::test]
async fn a_state_of_an_impl_is_set_through_any_of_its_methods() {
    struct Store;

    #[resilient(name = "store", bulkhead(max_concurrent = 4))]
    #[allow(dead_code)]
    impl Store {
        async fn get(&self) -> Result<(), Error> {
            Ok(())
        }
        async fn put(&self) -> Result<(), Error> {
            Ok(())
        }
    }

    testing::isolated(async {
        let applied = apply("[\"store::put\".bulkhead]\nmax_concurrent = 7");
        assert_eq!((applied.settings, applied.functions), (1, 2));
        let places = layer("store::get", LayerKind::Bulkhead);
        assert_eq!(stands(places, "max_concurrent"), "7 by file");
        apply("[\"store::*\".bulkhead]\nmax_concurrent = 5\n[\"store::get\".bulkhead]\nmax_concurrent = 6");
        assert_eq!(stands(places, "max_concurrent"), "6 by file");
    })
    .await;
}

#[tokio::test]
async fn a_knob_that_the_code_works_out_for_each_call_is_set_too() {
    #[timeout(name = "per call", after = ms(limit))]
    #[allow(dead_code)]
    async fn ask(limit: u64) -> Result<(), Error> {
        Ok(())
    }

    testing::isolated(async {
        assert_eq!(after_of("per call"), "- by code");
        apply("[\"per call\".timeout]\nafter_ms = 20");
        assert_eq!(after_of("per call"), "20ms by file");
    })
    .await;
}

#[tokio::test]
async fn a_shared_state_is_passed_over_by_a_pattern_and_its_layer_can_be_switched() {
    static SHARED: CircuitBreaker = CircuitBreaker::new();

    #[circuit_breaker(name = "shop::shared", state = SHARED)]
    #[allow(dead_code)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    testing::isolated(async {
        apply("[\"shop::*\".circuit_breaker]\nmin_calls = 7\nenabled = false");
        let own = layer(GET, LayerKind::CircuitBreaker);
        assert_eq!(stands(own, "min_calls"), "7 by file");
        assert_eq!(shown(SHARED.settings(), "min_calls"), "20 by code");
        let shared = layer("shop::shared", LayerKind::CircuitBreaker);
        assert_eq!(switched(shared), (false, Origin::File));
        assert_eq!(SHARED.state(), BreakerState::Closed);
    })
    .await;
}

#[tokio::test]
async fn a_hedge_and_a_bulkhead_have_their_knobs() {
    #[hedge(name = "replicas")]
    #[bulkhead(max_concurrent = 3)]
    #[allow(dead_code)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    testing::isolated(async {
        apply("[replicas]\nhedge = { after = \"p99\", budget = 0.05 }\nbulkhead.max_wait = \"0s\"");
        let hedge = layer("replicas", LayerKind::Hedge);
        assert_eq!(stands(hedge, "after"), "p99 by file");
        assert_eq!(stands(hedge, "budget"), "0.05 by file");
        let places = layer("replicas", LayerKind::Bulkhead);
        assert_eq!(stands(places, "max_wait"), "0ns by file");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_may_change_settings_when_it_is_woken_by_a_configuration() {
    #[bulkhead(name = "queue", max_concurrent = 1, max_queue = 1)]
    async fn ask() -> Result<(), Error> {
        std::future::pending().await
    }

    struct Sets(AtomicBool);

    impl Wake for Sets {
        fn wake(self: Arc<Self>) {
            let places = layer("queue", LayerKind::Bulkhead);
            places.set("max_queue", Value::Count(7)).unwrap();
            self.0.store(true, Ordering::Relaxed);
        }
    }

    testing::isolated(async {
        let sets = Arc::new(Sets(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&sets));
        let mut cx = Context::from_waker(&waker);
        let (mut first, mut second) = (pin!(ask()), pin!(ask()));
        assert!(first.as_mut().poll(&mut cx).is_pending());
        assert!(second.as_mut().poll(&mut cx).is_pending());
        apply("[queue.bulkhead]\nmax_concurrent = 2");
        assert!(sets.0.load(Ordering::Relaxed), "it was woken");
        let places = layer("queue", LayerKind::Bulkhead);
        assert_eq!(stands(places, "max_queue"), "7 by handle");
    })
    .await;
}
