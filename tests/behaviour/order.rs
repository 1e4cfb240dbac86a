//! The order of the layers is the order in which they are read.

mod common;

use common::{Calls, Error, breaker, counted, ms};
use resilient_runtime::{
    LayerKind, PolicyError, circuit_breaker, fallback, registry, resilient, retry, timeout,
};
use tokio::time::sleep;

/// The layers of a site, outermost first.
fn layers(site: &str) -> Vec<LayerKind> {
    let site = registry()
        .site(site)
        .unwrap_or_else(|| panic!("no site {site}"));
    site.layers().iter().map(|layer| layer.kind()).collect()
}

use LayerKind::{CircuitBreaker, Fallback, Retry, Timeout};

#[tokio::test(start_paused = true)]
async fn a_retry_over_a_breaker_counts_each_attempt_below_it_the_whole() {
    #[retry(count = 3, delay_ms = 1)]
    #[circuit_breaker(name = "each attempt")]
    async fn over() -> Result<(), Error> {
        Err(Error::Transient)
    }
    #[circuit_breaker(name = "the whole")]
    #[retry(count = 3, delay_ms = 1)]
    async fn under() -> Result<(), Error> {
        Err(Error::Transient)
    }

    let _ = (over().await, under().await);
    assert_eq!(counted(breaker("each attempt")), (3, 3));
    assert_eq!(counted(breaker("the whole")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_over_a_breaker_counts_there_and_so_does_one_below() {
    #[timeout(ms = 10)]
    #[circuit_breaker(name = "timed out from above")]
    async fn over() -> Result<(), Error> {
        std::future::pending().await
    }
    #[circuit_breaker(name = "timed out from below")]
    #[timeout(ms = 10)]
    async fn under() -> Result<(), Error> {
        std::future::pending().await
    }

    let _ = (over().await, under().await);
    assert_eq!(counted(breaker("timed out from above")), (1, 1));
    assert_eq!(counted(breaker("timed out from below")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_answers_for_what_is_below_it_alone() {
    #[fallback(value = Ok(99))]
    #[timeout(ms = 10)]
    async fn over() -> Result<u32, Error> {
        std::future::pending().await
    }
    #[timeout(ms = 10)]
    #[fallback(value = Ok(99))]
    async fn under() -> Result<u32, Error> {
        std::future::pending().await
    }

    assert_eq!(over().await, Ok(99));
    assert!(under().await.unwrap_err().is_timed_out());
}

#[tokio::test(start_paused = true)]
async fn one_attribute_with_the_stack_says_the_same_first_is_outermost() {
    #[resilient(
        name = "in one",
        retry(count = 3, backoff = "constant", delay_ms = 10, jitter = "none"),
        timeout(ms = 50)
    )]
    async fn each(calls: &Calls) -> Result<(), Error> {
        calls.note();
        std::future::pending().await
    }
    #[resilient(
        timeout(ms = 100),
        retry(count = 9, backoff = "constant", delay_ms = 5, jitter = "none")
    )]
    async fn whole(calls: &Calls) -> Result<(), Error> {
        calls.note();
        sleep(ms(40)).await;
        Err(Error::Transient)
    }

    let calls = Calls::new();
    assert!(each(&calls).await.is_err());
    assert_eq!((calls.at(), calls.elapsed()), (vec![0, 60, 120], 170));
    assert_eq!(layers("in one"), [Retry, Timeout]);
    let calls = Calls::new();
    assert!(whole(&calls).await.unwrap_err().is_timed_out());
    assert_eq!((calls.at(), calls.elapsed()), (vec![0, 45, 90], 100));
}

#[tokio::test]
async fn siblings_mix_with_the_one_attribute_in_any_way() {
    #[fallback(value = Ok(99), name = "mixed")]
    #[resilient(timeout(ms = 900), retry(count = 2, delay_ms = 1))]
    #[timeout(ms = 100)]
    #[resilient(circuit_breaker())]
    async fn mixed() -> Result<u32, Error> {
        Ok(1)
    }
    #[resilient(retry(count = 2, delay_ms = 1))]
    #[resilient_runtime::timeout(ms = 100)]
    #[::resilient_runtime::circuit_breaker(name = "by paths")]
    async fn by_paths() -> Result<u32, Error> {
        Ok(1)
    }

    assert_eq!(
        layers("mixed"),
        [Fallback, Timeout, Retry, Timeout, CircuitBreaker]
    );
    assert_eq!(layers("by paths"), [Retry, Timeout, CircuitBreaker]);
    assert_eq!((mixed().await, by_paths().await), (Ok(1), Ok(1)));
}

#[tokio::test(start_paused = true)]
async fn the_standard_stack_is_total_retry_breaker_and_limit_of_an_attempt() {
    #[resilient(standard, name = "standard")]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        std::future::pending().await
    }

    assert_eq!(
        layers("standard"),
        [Timeout, Retry, CircuitBreaker, Timeout]
    );
    let calls = Calls::new();
    assert!(ask(&calls).await.unwrap_err().is_timed_out());
    // 10 s an attempt, 30 s in all, and two pauses of up to 200 and 400 ms.
    assert_eq!(calls.count(), 3);
    assert_eq!(calls.elapsed(), 30_000);
}

#[tokio::test(start_paused = true)]
async fn layers_named_after_standard_replace_theirs() {
    #[resilient(
        standard,
        name = "replaced",
        retry(count = 2, backoff = "constant", delay_ms = 10, jitter = "none"),
        circuit_breaker(consecutive_failures = 3)
    )]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    assert_eq!(
        layers("replaced"),
        [Timeout, Retry, CircuitBreaker, Timeout]
    );
    let calls = Calls::new();
    let _ = ask(&calls).await;
    assert_eq!(calls.at(), [0, 10]);
    assert!(
        ask(&calls).await.unwrap_err().is_open(),
        "the third in a row opens it"
    );
    assert_eq!(calls.count(), 3);
}

