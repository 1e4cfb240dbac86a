//! What is counted, timed and read of each function comes to a recorder, once and whole.

#[path = "../../behaviour/common/mod.rs"]
mod common;
mod recorded;

use std::pin::Pin;
use std::thread;
use std::time::Duration;

use common::{Calls, Error, breaker, ms};
use futures::FutureExt as _;
use metrics::with_local_recorder;
use recorded::Recorded;
use resilient_runtime::metrics::{BUCKETS, publish, publish_every};
use resilient_runtime::{
    PolicyErrorKind, bulkhead, circuit_breaker, fallback, retry, testing, timeout,
};
use tokio::time::{advance, sleep};

type Outcome = Result<u32, Error>;

#[tokio::test(start_paused = true)]
async fn before_its_first_call_a_function_has_the_series_of_its_layers_and_no_others() {
    #[timeout("1s", name = "fresh")]
    async fn _ask() -> Outcome {
        Ok(1)
    }

    let recorded = Recorded::new();
    recorded.publish();
    let expected = [
        r#"resilient_call_duration_seconds"#,
        r#"resilient_caller_faults_total"#,
        r#"resilient_calls_in_flight"#,
        r#"resilient_calls_total{fallback="not_defined",result="dropped"}"#,
        r#"resilient_calls_total{fallback="not_defined",result="failure"}"#,
        r#"resilient_calls_total{fallback="not_defined",result="panicked"}"#,
        r#"resilient_calls_total{fallback="not_defined",result="success"}"#,
        r#"resilient_layer_enabled{layer="timeout"}"#,
        r#"resilient_timeout_calls_total{result="in_time"}"#,
        r#"resilient_timeout_calls_total{result="timed_out"}"#,
        r#"resilient_timeout_duration_seconds"#,
        r#"resilient_timeout_limit_seconds{layer="timeout"}"#,
    ];
    assert_eq!(recorded.of("fresh"), expected);
}

