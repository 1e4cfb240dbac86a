//! `#[fault]`: what it injects, and when.

mod common;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use common::{Calls, Error, ms};
use futures::FutureExt as _;
use resilient_runtime::{
    ErrorClass, Fault, PolicyErrorKind, circuit_breaker, fallback, fault, faults, retry, testing,
    timeout,
};

/// Runs a test with faults switched on, for itself alone.
async fn with_faults(test: impl Future<Output = ()>) {
    testing::isolated(async {
        faults::allow_in_release();
        faults::enable();
        test.await;
    })
    .await;
}

#[fault(error = Error::ServerFault, latency = "50ms", panic_rate = 1.0)]
async fn everything(calls: &Calls) -> Result<usize, Error> {
    Ok(calls.note())
}

#[tokio::test(start_paused = true)]
async fn nothing_is_injected_until_it_is_switched_on() {
    let calls = Calls::new();
    testing::isolated(async {
        faults::disable();
        assert_eq!(everything(&calls).await, Ok(1));
    })
    .await;
    assert_eq!(calls.elapsed(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_error_stands_in_the_place_of_the_call() {
    #[fault(error = Error::Overload(Some(ms(key.len() as u64))))]
    async fn ask(calls: &Calls, key: &str) -> Result<usize, Error> {
        Ok(calls.note())
    }

    with_faults(async {
        let calls = Calls::new();
        assert_eq!(ask(&calls, "abc").await, Err(Error::Overload(Some(ms(3)))));
        assert_eq!(calls.count(), 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_error_that_is_not_named_is_a_policys() {
    #[fault(error_rate = 1.0)]
    async fn ask() -> Result<usize, Error> {
        Ok(1)
    }

    with_faults(async {
        let error = ask().await.unwrap_err();
        assert_eq!(error.kind(), Some(PolicyErrorKind::FaultInjected));
    })
    .await;
}

/// It has no `From<PolicyError>`.
#[derive(Debug, PartialEq)]
struct Foreign(u32);

#[fault(error = Foreign(code))]
async fn foreign(code: u32) -> Result<u32, Foreign> {
    Ok(code)
}

#[tokio::test(start_paused = true)]
async fn with_an_error_of_its_own_any_error_type_will_do() {
    assert_eq!(foreign(1).await, Ok(1));
    with_faults(async { assert_eq!(foreign(7).await, Err(Foreign(7))) }).await;
}

#[tokio::test(start_paused = true)]
async fn a_latency_is_a_pause_before_the_call() {
    #[fault(latency = calls.since_ms(base))]
    async fn ask(calls: &Calls, base: u64) -> Result<usize, Error> {
        Ok(calls.note())
    }
    trait Since {
        fn since_ms(&self, base: u64) -> Duration;
    }
    impl Since for Calls {
        fn since_ms(&self, base: u64) -> Duration {
            ms(base + self.count() as u64)
        }
    }

    with_faults(async {
        let calls = Calls::new();
        assert_eq!(ask(&calls, 30).await, Ok(1));
        assert_eq!(ask(&calls, 30).await, Ok(2));
        assert_eq!(calls.at(), [30, 61]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_one_and_the_call_is_not_made() {
    #[fault(panic_rate = 1.0)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }

    with_faults(async {
        let calls = Calls::new();
        assert!(AssertUnwindSafe(ask(&calls)).catch_unwind().await.is_err());
        assert_eq!(calls.count(), 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_rate_may_be_worked_out_for_each_call_and_is_brought_into_range() {
    struct Client {
        rate: f64,
    }
    impl Client {
        #[fault(error = Error::Transient, error_rate = self.rate * factor)]
        async fn ask(&self, factor: f64) -> Result<u32, Error> {
            Ok(1)
        }
    }

    with_faults(async {
        let client = Client { rate: 1.0 };
        assert_eq!(client.ask(0.0).await, Ok(1));
        assert_eq!(client.ask(-9.0).await, Ok(1));
        assert_eq!(client.ask(9.0).await, Err(Error::Transient));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_seed_injects_the_same_again() {
    #[fault(error = Error::Transient, error_rate = 0.3, seed = 42)]
    async fn ask() -> Result<u32, Error> {
        Ok(1)
    }
    async fn drawn() -> Vec<bool> {
        let mut drawn = Vec::new();
        testing::isolated(async {
            faults::allow_in_release();
            faults::enable();
            for _ in 0..1000 {
                drawn.push(ask().await.is_err());
            }
        })
        .await;
        drawn
    }

    let (once, again) = (drawn().await, drawn().await);
    assert_eq!(once, again);
    let errors = once.iter().filter(|failed| **failed).count();
    assert!((250..350).contains(&errors), "{errors} of 1000");
}

#[tokio::test(start_paused = true)]
async fn the_layers_outside_see_an_injected_error_by_its_class() {
    #[retry(count = 3, delay_ms = 1)]
    #[fault(error = Error::Transient)]
    async fn retried(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }
    #[fallback(value = Ok(99))]
    #[retry(count = 3, delay = "1s", jitter = "none")]
    #[fault(error = Error::ServerFault, name = "broken")]
    async fn not_retried() -> Result<usize, Error> {
        Ok(1)
    }
    #[circuit_breaker(consecutive_failures = 1)]
    #[fault(error_rate = 1.0)]
    async fn counted() -> Result<usize, Error> {
        Ok(1)
    }

    with_faults(async {
        let calls = Calls::new();
        assert_eq!(retried(&calls).await, Err(Error::Transient));
        assert_eq!(faults::counts().errors, 3);
        assert_eq!(not_retried().await, Ok(99));
        assert!(calls.elapsed() < 1000);
        assert!(!counted().await.unwrap_err().is_open());
        assert!(counted().await.unwrap_err().is_open());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_error_may_be_injected_in_a_stack_that_refuses_inside() {
    #[fault(error = Error::CallerFault, error_rate = rate)]
    #[circuit_breaker(consecutive_failures = 1)]
    async fn ask(rate: f64) -> Result<u32, Error> {
        Err(Error::Transient)
    }

    with_faults(async {
        assert_eq!(ask(1.0).await, Err(Error::CallerFault));
        assert_eq!(ask(0.0).await, Err(Error::Transient));
        assert!(ask(0.0).await.unwrap_err().is_open());
        assert_eq!(ask(1.0).await, Err(Error::CallerFault));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_policy_gives_what_no_knob_says() {
    const BAD_DAY: Fault = Fault::new().error_rate(1.0).latency(ms(20));

    #[fault(policy = BAD_DAY, latency_ms = 30)]
    async fn ask() -> Result<u32, Error> {
        Ok(1)
    }

    with_faults(async {
        let calls = Calls::new();
        assert!(ask().await.is_err());
        assert_eq!(calls.elapsed(), 30);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_error_beside_a_policy_that_says_no_rate_is_injected_always() {
    const SLOW: Fault = Fault::new().latency(ms(20));
    const NEVER: Fault = SLOW.error_rate(0.0);

    #[fault(policy = SLOW, error = Error::Transient)]
    async fn always() -> Result<u32, Error> {
        Ok(1)
    }
    #[fault(policy = NEVER, error = Error::Transient)]
    async fn never() -> Result<u32, Error> {
        Ok(1)
    }

    with_faults(async {
        let calls = Calls::new();
        assert_eq!(always().await, Err(Error::Transient));
        assert_eq!(calls.elapsed(), 20);
        assert_eq!(never().await, Ok(1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_error_is_made_of_what_the_body_would_have_taken_over() {
    #[retry(count = 2, delay_ms = 1, clone(key))]
    #[fault(error = Foreign(u32::try_from(key.len()).unwrap()), classify = class)]
    #[circuit_breaker(into_error = |_| Foreign(0))]
    async fn consumes(key: String) -> Result<String, Foreign> {
        Ok(key)
    }
    fn class(error: &Foreign) -> ErrorClass {
        assert_eq!(error.0, 3);
        ErrorClass::Transient
    }
    struct Counter(u32);
    impl Counter {
        #[fault(error = Foreign(self.0))]
        async fn add(&mut self, mut more: Vec<u32>) -> Result<u32, Foreign> {
            self.0 += more.pop().unwrap_or_default();
            Ok(self.0)
        }
        #[timeout]
        #[fault(error = Error::Overload(Some(ms(self.0.into()))), latency = "1ms")]
        async fn into_sum(mut self) -> Result<Self, Error> {
            self.0 += 1;
            Ok(self)
        }
    }

    let mut counter = Counter(5);
    assert_eq!(consumes("abc".to_owned()).await.as_deref(), Ok("abc"));
    assert_eq!(counter.add(vec![2]).await, Ok(7));
    with_faults(async {
        assert_eq!(consumes("abc".to_owned()).await, Err(Foreign(3)));
        assert_eq!(faults::counts().errors, 2);
        assert_eq!(counter.add(vec![2]).await, Err(Foreign(7)));
        let error = counter.into_sum().await.err();
        assert_eq!(error, Some(Error::Overload(Some(ms(7)))));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_before_an_error_is_the_calls_own_time_and_ends_with_it() {
    #[timeout(ms = 10)]
    #[fault(error = Error::Transient, latency = "1s")]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        Ok(calls.note())
    }

    with_faults(async {
        let calls = Calls::new();
        let after = ms(10);
        let error = ask(&calls).await.unwrap_err();
        assert_eq!(error.kind(), Some(PolicyErrorKind::TimedOut { after }));
        assert_eq!((calls.elapsed(), faults::counts().errors), (10, 0));
    })
    .await;
}