/// What the layers of `site` that have this knob say of it, outermost first.
fn values(site: &str, knob: &str) -> Vec<String> {
    let site = registry().site(site).unwrap();
    site.layers()
        .iter()
        .flat_map(|layer| layer.settings())
        .filter(|setting| setting.knob == knob)
        .filter_map(|setting| Some(setting.value?.to_string()))
        .collect()
}

#[test]
fn a_limit_named_after_standard_is_the_total_or_after_a_retry_that_of_an_attempt() {
    #[resilient(standard, timeout("20s"), name = "one limit")]
    async fn _one() -> Result<(), Error> {
        Ok(())
    }
    #[resilient(standard, timeout("20s"), timeout("2s"), name = "two limits")]
    async fn _two() -> Result<(), Error> {
        Ok(())
    }
    #[resilient(standard, retry(count = 2), timeout("2s"), name = "behind a retry")]
    async fn _behind() -> Result<(), Error> {
        Ok(())
    }
    #[resilient(standard, timeout("5s"), name = "short")]
    async fn _short() -> Result<(), Error> {
        Ok(())
    }

    assert_eq!(values("one limit", "after"), ["20s", "10s"]);
    assert_eq!(values("two limits", "after"), ["20s", "2s"]);
    assert_eq!(values("behind a retry", "after"), ["30s", "2s"]);
    assert_eq!(values("behind a retry", "count"), ["2"]);
    assert_eq!(values("short", "after"), ["5s"]);
}

#[test]
fn a_second_layer_of_a_kind_after_standard_stands_inside() {
    #[resilient(
        standard,
        circuit_breaker(failure_rate = 0.9),
        circuit_breaker(failure_rate = 0.3),
        name = "two breakers"
    )]
    async fn _ask() -> Result<(), Error> {
        Ok(())
    }

    assert_eq!(
        layers("two breakers"),
        [Timeout, Retry, CircuitBreaker, Timeout, CircuitBreaker]
    );
    assert_eq!(values("two breakers", "failure_rate"), ["0.9", "0.3"]);
}

/// Of another crate, so to speak: nobody can write `From` for it here.
type Foreign = std::num::ParseIntError;

fn foreign(_error: PolicyError) -> Foreign {
    "".parse::<u8>().unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn into_error_takes_the_place_of_from() {
    #[timeout(ms = 10, into_error = foreign)]
    async fn ask() -> Result<u8, Foreign> {
        std::future::pending().await
    }
    #[retry(count = 2, delay_ms = 1)]
    #[circuit_breaker(name = "foreign", into_error = foreign)]
    async fn guarded() -> Result<u8, Foreign> {
        "x".parse()
    }
    #[resilient(fallback(value = Ok(9), when = |error| *error == foreign_empty()), timeout(ms = 10), into_error = foreign)]
    async fn seen_converted() -> Result<u8, Foreign> {
        std::future::pending().await
    }
    fn foreign_empty() -> Foreign {
        "".parse::<u8>().unwrap_err()
    }

    assert_eq!(ask().await, Err(foreign_empty()));
    assert_eq!(seen_converted().await, Ok(9));
    assert_ne!(guarded().await, Err(foreign_empty()));
    breaker("foreign").force_open();
    assert_eq!(guarded().await, Err(foreign_empty()));
}

#[tokio::test(start_paused = true)]
async fn the_most_natural_order_sees_a_slow_service() {
    #[retry(count = 3, delay_ms = 1)]
    #[timeout(ms = 100)]
    #[circuit_breaker(name = "natural", consecutive_failures = 3)]
    async fn ask(calls: &Calls) -> Result<(), Error> {
        calls.note();
        std::future::pending().await
    }

    let calls = Calls::new();
    assert!(ask(&calls).await.unwrap_err().is_timed_out());
    assert!(ask(&calls).await.unwrap_err().is_open());
    assert_eq!(calls.count(), 3);
}
