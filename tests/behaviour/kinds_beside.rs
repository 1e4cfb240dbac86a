//! What may stand beside the attributes, around them and in them.

mod kinds;

use std::future::Future;
use std::time::Duration;

use kinds::{Down, Flaky};
use resilient_runtime::{
    Backoff, BreakerMode, CircuitBreakerSettings, ErrorClass, Jitter, OnOpen, OnTimeout,
    PolicyError, Retry, StateChange, Timeout, circuit_breaker, fallback, registry, retry, timeout,
};

/// The documentation stays.
#[must_use = "for the test of what stays"]
#[inline]
#[retry]
/// Also below.
#[allow(dead_code)]
#[cfg(test)]
#[cfg_attr(test, timeout(ms = 500))]
#[cfg_attr(not(test), timeout(ms = 1))]
async fn attributes_of_others(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

#[retry]
#[cfg(any())]
async fn compiled_away(service: &Missing) -> Nothing {}

#[retry]
async fn inner_attributes(service: &Flaky) -> Result<u32, Down> {
    #![allow(unused_variables)]
    let unused = 1;
    service.call().await
}

#[tokio::test(start_paused = true)]
async fn attributes_of_others_stay() {
    assert_eq!(attributes_of_others(&Flaky::failing(1)).await, Ok(2));
    assert_eq!(inner_attributes(&Flaky::failing(1)).await, Ok(2));
    let site = registry()
        .sites()
        .iter()
        .find(|site| site.name().ends_with("attributes_of_others"));
    assert_eq!(site.map(|site| site.layers().len()), Some(2));
}

#[retry]
#[tracing::instrument(skip_all)]
async fn instrumented(service: &Flaky, key: String) -> Result<usize, Down> {
    service.call().await?;
    Ok(key.len())
}

#[tracing::instrument(skip_all)]
#[retry]
async fn instrumented_above(service: &Flaky, _n: u32) -> Result<u32, Down> {
    service.call().await
}

#[derive(Debug, Clone, Copy)]
struct Id(u32);

#[tracing::instrument(skip_all)]
#[fallback(value = Ok(id.0))]
#[retry(count = 2)]
async fn instrumented_above_a_copy(service: &Flaky, id: Id) -> Result<u32, Down> {
    service.call().await.map(|call| call + id.0)
}

#[tracing::instrument(skip_all)]
#[retry]
async fn instrumented_above_a_mut(service: &Flaky, mut key: String) -> Result<String, Down> {
    key.push('!');
    service.call().await?;
    Ok(key)
}

#[tokio::test(start_paused = true)]
async fn instrument_stands_below_and_where_it_can_above() {
    assert_eq!(
        instrumented_above_a_mut(&Flaky::failing(2), "k".to_owned()).await,
        Ok("k!".to_owned())
    );
    assert_eq!(
        instrumented(&Flaky::failing(1), "abc".to_owned()).await,
        Ok(3)
    );
    assert_eq!(instrumented_above(&Flaky::failing(1), 1).await, Ok(2));
    assert_eq!(
        instrumented_above_a_copy(&Flaky::failing(1), Id(5)).await,
        Ok(7)
    );
    assert_eq!(
        instrumented_above_a_copy(&Flaky::failing(9), Id(5)).await,
        Ok(5)
    );
}

#[timeout("1s")]
#[tokio::test(start_paused = true)]
async fn a_test_may_be_annotated_itself() -> Result<(), Down> {
    Flaky::failing(0).call().await.map(drop)
}

macro_rules! client {
    ($name:ident, $count:expr, $delay:literal, $($attribute:meta)?, $body:block) => {
        #[retry(count = $count, delay = $delay, when = |error| *error == Down::Own)]
        $(#[$attribute])?
        async fn $name(_: &Flaky) -> Result<u32, Down> $body
    };
}

client!(no_attribute, 2, "5ms", , { Ok(7) });

macro_rules! by_type {
    ($name:ident ( $argument:ident : $type:ty ) -> $answer:ty, $count:literal) => {
        #[retry(count = $count)]
        #[timeout(ms = 1000)]
        async fn $name($argument: $type) -> $answer {
            $argument.call().await
        }
    };
}

by_type!(from_types(service: &Flaky) -> Result<u32, Down>, 4);
client!(with_attribute, 1 + 2, "5ms", timeout(ms = 500), { Ok(8) });

#[tokio::test(start_paused = true)]
async fn arguments_may_come_through_macro_rules() {
    assert_eq!(no_attribute(&Flaky::failing(0)).await, Ok(7));
    assert_eq!(with_attribute(&Flaky::failing(0)).await, Ok(8));
    assert_eq!(from_types(&Flaky::failing(3)).await, Ok(4));
}

mod renamed {
    pub(crate) mod path {
        pub(crate) use resilient_runtime as runtime;
    }
}

#[renamed::path::runtime::retry(count = 2, crate = crate::renamed::path::runtime)]
#[renamed::path::runtime::timeout]
async fn under_another_path(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

#[resilient_runtime::retry]
#[::resilient_runtime::timeout("1s")]
async fn by_full_paths(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

#[tokio::test(start_paused = true)]
async fn the_runtime_may_have_another_path() {
    assert_eq!(under_another_path(&Flaky::failing(1)).await, Ok(2));
    assert_eq!(by_full_paths(&Flaky::failing(1)).await, Ok(2));
    let site = registry()
        .sites()
        .iter()
        .find(|site| site.name().ends_with("under_another_path"));
    assert_eq!(site.map(|site| site.layers().len()), Some(2));
}

const POLICY: Retry = Retry::new(2).delay(Duration::from_millis(1));
const LIMIT: Timeout = Timeout::new(Duration::from_secs(2));
const TRIP: CircuitBreakerSettings = CircuitBreakerSettings::new().consecutive_failures(2);

#[timeout(policy = LIMIT, name = "by policy")]
#[retry(policy = POLICY, count = 4)]
#[circuit_breaker(policy = TRIP, consecutive_failures = 9)]
async fn by_policy(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

#[tokio::test(start_paused = true)]
async fn a_policy_gives_the_settings_and_knobs_override_them() {
    assert_eq!(by_policy(&Flaky::failing(3)).await, Ok(4));
    assert!(
        registry()
            .sites()
            .iter()
            .any(|site| site.name() == "by policy")
    );
}

fn judge(_: &Down) -> ErrorClass {
    ErrorClass::CallerFault
}

fn refused(_: PolicyError) -> std::num::ParseIntError {
    "refused".parse::<u32>().unwrap_err()
}

const fn pause(_: u32) -> Duration {
    Duration::from_millis(1)
}

fn log(_: &StateChange) {}

#[retry(classify = judge)]
async fn classified(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

#[timeout(into_error = refused)]
async fn converted(text: &str) -> Result<u32, std::num::ParseIntError> {
    tokio::time::sleep(Duration::from_secs(u64::from(text.is_empty()) * 5)).await;
    text.parse()
}

#[fallback(value = Ok(0), when = |error| error.to_string().contains("digit"))]
#[timeout(into_error = refused)]
async fn converted_for_a_predicate(text: &str) -> Result<u32, std::num::ParseIntError> {
    tokio::time::sleep(Duration::from_secs(u64::from(text.is_empty()) * 5)).await;
    text.parse()
}

#[retry(backoff = pause, when_ok = |answer| *answer < 3, jitter = "none")]
async fn by_a_backoff_of_its_own(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

#[retry(
    backoff = |retry| Duration::from_millis(retry.pow(2).into()),
    on_retry = |attempt| assert!(attempt.attempt() < 3),
    max_elapsed = "10s",
    jitter = 0.5,
    on_open = "wait",
    budget = "none"
)]
async fn by_closures(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

const OPEN_FOR: Duration = Duration::from_secs(1);
const CALLS: u32 = 50;

#[circuit_breaker(
    failure_rate = 0.9,
    min_calls = CALLS,
    window = CALLS,
    open_for = OPEN_FOR,
    open_max_ms = 9_000,
    slow_call = "1s",
    when = |error| *error == Down::Own,
    when_ok = |answer| *answer == 0,
    ignore = |_| false,
    on_change = log
)]
async fn by_constants(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

#[fallback(value = Ok(service.calls() + 100), when_ok = |answer| *answer == 1)]
async fn instead_of_an_ok(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

#[retry]
#[fallback(with = |_service, _error| Ok(42), when = |error| *error == Down::Policy)]
#[timeout]
async fn answered_inside(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

#[fallback(value = Ok(1))]
#[fallback(with = |_, error: Down| async move { Err(error) })]
#[circuit_breaker]
async fn fallbacks_in_turn(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

#[tokio::test(start_paused = true)]
async fn knobs_take_paths_closures_and_constants() {
    assert_eq!(classified(&Flaky::failing(1)).await, Err(Down::Own));
    assert_eq!(converted("7").await, Ok(7));
    assert_eq!(converted("").await, refused_answer());
    assert_eq!(converted_for_a_predicate("").await, Ok(0));
    assert_eq!(by_a_backoff_of_its_own(&Flaky::failing(0)).await, Ok(3));
    assert_eq!(by_closures(&Flaky::failing(2)).await, Ok(3));
    assert_eq!(by_constants(&Flaky::failing(0)).await, Ok(1));
    assert_eq!(instead_of_an_ok(&Flaky::failing(0)).await, Ok(101));
    assert_eq!(answered_inside(&Flaky::failing(1)).await, Ok(2));
    assert_eq!(fallbacks_in_turn(&Flaky::failing(1)).await, Ok(1));
}

fn refused_answer() -> Result<u32, std::num::ParseIntError> {
    "refused".parse()
}

fn foreign<F: Future>(future: F) -> F {
    future
}

mod ntest {
    pub(crate) use std::prelude::v1::test as timeout;
}

#[ntest::timeout]
fn an_attribute_of_another_crate_is_left_alone() {
    drop(foreign(async {}));
    let _: Option<BreakerMode> = None;
}

#[retry(count = 4)]
#[fallback(with = in_between, when = |error| *error == Down::Own, clone(key))]
#[timeout]
async fn fallback_inside(
    service: &Flaky,
    seen: &mut Vec<String>,
    key: String,
) -> Result<String, Down> {
    seen.push(key);
    service.call().await?;
    Ok("fresh".to_owned())
}

async fn in_between(
    _service: &Flaky,
    seen: &mut Vec<String>,
    key: String,
    error: Down,
) -> Result<String, Down> {
    seen.push(format!("{key}?"));
    if seen.len() < 6 { Err(error) } else { Ok(key) }
}

#[tokio::test(start_paused = true)]
async fn a_fallback_inside_a_retry_gets_the_arguments_each_time() {
    let mut seen = Vec::new();
    let answer = fallback_inside(&Flaky::failing(9), &mut seen, "k".to_owned()).await;
    assert_eq!(answer, Ok("k".to_owned()));
    assert_eq!(seen, ["k", "k?", "k", "k?", "k", "k?"]);
}

macro_rules! whole {
    ($function:item) => {
        #[retry]
        #[timeout(ms = 500)]
        $function
    };
}

whole! {
    async fn whole_function(service: &Flaky) -> Result<u32, Down> {
        service.call().await
    }
}

pub(crate) mod vendor {
    pub(crate) use resilient_runtime as runtime;
}

macro_rules! of_this_crate {
    ($(#[$attribute:meta])* $visibility:vis $name:ident, $limit:expr) => {
        #[$crate::vendor::runtime::retry(crate = $crate::vendor::runtime)]
        #[$crate::vendor::runtime::timeout(after = $limit)]
        $(#[$attribute])*
        $visibility async fn $name(service: &Flaky, mut n: u32) -> Result<u32, Down> {
            n += 1;
            service.call().await.map(|call| call + n)
        }
    };
}

of_this_crate!(#[inline] pub(crate) by_the_path_of_the_crate, Duration::from_secs(1));

#[retry(clone(r#type))]
#[fallback(with = raw_stale, when = |error| *error == Down::Policy)]
async fn raw_names(service: &Flaky, r#type: String, mut r#fn: u32) -> Result<String, Down> {
    r#fn += 1;
    service
        .call()
        .await
        .map(|call| format!("{}{}", r#type, call + r#fn))
}

async fn raw_stale(_: &Flaky, r#type: String, _: u32, _: Down) -> Result<String, Down> {
    Ok(r#type)
}

#[tokio::test(start_paused = true)]
async fn whole_functions_may_come_through_macro_rules() {
    assert_eq!(whole_function(&Flaky::failing(2)).await, Ok(3));
    assert_eq!(by_the_path_of_the_crate(&Flaky::failing(2), 5).await, Ok(9));
    assert_eq!(
        raw_names(&Flaky::failing(2), "n".to_owned(), 5).await,
        Ok("n9".to_owned())
    );
}

const RATE: f64 = 0.5;
const PAUSE: Duration = Duration::from_millis(3);

#[retry(
    count = COUNT,
    backoff = Backoff::Fib,
    delay = PAUSE,
    factor = RATE + 1.0,
    max_delay = PAUSE * 4,
    jitter = RATE,
    max_elapsed = PAUSE * 100,
    on_timeout = OnTimeout::Abort,
    on_open = OnOpen::Wait
)]
#[timeout(PAUSE * 2)]
#[circuit_breaker(
    failure_rate = RATE,
    min_calls = COUNT,
    window = PAUSE,
    consecutive_failures = COUNT * 2,
    slow_call = PAUSE,
    slow_call_rate = RATE,
    open_for = PAUSE,
    open_factor = RATE * 4.0,
    open_max = PAUSE.saturating_mul(2),
    half_open_calls = COUNT,
    half_open_max_ms = MILLIS
)]
async fn by_values(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

const COUNT: u32 = 4;
const MILLIS: u64 = 1000;

#[retry(jitter = Jitter::None, delay_ms = MILLIS, backoff = "constant")]
#[timeout(ms = MILLIS)]
async fn by_more_values(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

#[tokio::test(start_paused = true)]
async fn every_knob_takes_a_value_of_its_type() {
    assert_eq!(by_values(&Flaky::failing(3)).await, Ok(4));
    assert_eq!(by_more_values(&Flaky::failing(2)).await, Ok(3));
}
