//! `#[hedge]` beside layers that keep state, and what each attempt is given.

mod common;

use std::sync::Mutex;

use async_trait::async_trait;
use common::{Calls, Error, await_half_open, breaker, counted, fail, ms};
use resilient_runtime::{
    CircuitBreaker, CircuitBreakerSettings, EventKind, Withheld, adaptive_concurrency, bulkhead,
    circuit_breaker, fallback, hedge, rate_limit, retry, testing,
};
use tokio::time::sleep;

type Outcome = Result<usize, Error>;

/// Answers with the number of the attempt, after as many milliseconds.
async fn ask(calls: &Calls, millis: u64) -> Outcome {
    let number = calls.note();
    sleep(ms(millis)).await;
    Ok(number)
}

#[circuit_breaker(min_calls = 5)]
#[hedge("20ms")]
async fn under_a_breaker(calls: &Calls, millis: u64) -> Outcome {
    ask(calls, millis).await
}

#[hedge("20ms")]
#[circuit_breaker(min_calls = 5)]
async fn over_a_breaker(calls: &Calls, millis: u64) -> Outcome {
    ask(calls, millis).await
}

#[tokio::test(start_paused = true)]
async fn no_hedge_begins_while_a_breaker_around_or_inside_is_not_closed() {
    for site in ["under_a_breaker", "over_a_breaker"] {
        let breaker = breaker(&format!("hedge_beside::{site}"));
        let call = async |calls: &Calls| match site {
            "under_a_breaker" => under_a_breaker(calls, 50).await,
            _ => over_a_breaker(calls, 50).await,
        };
        testing::isolated(async {
            let calls = Calls::new();
            assert_eq!(call(&calls).await, Ok(1));
            assert_eq!(calls.at(), [0, 20], "{site} is closed");

            await_half_open(breaker).await;
            let calls = Calls::new();
            let (outcome, events) = testing::events(call(&calls)).await;
            assert_eq!((outcome, calls.at()), (Ok(1), vec![0]), "{site}");
            let withheld = EventKind::HedgeWithheld(Withheld::Breaker);
            assert!(events.iter().any(|event| *event.kind() == withheld));

            let calls = Calls::new();
            let _ = call(&calls).await;
            assert_eq!(calls.at(), [0, 20], "{site} has closed again");
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_breaker_inside_counts_what_ended_and_not_what_lost() {
    static BREAKER: CircuitBreaker =
        CircuitBreaker::with(CircuitBreakerSettings::new().min_calls(100));

    #[hedge("20ms")]
    #[circuit_breaker(state = BREAKER)]
    async fn ask_it(calls: &Calls) -> Outcome {
        ask(calls, 50).await
    }

    fail(&BREAKER, 1);
    assert_eq!(ask_it(&Calls::new()).await, Ok(1));
    assert_eq!(counted(&BREAKER), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn what_an_attempt_is_refused_leaves_the_first_alone() {
    #[hedge("20ms")]
    #[bulkhead(max_concurrent = 1)]
    async fn placed(calls: &Calls) -> Outcome {
        ask(calls, 50).await
    }
    #[hedge("20ms")]
    #[adaptive_concurrency(side = "client", initial = 1, max = 1)]
    async fn adapted(calls: &Calls) -> Outcome {
        ask(calls, 50).await
    }
    #[hedge("20ms")]
    #[rate_limit(permits = 1, per = "1h")]
    async fn rated(calls: &Calls) -> Outcome {
        ask(calls, 50).await
    }

    let calls = Calls::new();
    assert_eq!(placed(&calls).await, Ok(1));
    assert_eq!(adapted(&calls).await, Ok(2));
    assert_eq!(rated(&calls).await, Ok(3));
    assert_eq!(calls.at(), [0, 50, 100]);
}

#[tokio::test(start_paused = true)]
async fn a_hedge_that_waits_for_the_place_of_the_first_takes_it_when_that_fails() {
    #[hedge("20ms")]
    #[bulkhead(max_concurrent = 1, max_queue = 1)]
    async fn placed(calls: &Calls) -> Outcome {
        match ask(calls, 50).await {
            Ok(1) => Err(Error::Transient),
            outcome => outcome,
        }
    }

    let calls = Calls::new();
    assert_eq!(placed(&calls).await, Ok(2));
    assert_eq!((calls.at(), calls.elapsed()), (vec![0, 50], 100));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_given_its_own_copy() {
    #[hedge("20ms", max = 2, clone(request))]
    async fn send(
        request: String,
        mut list: Vec<u8>,
        seen: &Mutex<Vec<(String, usize)>>,
    ) -> Outcome {
        list.push(0);
        seen.lock().unwrap().push((request, list.len()));
        sleep(ms(100)).await;
        Ok(list.len())
    }

    let seen = Mutex::default();
    assert_eq!(send("a".to_owned(), vec![1], &seen).await, Ok(2));
    assert_eq!(seen.into_inner().unwrap(), vec![("a".to_owned(), 2); 3]);
}

#[tokio::test(start_paused = true)]
async fn what_is_outside_still_has_the_arguments() {
    async fn stale(calls: &Calls, request: String, _: Error) -> Outcome {
        calls.note();
        Ok(request.len())
    }

    #[fallback(with = stale)]
    #[retry(count = 2, delay_ms = 10, jitter = "none")]
    #[hedge("20ms", clone(request))]
    async fn send(calls: &Calls, request: String) -> Outcome {
        drop(request);
        calls.note();
        sleep(ms(30)).await;
        Err(Error::Transient)
    }

    let calls = Calls::new();
    assert_eq!(send(&calls, "four".to_owned()).await, Ok(4));
    assert_eq!(calls.at(), [0, 20, 60, 80, 110]);
}

#[async_trait]
trait Ask {
    async fn ask(&self, calls: &Calls, list: Vec<u8>) -> Outcome;

    #[hedge(after_ms = 20, clone(list))]
    async fn by_default(&self, calls: &Calls, list: Vec<u8>) -> Outcome
    where
        Self: Sync,
    {
        self.ask(calls, list).await
    }
}

struct Client {
    millis: u64,
}

#[async_trait]
impl Ask for Client {
    #[hedge(after_ms = self.millis)]
    async fn ask(&self, calls: &Calls, mut list: Vec<u8>) -> Outcome {
        list.push(1);
        ask(calls, 15).await?;
        Ok(list.len())
    }
}

#[tokio::test(start_paused = true)]
async fn methods_of_an_async_trait_are_hedged() {
    let calls = Calls::new();
    assert_eq!(Client { millis: 10 }.ask(&calls, vec![1]).await, Ok(2));
    assert_eq!(calls.at(), [0, 10]);
    let calls = Calls::new();
    assert_eq!(
        Client { millis: 90 }.by_default(&calls, vec![]).await,
        Ok(1)
    );
    assert_eq!(calls.at(), [0]);
}
