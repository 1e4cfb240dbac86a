//! When the expressions in the knobs are evaluated, and what they may speak of.

mod kinds;

use std::cell::Cell;
use std::fmt::Write;
use std::time::Duration;

use kinds::{Down, Flaky};
use resilient_runtime::{
    Backoff, PolicyError, Timeout, circuit_breaker, fallback, resilient, retry, timeout,
};
use tokio::time::{Instant, sleep};

const LIMIT: Timeout = Timeout::new(Duration::from_secs(2));

#[timeout(policy = LIMIT, ms = 500)]
async fn by_policy_and_literal() -> Result<u32, Down> {
    sleep(Duration::from_secs(1)).await;
    Ok(1)
}

#[timeout(policy = LIMIT, after = limit)]
async fn by_policy_and_argument(limit: Duration) -> Result<u32, Down> {
    sleep(Duration::from_secs(1)).await;
    Ok(1)
}

#[tokio::test(start_paused = true)]
async fn a_time_beside_a_policy_overrides_it() {
    let begun = Instant::now();
    assert_eq!(by_policy_and_literal().await, Err(Down::Policy));
    assert_eq!(begun.elapsed(), Duration::from_millis(500));
    let short = Duration::from_millis(200);
    assert_eq!(by_policy_and_argument(short).await, Err(Down::Policy));
    assert_eq!(begun.elapsed(), Duration::from_millis(700));
}

async fn attempts(of: &Cell<u32>) -> Result<u32, Down> {
    sleep(Duration::from_secs(1)).await;
    match of.replace(of.get() + 1) {
        0 => Err(Down::Own),
        attempts => Ok(attempts),
    }
}

#[timeout(ms = 500)]
#[retry(count = attempts(evaluated).await?, delay_ms = u64::from(evaluated.get()))]
async fn asks_for_its_count(service: &Flaky, evaluated: &Cell<u32>) -> Result<u32, Down> {
    service.call().await
}

#[tokio::test(start_paused = true)]
async fn knobs_are_evaluated_once_for_each_call_and_on_nobodys_clock() {
    let (service, evaluated) = (Flaky::failing(1), Cell::new(0));
    assert_eq!(
        asks_for_its_count(&service, &evaluated).await,
        Err(Down::Own)
    );
    assert_eq!(service.calls(), 0);
    evaluated.set(2);
    assert_eq!(asks_for_its_count(&service, &evaluated).await, Ok(2));
    assert_eq!(evaluated.get(), 3);
}

#[circuit_breaker(consecutive_failures = 1)]
#[retry(count = attempts(evaluated).await?)]
async fn behind_a_breaker(service: &Flaky, evaluated: &Cell<u32>) -> Result<u32, Down> {
    service.call().await
}

#[tokio::test(start_paused = true)]
async fn knobs_below_an_open_breaker_are_evaluated_all_the_same() {
    let (service, evaluated) = (Flaky::failing(9), Cell::new(1));
    assert_eq!(behind_a_breaker(&service, &evaluated).await, Err(Down::Own));
    assert_eq!(
        behind_a_breaker(&service, &evaluated).await,
        Err(Down::Policy)
    );
    assert_eq!((service.calls(), evaluated.get()), (1, 3));
}

fn growing(made: &Cell<u32>) -> Backoff {
    made.set(made.get() + 1);
    Backoff::Linear
}

struct Client {
    service: Flaky,
    pause: Duration,
}

impl Client {
    #[retry(backoff = |_| self.pause, jitter = "none", max_delay = "1h")]
    async fn slower_and_slower(&mut self) -> Result<u32, Down> {
        self.pause *= 2;
        self.service.call().await
    }
}

fn as_long_as(key: &str) -> impl Fn(u32) -> Duration {
    |_| Duration::from_secs(key.len() as u64)
}

#[timeout("1m")]
#[retry(backoff = as_long_as(&key), jitter = "none")]
async fn by_a_backoff_that_borrows(service: &Flaky, key: String) -> Result<usize, Down> {
    service.call().await?;
    Ok(key.len())
}

#[timeout("1m")]
#[retry(backoff = growing(made), delay = "1s", jitter = "none")]
async fn by_a_backoff_made_for_it(service: &Flaky, made: &Cell<u32>) -> Result<u32, Down> {
    service.call().await
}

#[tokio::test(start_paused = true)]
async fn a_backoff_is_made_once_and_a_closure_sees_what_the_body_did() {
    let begun = Instant::now();
    let mut client = Client {
        service: Flaky::failing(2),
        pause: Duration::from_secs(1),
    };
    assert_eq!(client.slower_and_slower().await, Ok(3));
    assert_eq!(begun.elapsed(), Duration::from_secs(2 + 4));

    let begun = Instant::now();
    let answer = by_a_backoff_that_borrows(&Flaky::failing(2), "abc".to_owned()).await;
    assert_eq!(answer, Ok(3));
    assert_eq!(begun.elapsed(), Duration::from_secs(3 + 3));

    let (begun, made) = (Instant::now(), Cell::new(0));
    let service = Flaky::failing(2);
    assert_eq!(by_a_backoff_made_for_it(&service, &made).await, Ok(3));
    assert_eq!(begun.elapsed(), Duration::from_secs(1 + 2));
    assert_eq!(made.get(), 1);
}

