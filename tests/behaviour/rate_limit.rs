//! `#[rate_limit]`: what each knob does to the calls of a function.

mod common;

use std::time::Duration;

use common::{Calls, Error, layer, ms, read};
use futures::future::join_all;
use resilient_runtime::{
    LayerKind, PolicyErrorKind, RateLimiter, RateLimiterSettings, rate_limit, retry, testing,
    timeout,
};
use tokio::time::sleep;

fn retry_after(outcome: Result<usize, Error>) -> Option<Duration> {
    match outcome.unwrap_err().kind() {
        Some(PolicyErrorKind::RateLimited { retry_after }) => Some(retry_after),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn so_many_calls_a_second_and_the_next_is_told_when_to_come() {
    #[rate_limit(per_second = 4)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }

    let calls = Calls::new();
    for call in 1..=4 {
        assert_eq!(ask(&calls).await, Ok(call));
    }
    assert_eq!(retry_after(ask(&calls).await), Some(ms(250)));
    sleep(ms(249)).await;
    assert_eq!(retry_after(ask(&calls).await), Some(ms(1)));
    sleep(ms(1)).await;
    assert_eq!(ask(&calls).await, Ok(5));
    assert_eq!(calls.count(), 5, "a refused call does not begin");
}

#[tokio::test(start_paused = true)]
async fn permits_in_a_time_are_a_rate_too() {
    #[rate_limit(permits = 2, per = "1m")]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }

    let calls = Calls::new();
    assert_eq!((ask(&calls).await, ask(&calls).await), (Ok(1), Ok(2)));
    assert_eq!(retry_after(ask(&calls).await), Some(ms(30_000)));
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_what_may_come_at_once() {
    const BURST: u32 = 2;
    #[rate_limit(per_second = 10, burst = BURST)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }

    let calls = Calls::new();
    assert_eq!((ask(&calls).await, ask(&calls).await), (Ok(1), Ok(2)));
    assert_eq!(retry_after(ask(&calls).await), Some(ms(100)));
}

#[tokio::test(start_paused = true)]
async fn who_may_wait_comes_in_order() {
    #[rate_limit(per_second = 10, burst = 1, max_wait_ms = 250)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }

    let calls = Calls::new();
    let outcomes = join_all((0..4).map(|_| ask(&calls))).await;
    assert_eq!(outcomes[..3], [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(
        retry_after(outcomes[3].clone()),
        Some(ms(300)),
        "it would have waited too long"
    );
    for (at, due) in calls.at().into_iter().zip([0, 100, 200]) {
        assert!((due..=due + 5).contains(&at), "{at} is not {due}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_deadline_would_cut_off_is_not_begun() {
    #[timeout(ms = 50)]
    #[rate_limit(per_second = 10, burst = 1, max_wait = "1s")]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }

    let calls = Calls::new();
    assert_eq!(ask(&calls).await, Ok(1));
    assert_eq!(retry_after(ask(&calls).await), Some(ms(100)));
    assert_eq!(calls.elapsed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_may_cost_more_than_one_as_its_arguments_say() {
    struct Client {
        weight: u32,
    }
    impl Client {
        #[rate_limit(per_second = 10, cost = self.weight * u32::from(items.len() == 2))]
        async fn store(&self, items: Vec<u8>) -> Result<usize, Error> {
            drop(items);
            Ok(0)
        }
    }

    let client = Client { weight: 8 };
    assert_eq!(client.store(vec![1, 2]).await, Ok(0));
    // A cost of nothing is one.
    assert_eq!(client.store(vec![1]).await, Ok(0));
    assert_eq!(client.store(vec![1]).await, Ok(0));
    assert_eq!(retry_after(client.store(vec![1]).await), Some(ms(100)));
    assert_eq!(retry_after(client.store(vec![1, 2]).await), Some(ms(800)));
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_is_retried_when_it_was_told_to_come() {
    #[retry(count = 2, delay_ms = 1, backoff = "constant", jitter = "none")]
    #[rate_limit(per_second = 2, burst = 1)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }

    let calls = Calls::new();
    assert_eq!((ask(&calls).await, ask(&calls).await), (Ok(1), Ok(2)));
    assert_eq!(calls.elapsed(), 500);
}

#[tokio::test(start_paused = true)]
async fn a_retry_within_takes_no_permit_and_one_without_takes_one_for_each_attempt() {
    #[rate_limit(per_second = 2)]
    #[retry(count = 5, delay_ms = 1)]
    async fn once(calls: &Calls) -> Result<usize, Error> {
        calls.note();
        Err(Error::Transient)
    }
    #[retry(count = 5, delay_ms = 1, max_delay = "10ms")]
    #[rate_limit(per_second = 2)]
    async fn each(calls: &Calls) -> Result<usize, Error> {
        calls.note();
        Err(Error::Transient)
    }

    let calls = Calls::new();
    assert_eq!(once(&calls).await, Err(Error::Transient));
    assert_eq!(once(&calls).await, Err(Error::Transient));
    assert!(retry_after(once(&calls).await).is_some());
    assert_eq!(calls.count(), 10);

    let calls = Calls::new();
    // Half a second is more than it may pause.
    assert!(retry_after(each(&calls).await).is_some());
    assert_eq!(calls.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_state_brings_its_settings_and_a_call_its_cost_and_its_patience() {
    static SHARED: RateLimiter = RateLimiter::with(RateLimiterSettings::per_second(10).burst(2));

    #[rate_limit(state = SHARED)]
    async fn plain(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }
    #[rate_limit(state = SHARED, cost = 2, max_wait_ms = patience)]
    async fn patient(calls: &Calls, patience: u64) -> Result<usize, Error> {
        Ok(calls.note())
    }

    let calls = Calls::new();
    assert_eq!(plain(&calls).await, Ok(1));
    assert_eq!(retry_after(patient(&calls, 50).await), Some(ms(100)));
    assert_eq!(patient(&calls, 100).await, Ok(2));
    assert_eq!(retry_after(plain(&calls).await), Some(ms(100)));
}

#[tokio::test(start_paused = true)]
async fn a_policy_gives_what_no_knob_says() {
    const CALM: RateLimiterSettings =
        RateLimiterSettings::new(60, Duration::from_secs(60)).burst(3);

    #[rate_limit(policy = CALM, name = "as it is")]
    async fn as_it_is() -> Result<usize, Error> {
        Ok(0)
    }
    #[rate_limit(policy = CALM, per_second = 7, name = "another rate")]
    async fn another_rate() -> Result<usize, Error> {
        Ok(0)
    }
    #[rate_limit(policy = CALM, per = "30s", max_wait = "1s", name = "another time")]
    async fn another_time() -> Result<usize, Error> {
        Ok(0)
    }

    let settings = |site| read(layer(site, LayerKind::RateLimit));
    let as_it_is_says = settings("as it is");
    assert!(
        as_it_is_says.contains("permits 60, per 60s, burst 3"),
        "{as_it_is_says}"
    );
    let another = settings("another rate");
    assert!(another.contains("permits 7, per 1s, burst 3"), "{another}");
    let another = settings("another time");
    assert!(
        another.contains("permits 60, per 30s, burst 3, max_wait 1s"),
        "{another}"
    );
    assert_eq!(as_it_is().await, Ok(0));
    assert_eq!((another_rate().await, another_time().await), (Ok(0), Ok(0)));
}

#[tokio::test(start_paused = true)]
async fn a_test_has_a_rate_of_its_own() {
    #[rate_limit(permits = 1, per = "1h")]
    async fn ask() -> Result<usize, Error> {
        Ok(1)
    }

    assert_eq!(ask().await, Ok(1));
    assert!(ask().await.is_err());
    testing::isolated(async {
        assert_eq!(ask().await, Ok(1));
        assert!(ask().await.is_err());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_cost_of_any_integer_is_brought_into_range() {
    #[rate_limit(per_second = 4, cost = cost)]
    async fn ask(cost: i64) -> Result<usize, Error> {
        Ok(1)
    }

    // Nothing costs nothing, or gives something back.
    for cost in [0, -7, 1] {
        assert_eq!(ask(cost).await, Ok(1));
    }
    assert_eq!(retry_after(ask(2).await), Some(ms(250)));
    assert_eq!(retry_after(ask(i64::MAX).await), Some(Duration::MAX));
}