#[tokio::test(start_paused = true)]
async fn a_call_counts_by_how_it_ended_and_whether_its_fallback_answered() {
    #[fallback(value = other, name = "answered")]
    #[timeout("1s")]
    async fn ask(outcome: Outcome, other: Outcome) -> Outcome {
        outcome
    }
    #[timeout("1s", name = "answered inside")]
    #[fallback(value = Ok(1))]
    async fn inside() -> Outcome {
        Err(Error::Transient)
    }

    testing::isolated(async {
        let recorded = Recorded::new();
        recorded.publish();
        let failed = || Err(Error::Transient);
        let _ = ask(Ok(1), Ok(2)).await;
        let _ = ask(Ok(1), Ok(2)).await;
        let _ = ask(failed(), Ok(2)).await;
        let _ = ask(failed(), failed()).await;
        let _ = ask(Err(Error::CallerFault), Ok(2)).await;
        let _ = inside().await;
        recorded.publish();

        let expected = [
            ("applied failure", 1),
            ("applied success", 1),
            ("not_applied failure", 1),
            ("not_applied success", 2),
        ];
        let expected = expected.map(|(labels, count)| (labels.to_owned(), count));
        assert_eq!(
            recorded.counted("resilient_calls_total", "answered"),
            expected
        );
        let faults = r#"resilient_caller_faults_total{function="answered"}"#;
        assert_eq!(recorded.counter(faults), 1);
        let used = r#"resilient_fallback_used_total{function="answered"}"#;
        assert_eq!(recorded.counter(used), 2);
        let inside = recorded.counted("resilient_calls_total", "answered inside");
        assert_eq!(inside, [("inside success".to_owned(), 1)]);
        let answers = recorded.counted("resilient_fallback_answers_total", "answered inside");
        assert_eq!(answers, [("success".to_owned(), 1)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_counts_by_its_result_and_whether_it_came_to_a_retry() {
    #[retry(name = "retried", count = count, delay_ms = 1, jitter = "none")]
    async fn ask(count: u32, calls: &Calls, outcomes: &[Outcome]) -> Outcome {
        outcomes[calls.note() - 1].clone()
    }

    testing::isolated(async {
        let recorded = Recorded::new();
        let failed = || Err(Error::Transient);
        let ask = async |count, outcomes: &[Outcome]| ask(count, &Calls::new(), outcomes).await;
        let _ = ask(2, &[Ok(1)]).await;
        let _ = ask(2, &[failed(), Ok(1)]).await;
        let _ = ask(2, &[failed(), failed()]).await;
        let _ = ask(1, &[failed()]).await;
        let _ = ask(1, &[failed()]).await;
        recorded.publish();
        let expected = [
            ("exhausted false", 2),
            ("exhausted true", 1),
            ("success false", 1),
            ("success true", 1),
        ];
        let expected = expected.map(|(labels, count)| (labels.to_owned(), count));
        assert_eq!(
            recorded.counted("resilient_retry_calls_total", "retried"),
            expected
        );
        assert_eq!(
            recorded.counter(r#"resilient_retries_total{function="retried"}"#),
            2
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn times_are_told_once_each_inside_of_its_bucket_and_together_exactly() {
    #[timeout("1h", name = "timed")]
    async fn ask(took: Duration) -> Outcome {
        sleep(took).await;
        Ok(1)
    }
    const CALLS: &str = r#"resilient_call_duration_seconds{function="timed"}"#;

    testing::isolated(async {
        let recorded = Recorded::new();
        let mut exactly = Duration::ZERO;
        for (publishes, took) in [3, 17, 17, 250, 251, 1_999, 3_000_001]
            .into_iter()
            .enumerate()
        {
            for _ in 0..=publishes {
                let _ = ask(ms(took)).await;
                exactly += ms(took);
            }
            recorded.publish();
            recorded.publish();
            let (count, sum) = recorded.timed(CALLS);
            assert_eq!(count as usize, (publishes + 1) * (publishes + 2) / 2);
            assert!(
                (sum - exactly.as_secs_f64()).abs() < 1e-6,
                "{sum} for {exactly:?}"
            );
            let (told, _) = recorded.times(CALLS)[publishes];
            let took = ms(took).as_secs_f64();
            assert!((told / took - 1.0).abs() < 0.125, "{told} for {took}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_longer_than_the_longest_bucket_is_told_in_full() {
    #[timeout("1000h", name = "long")]
    async fn ask(took: Duration) -> Outcome {
        sleep(took).await;
        Ok(1)
    }

    testing::isolated(async {
        let recorded = Recorded::new();
        let day = Duration::from_secs(86_400);
        let _ = ask(day).await;
        let _ = ask(ms(1)).await;
        recorded.publish();
        let times = recorded.times(r#"resilient_call_duration_seconds{function="long"}"#);
        let [(short, 1), (long, 1)] = times[..] else {
            panic!("{times:?}")
        };
        assert!((0.0009..=0.00103).contains(&short), "{short}");
        assert!((long - day.as_secs_f64()).abs() < 0.001, "{long}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_histogram_with_our_buckets_counts_each_time_where_it_belongs() {
    #[timeout("1h", name = "bucketed")]
    async fn ask(took: Duration) -> Outcome {
        advance(took).await;
        Ok(1)
    }

    for bound in BUCKETS {
        testing::isolated(async {
            let at = Duration::from_secs_f64(bound);
            let nano = Duration::from_nanos(1);
            let took = [at - nano, at, at + nano];
            let recorded = Recorded::new();
            for took in took {
                let _ = ask(took).await;
                recorded.publish();
            }
            let times = recorded.times(r#"resilient_call_duration_seconds{function="bucketed"}"#);
            assert_eq!(times.len(), 3);
            for ((told, _), took) in times.into_iter().zip(took) {
                assert_eq!(told <= bound, took <= at, "{told} for {took:?} at {bound}");
            }
        })
        .await;
    }
}

#[test]
fn of_calls_and_publishers_on_many_threads_none_is_lost_and_none_told_twice() {
    #[fallback(value = Ok(0), when = |error: &Error| *error == Error::ServerFault, name = "many")]
    #[retry(count = 2, delay_ms = 0, jitter = "none", budget = "none")]
    #[circuit_breaker(consecutive_failures = 3, open_for_ms = 1)]
    async fn ask(call: u32) -> Outcome {
        tokio::task::yield_now().await;
        match call % 7 {
            0..3 => Err(Error::Transient),
            3 => Err(Error::ServerFault),
            _ => Ok(call),
        }
    }
    const THREADS: u32 = 3;
    const EACH: u32 = 3_000;

    let recorded = &Recorded::new();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut runtime = tokio::runtime::Builder::new_current_thread();
                runtime.enable_time().build().unwrap().block_on(async {
                    for call in 0..EACH {
                        let mut ask = Box::pin(ask(call));
                        // One in some is dropped.
                        if ask.as_mut().now_or_never().is_none() && call % 10 > 0 {
                            let _ = ask.await;
                        }
                        if call % 100 == 0 {
                            recorded.publish();
                        }
                    }
                });
            });
        }
        scope.spawn(|| (0..200).for_each(|_| recorded.publish()));
    });
    recorded.publish();

    let all = u64::from(THREADS * EACH);
    let of = |metric: &str| recorded.counted(&format!("resilient_{metric}_total"), "many");
    let sum = |counted: Vec<(String, u64)>| counted.iter().map(|(_, count)| count).sum::<u64>();
    assert_eq!(sum(of("calls")), all);
    let dropped = of("calls")
        .into_iter()
        .find(|(labels, _)| labels.ends_with("dropped"));
    let dropped = dropped.map_or(0, |(_, count)| count);
    assert_eq!(sum(of("retry_calls")) + dropped, all);
    let (timed, _) = recorded.timed(r#"resilient_call_duration_seconds{function="many"}"#);
    assert_eq!(timed, all - dropped);
    let (attempts, _) =
        recorded.timed(r#"resilient_retry_attempt_duration_seconds{function="many"}"#);
    assert_eq!(attempts + dropped, sum(of("circuit_breaker_calls")));
    let changes = of("circuit_breaker_changes");
    let change = |name: &str| {
        let found = changes.iter().find(|(change, _)| change == name);
        found.map_or(0, |(_, count)| *count)
    };
    assert!(change("opened") > 0, "{changes:?}");
    let open = r#"resilient_circuit_breaker_state{function="many",layer="circuit_breaker",state="closed"}"#;
    let open = 1 - recorded.gauge(open) as u64;
    assert_eq!(change("opened"), change("closed") + open);
}

#[tokio::test(start_paused = true)]
async fn what_was_published_where_nobody_records_is_told_to_the_recorder_that_comes() {
    #[timeout("1s", name = "late")]
    async fn ask() -> Outcome {
        sleep(ms(5)).await;
        Ok(1)
    }

    testing::isolated(async {
        publish();
        let _ = ask().await;
        publish();
        let _ = ask().await;
        let recorded = Recorded::new();
        recorded.publish();
        let (count, sum) = recorded.timed(r#"resilient_call_duration_seconds{function="late"}"#);
        assert_eq!(count, 2);
        assert!((sum - 0.010).abs() < 1e-9, "{sum}");
    })
    .await;
}

fn poll(publisher: &mut Pin<Box<impl Future>>, recorded: &Recorded) -> Option<()> {
    let poll = || publisher.as_mut().now_or_never().map(|_| ());
    with_local_recorder(recorded, poll)
}

#[tokio::test(start_paused = true)]
async fn a_publisher_publishes_at_once_and_each_period_until_it_is_dropped() {
    #[bulkhead(max_concurrent = 2, name = "periods")]
    async fn ask() -> Outcome {
        Ok(1)
    }
    const ADMITTED: &str =
        r#"resilient_bulkhead_calls_total{function="periods",result="admitted"}"#;

    testing::isolated(async {
        let recorded = Recorded::new();
        let mut publisher = Box::pin(publish_every(ms(100)));
        let poll = |publisher: &mut Pin<Box<_>>| poll(publisher, &recorded);
        assert!(poll(&mut publisher).is_none());
        assert_eq!(recorded.counter(ADMITTED), 0);
        let _ = ask().await;
        advance(ms(99)).await;
        assert!(poll(&mut publisher).is_none());
        assert_eq!(recorded.counter(ADMITTED), 0);
        advance(ms(2)).await;
        assert!(poll(&mut publisher).is_none());
        assert_eq!(recorded.counter(ADMITTED), 1);
        let _ = ask().await;
        drop(publisher);
        advance(ms(1_000)).await;
        assert_eq!(recorded.counter(ADMITTED), 1);
        // A period of nothing leaves time for others.
        assert!(poll(&mut Box::pin(publish_every(Duration::ZERO))).is_none());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_counts_with_the_layer_that_refused() {
    #[timeout("1s", name = "refused")]
    #[circuit_breaker(consecutive_failures = 1)]
    async fn ask() -> Outcome {
        Ok(1)
    }

    testing::isolated(async {
        let recorded = Recorded::new();
        breaker("refused").force_open();
        let refused = ask().await.unwrap_err();
        assert!(matches!(
            refused.kind(),
            Some(PolicyErrorKind::CircuitOpen { .. })
        ));
        recorded.publish();
        let calls = recorded.counted("resilient_circuit_breaker_calls_total", "refused");
        assert_eq!(calls, [("refused".to_owned(), 1)]);
    })
    .await;
}