#[circuit_breaker(consecutive_failures = 1, when = |_| key == "down")]
async fn judged_by_its_argument(service: &Flaky, mut key: String) -> Result<String, Down> {
    key.push('!');
    service.call().await?;
    Ok(key)
}

#[tokio::test(start_paused = true)]
async fn a_rule_sees_a_mut_argument_as_it_came() {
    let service = Flaky::failing(2);
    let call = |key: &str| judged_by_its_argument(&service, key.to_owned());
    assert_eq!(call("busy").await, Err(Down::Own));
    assert_eq!(call("down").await, Err(Down::Own));
    assert_eq!(call("busy").await, Err(Down::Policy));
}

macro_rules! answered_by {
    ($name:ident, $with:expr, $backoff:expr) => {
        #[fallback(with = $with)]
        #[retry(backoff = $backoff)]
        async fn $name(service: &Flaky, n: u32) -> Result<u32, Down> {
            service.call().await.map(|call| call + n)
        }
    };
}

answered_by!(by_a_closure, |_, n, _| Ok(n), |_| Duration::ZERO);
answered_by!(by_a_path, plain, Backoff::Fib);

fn plain(_: &Flaky, n: u32, _: Down) -> Result<u32, Down> {
    Ok(n)
}

#[tokio::test(start_paused = true)]
async fn functions_may_come_through_macro_rules() {
    assert_eq!(by_a_closure(&Flaky::failing(9), 5).await, Ok(5));
    assert_eq!(by_a_path(&Flaky::failing(9), 6).await, Ok(6));
}

#[derive(Debug, PartialEq)]
struct Code<T>(T);

fn code<T, U: From<T>>(_: PolicyError) -> Code<U>
where
    T: From<u8>,
{
    Code(U::from(T::from(7)))
}

#[resilient(timeout("1s"), into_error = code::<u8, u16>, name = "coded")]
async fn coded() -> Result<u32, Code<u16>> {
    sleep(Duration::from_secs(2)).await;
    Ok(1)
}

#[tokio::test(start_paused = true)]
async fn a_knob_of_the_whole_stack_may_hold_a_comma() {
    assert_eq!(coded().await, Err(Code(7)));
}

fn write<W: Write>(mut to: W) -> Result<(), Down> {
    to.write_str("x").map_err(|_| Down::Own)
}

#[fallback(with = written, clone(to))]
#[retry(clone(to))]
async fn passes_it_on(service: &Flaky, to: &mut String) -> Result<usize, Down> {
    write(to)?;
    service.call().await?;
    Ok(0)
}

fn written(_: &Flaky, to: &mut str, _: Down) -> Result<usize, Down> {
    Ok(to.len())
}

#[tokio::test(start_paused = true)]
async fn clone_lends_an_exclusive_reference_to_each_attempt() {
    let mut to = String::new();
    assert_eq!(passes_it_on(&Flaky::failing(9), &mut to).await, Ok(3));
    assert_eq!(to, "xxx");
}

#[fallback(with = conditional_stale)]
#[retry(clone(gone, there))]
async fn conditional(
    service: &Flaky,
    #[cfg(any())] gone: Missing,
    #[cfg(not(any()))] there: String,
    #[cfg(any())] mut n: Missing,
    #[cfg(not(any()))] mut n: u32,
) -> Result<u32, Down> {
    n += 1;
    drop(there);
    service.call().await.map(|call| call + n)
}

fn conditional_stale(_: &Flaky, there: String, n: u32, _: Down) -> Result<u32, Down> {
    there
        .parse()
        .map(|there: u32| there + n)
        .map_err(|_| Down::Own)
}

#[tokio::test(start_paused = true)]
async fn an_argument_that_is_compiled_away_is_handed_to_nobody() {
    let call = |failures| async move {
        let service = Flaky::failing(failures);
        conditional(&service, "100".to_owned(), 5).await
    };
    assert_eq!(call(1).await, Ok(8));
    assert_eq!(call(9).await, Ok(105));
}

#[async_trait::async_trait]
trait Get {
    async fn get(
        &self,
        #[cfg(any())] gone: Missing,
        #[cfg(not(any()))] there: String,
        n: u32,
    ) -> Result<u32, Down>;
}

#[async_trait::async_trait]
impl Get for Flaky {
    #[fallback(with = conditional_stale)]
    #[retry(clone(gone, there))]
    async fn get(
        &self,
        #[cfg(any())] gone: Missing,
        #[cfg(not(any()))] there: String,
        mut n: u32,
    ) -> Result<u32, Down> {
        n += 1;
        drop(there);
        self.call().await.map(|call| call + n)
    }
}

#[tokio::test(start_paused = true)]
async fn nor_is_one_under_async_trait() {
    let call = |failures| async move {
        let service = Flaky::failing(failures);
        service.get("100".to_owned(), 5).await
    };
    assert_eq!(call(1).await, Ok(8));
    assert_eq!(call(9).await, Ok(105));
}
