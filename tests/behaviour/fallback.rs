//! `#[fallback]`: where the other answer comes from, and when it is given.

mod common;

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};

use common::{Calls, Error, breaker, counted, fail, ms};
use resilient_runtime::{circuit_breaker, fallback, retry, timeout};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn with_is_called_with_the_arguments_and_then_the_error() {
    fn stale(key: &str, number: u32, error: Error) -> Result<String, Error> {
        Ok(format!("{key} {number} {error}"))
    }
    #[fallback(with = stale)]
    async fn get(key: &str, number: u32) -> Result<String, Error> {
        Err(Error::Transient)
    }

    assert_eq!(get("a", 7).await, Ok("a 7 Transient".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn value_may_write_arguments_into_a_text() {
    #[fallback(value = Ok(format!("no {key}, {{n}} {size:>width$}")))]
    async fn get(key: String, size: String, width: Box<usize>) -> Result<String, Error> {
        fail(key.len() + size.len() + *width)
    }
    fn fail(_: usize) -> Result<String, Error> {
        Err(Error::Transient)
    }

    let answer = get("a".to_owned(), "b".to_owned(), Box::new(3));
    assert_eq!(answer.await, Ok("no a, {n}   b".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn with_may_be_async_and_may_fail_itself() {
    async fn stale(key: &str, error: Error) -> Result<u32, Error> {
        sleep(ms(10)).await;
        if key == "lost" {
            Err(Error::ServerFault)
        } else {
            Err(error)
        }
    }
    #[fallback(with = stale)]
    async fn get(key: &str) -> Result<u32, Error> {
        Err(Error::Transient)
    }

    let calls = Calls::new();
    assert_eq!(get("lost").await, Err(Error::ServerFault));
    assert_eq!(get("kept").await, Err(Error::Transient));
    assert_eq!(calls.elapsed(), 20);
}

#[tokio::test(start_paused = true)]
async fn with_may_be_a_method_of_the_same_type() {
    struct Client {
        last: u32,
    }
    impl Client {
        #[fallback(with = Self::stale)]
        async fn get(&self, _key: &str) -> Result<u32, Error> {
            Err(Error::Transient)
        }
        #[fallback(with = Self::renewed)]
        async fn renew(&mut self, by: u32) -> Result<u32, Error> {
            self.last += by;
            Err(Error::Transient)
        }
        async fn stale(&self, _key: &str, _error: Error) -> Result<u32, Error> {
            Ok(self.last)
        }
        fn renewed(&mut self, by: u32, _error: Error) -> Result<u32, Error> {
            self.last += by;
            Ok(self.last)
        }
    }

    let mut client = Client { last: 7 };
    assert_eq!(client.get("a").await, Ok(7));
    assert_eq!(client.renew(10).await, Ok(27));
}

#[tokio::test(start_paused = true)]
async fn with_may_be_a_closure() {
    #[fallback(with = |key: &str, _error| Ok(key.len()))]
    async fn get(key: &str) -> Result<usize, Error> {
        Err(Error::Transient)
    }

    assert_eq!(get("four").await, Ok(4));
}

#[tokio::test(start_paused = true)]
async fn value_may_use_the_arguments_and_is_made_only_where_it_is_needed() {
    fn made(count: &AtomicU32, key: &str) -> Result<usize, Error> {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(key.len())
    }
    #[fallback(value = made(count, key))]
    async fn get(
        key: &str,
        count: &AtomicU32,
        outcome: Result<usize, Error>,
    ) -> Result<usize, Error> {
        outcome
    }

    let count = AtomicU32::new(0);
    assert_eq!(get("four", &count, Ok(1)).await, Ok(1));
    assert_eq!(count.load(Ordering::Relaxed), 0);
    assert_eq!(get("four", &count, Err(Error::Transient)).await, Ok(4));
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn value_may_be_another_error() {
    #[fallback(value = Err(Error::CallerFault))]
    async fn get() -> Result<u32, Error> {
        Err(Error::Transient)
    }

    assert_eq!(get().await, Err(Error::CallerFault));
}

#[tokio::test(start_paused = true)]
async fn a_callers_fault_is_not_replaced() {
    #[fallback(value = Ok(99))]
    async fn get() -> Result<u32, Error> {
        Err(Error::CallerFault)
    }

    assert_eq!(get().await, Err(Error::CallerFault));
}

#[tokio::test(start_paused = true)]
async fn when_limits_it_and_replaces_the_table() {
    #[fallback(value = Ok(99), when = |error| *error == Error::CallerFault)]
    async fn get(error: Error) -> Result<u32, Error> {
        Err(error)
    }

    assert_eq!(get(Error::CallerFault).await, Ok(99));
    assert_eq!(get(Error::Transient).await, Err(Error::Transient));
}

#[tokio::test(start_paused = true)]
async fn when_sees_a_policy_error_converted() {
    #[fallback(value = Ok(99), when = Error::is_open)]
    #[timeout(ms = 10)]
    #[circuit_breaker(name = "converted", consecutive_failures = 2)]
    async fn get() -> Result<u32, Error> {
        std::future::pending().await
    }

    assert!(
        get().await.unwrap_err().is_timed_out(),
        "the original goes on"
    );
    fail(breaker("converted"), 1);
    assert_eq!(get().await, Ok(99));
}

#[tokio::test(start_paused = true)]
async fn with_gets_a_policy_error_converted() {
    fn why(error: Error) -> Result<String, Error> {
        Ok(error
            .kind()
            .map(|kind| format!("{kind:?}"))
            .unwrap_or_default())
    }
    #[fallback(with = why)]
    #[timeout(ms = 10)]
    async fn get() -> Result<String, Error> {
        std::future::pending().await
    }

    assert_eq!(get().await, Ok("TimedOut { after: 10ms }".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn when_ok_replaces_a_value() {
    #[fallback(value = Ok(99), when_ok = |value| *value == 0)]
    async fn get(outcome: &Result<u32, Error>) -> Result<u32, Error> {
        outcome.clone()
    }
    #[fallback(value = Ok(99), when_ok = |value| *value == 0, when = |_| false)]
    async fn values_only(outcome: &Result<u32, Error>) -> Result<u32, Error> {
        outcome.clone()
    }

    let transient = Err(Error::Transient);
    for (outcome, expected, of_values) in [
        (Ok(1), Ok(1), Ok(1)),
        (Ok(0), Ok(99), Ok(99)),
        (transient.clone(), Ok(99), transient),
        (
            Err(Error::CallerFault),
            Err(Error::CallerFault),
            Err(Error::CallerFault),
        ),
    ] {
        assert_eq!(get(&outcome).await, expected, "{outcome:?}");
        assert_eq!(values_only(&outcome).await, of_values, "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn owned_arguments_that_the_body_consumes_are_copied_for_it() {
    fn stale(key: String, error: Error) -> Result<String, Error> {
        Ok(format!("{key}, {error}"))
    }
    #[fallback(with = stale, clone(key))]
    async fn get(key: String) -> Result<String, Error> {
        drop(key);
        Err(Error::Transient)
    }

    assert_eq!(get("a".to_owned()).await, Ok("a, Transient".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn it_does_not_see_what_the_body_did_to_a_mut_argument() {
    fn stale(list: Vec<u8>, _error: Error) -> Result<usize, Error> {
        Ok(list.len())
    }
    #[fallback(with = stale)]
    async fn get(mut list: Vec<u8>) -> Result<usize, Error> {
        list.push(0);
        Err(Error::Transient)
    }

    assert_eq!(get(vec![1, 2]).await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn of_several_the_outer_one_answers_where_the_inner_one_fails_or_declines() {
    type Answer<'a> = Result<&'a str, Error>;

    fn cache<'a>(key: &'a str, _fresh: &Answer<'a>, error: Error) -> Answer<'a> {
        if key == "cached" {
            Ok("from the cache")
        } else {
            Err(error)
        }
    }
    #[fallback(value = Ok("nothing at all"))]
    #[fallback(with = cache, when = |error| *error != Error::ServerFault)]
    async fn get<'a>(key: &'a str, fresh: &Answer<'a>) -> Answer<'a> {
        let _ = key;
        fresh.clone()
    }

    assert_eq!(get("cached", &Ok("fresh")).await, Ok("fresh"));
    assert_eq!(
        get("cached", &Err(Error::Transient)).await,
        Ok("from the cache")
    );
    assert_eq!(
        get("lost", &Err(Error::Transient)).await,
        Ok("nothing at all")
    );
    assert_eq!(
        get("cached", &Err(Error::ServerFault)).await,
        Ok("nothing at all")
    );
    assert_eq!(
        get("cached", &Err(Error::CallerFault)).await,
        Ok("from the cache")
    );
    assert_eq!(
        get("lost", &Err(Error::CallerFault)).await,
        Err(Error::CallerFault)
    );
}

#[tokio::test(start_paused = true)]
async fn under_a_retry_it_takes_what_when_says_and_leaves_the_rest_to_the_retry() {
    fn empty(_calls: &Calls, _fails: usize, _error: Error) -> Result<u32, Error> {
        Ok(0)
    }
    #[retry(count = 5, delay_ms = 1)]
    #[fallback(with = empty, when = |error| *error == Error::ServerFault)]
    async fn get(calls: &Calls, fails: usize) -> Result<u32, Error> {
        match calls.note() {
            call if call <= fails => Err(Error::Transient),
            _ => Err(Error::ServerFault),
        }
    }

    let calls = Calls::new();
    assert_eq!(get(&calls, 2).await, Ok(0));
    assert_eq!(calls.count(), 3);
    let calls = Calls::new();
    assert_eq!(get(&calls, 100).await, Err(Error::Transient));
    assert_eq!(calls.count(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_fallback_is_judged_anew_by_the_layers_above() {
    #[retry(count = 5, delay_ms = 1)]
    #[fallback(value = Err(Error::CallerFault), when = |_| true)]
    async fn get(calls: &Calls) -> Result<u32, Error> {
        calls.note();
        Err(Error::Transient)
    }

    let calls = Calls::new();
    assert_eq!(get(&calls).await, Err(Error::CallerFault));
    assert_eq!(calls.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn above_a_breaker_it_hides_no_failure_from_it() {
    #[fallback(value = Ok(99))]
    #[circuit_breaker(name = "seen", consecutive_failures = 2)]
    async fn get(calls: &Calls) -> Result<u32, Error> {
        calls.note();
        Err(Error::Transient)
    }

    let calls = Calls::new();
    for _ in 0..5 {
        assert_eq!(get(&calls).await, Ok(99));
    }
    assert_eq!(calls.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn under_a_breaker_that_sees_slow_calls_it_may_stand_alone() {
    #[circuit_breaker(name = "sees slow calls", slow_call_ms = 10, min_calls = 2)]
    #[fallback(value = Ok(99))]
    async fn get() -> Result<u32, Error> {
        sleep(ms(11)).await;
        Err(Error::Transient)
    }

    assert_eq!(get().await, Ok(99));
    assert_eq!(counted(breaker("sees slow calls")), (1, 0));
    assert_eq!(get().await, Ok(99));
    assert!(get().await.unwrap_err().is_open());
}

#[tokio::test(start_paused = true)]
async fn a_timeout_above_it_bounds_the_other_answer_too() {
    async fn slow(_error: Error) -> Result<u32, Error> {
        sleep(ms(100)).await;
        Ok(99)
    }
    #[timeout(ms = 50)]
    #[fallback(with = slow)]
    async fn above() -> Result<u32, Error> {
        Err(Error::Transient)
    }
    #[fallback(with = slow)]
    #[timeout(ms = 50)]
    async fn below() -> Result<u32, Error> {
        std::future::pending().await
    }

    assert!(above().await.unwrap_err().is_timed_out());
    assert_eq!(below().await, Ok(99));
}

#[tokio::test(start_paused = true)]
async fn alone_it_asks_nothing_of_the_error_type() {
    #[derive(Debug, PartialEq)]
    struct Bare;
    #[fallback(value = Ok(99))]
    async fn get() -> Result<u32, Bare> {
        Err(Bare)
    }
    #[fallback(with = |_error| Ok(98), when = |error| *error == Bare)]
    #[retry(count = 2, delay_ms = 1)]
    async fn retried() -> Result<u32, Bare> {
        Err(Bare)
    }

    assert_eq!(get().await, Ok(99));
    assert_eq!(retried().await, Ok(98));
}

#[tokio::test(start_paused = true)]
async fn it_answers_for_io_results_too() {
    #[fallback(value = Ok(Vec::new()))]
    #[timeout(ms = 10)]
    async fn read(kind: io::ErrorKind) -> io::Result<Vec<u8>> {
        Err(kind.into())
    }

    let value = read(io::ErrorKind::ConnectionReset).await.unwrap();
    assert!(value.is_empty(), "{value:?}");
    let error = read(io::ErrorKind::NotFound).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}
