//! When the expressions in the knobs are evaluated, and what they may speak of.

mod kinds;

use std::cell::Cell;
use std::time::Duration;

use kinds::{Down, Flaky};
use resilient_runtime::{Backoff, Timeout, circuit_breaker, retry, timeout};
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
