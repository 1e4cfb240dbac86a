use std::cell::RefCell;
use std::error::Error;

use proptest::prelude::*;
use tokio::time::Instant;
use tonic::{Code, TimeoutExpired};
use tower_layer::Layer;

use super::*;
use crate::grpc::{PropagateLayer, PropagateService, propagate};
use crate::{
    BreakerState, CircuitBreaker, CircuitBreakerSettings, Classify, OnTimeout, PolicyErrorKind,
    Retry, Timeout, spawn, with_deadline,
};

type BoxError = Box<dyn Error + Send + Sync>;

/// What `propagate` makes of a request that has this `grpc-timeout` and so much time.
async fn sent(present: Option<&str>, left: Duration) -> Result<String, Status> {
    let mut request = tonic::Request::new(());
    if let Some(present) = present {
        let present = present.parse().unwrap();
        request.metadata_mut().insert("grpc-timeout", present);
    }
    let at = Instant::now() + left;
    let request = with_deadline(at, async { propagate(request) }).await?;
    let sent = request.metadata().get("grpc-timeout").unwrap();
    Ok(sent.to_str().unwrap().to_owned())
}

#[tokio::test(start_paused = true)]
async fn what_is_left_less_a_margin_is_sent() {
    for (left, timeout) in [
        (Duration::from_secs(2), "1900m"),
        (Duration::from_secs(200), "190S"),
        (ms(100), "95000u"),
        // At least a millisecond is kept.
        (ms(10), "9000u"),
        (ms(2), "1000u"),
    ] {
        assert_eq!(sent(None, left).await.unwrap(), timeout, "{left:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_deadline_and_in_a_first_attempt_nothing_is_sent() {
    let request = propagate(tonic::Request::new(())).unwrap();
    assert!(request.metadata().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_the_request_has_already_is_never_made_longer() {
    let second = Duration::from_secs(1);
    for (present, timeout) in [
        ("500m", "500m"),
        ("950m", "950m"),
        ("951m", "950m"),
        ("1H", "950m"),
        ("soon", "950m"),
    ] {
        assert_eq!(sent(Some(present), second).await.unwrap(), timeout);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_of_the_call_sends_it_as_well() {
    let at = Instant::now() + ms(100);
    let task = with_deadline(at, async {
        spawn(async { propagate(tonic::Request::new(())) }).await
    });
    let request = task.await.unwrap().unwrap();
    assert!(request.metadata().contains_key("grpc-timeout"));
}

#[tokio::test(start_paused = true)]
async fn with_nothing_left_it_fails_here() {
    for left in [ms(1), Duration::ZERO] {
        let status = sent(None, left).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        let kind = status.policy_error().unwrap().kind();
        assert_eq!(kind, PolicyErrorKind::TimedOut { after: left });
    }
}

proptest! {
    #[test]
    fn each_hop_has_less_than_the_one_before(nanos in 1_000_001..u64::MAX) {
        let left = Duration::from_nanos(nanos);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().unwrap();
        let timeout = runtime.block_on(sent(None, left)).unwrap();
        let timeout = super::super::header::read(&timeout.try_into().unwrap()).unwrap();
        prop_assert!(timeout < left && !timeout.is_zero());
        prop_assert!(timeout <= left - ms(1));
    }
}

#[tokio::test(start_paused = true)]
async fn each_attempt_but_the_first_says_how_many_came_before() {
    let said = RefCell::new(Vec::new());
    let retry = Retry::new(3).run(async || {
        let request = propagate(tonic::Request::new(()))?;
        let attempts = request.metadata().get("grpc-previous-rpc-attempts");
        said.borrow_mut()
            .push(attempts.map(|attempts| attempts.to_str().unwrap().to_owned()));
        Err::<(), _>(Status::unavailable("down"))
    });
    assert!(retry.await.is_err());
    assert_eq!(
        *said.borrow(),
        [None, Some("1".to_owned()), Some("2".to_owned())]
    );
}

#[derive(Debug)]
struct Transport(Option<TimeoutExpired>);

impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("transport error")
    }
}

impl Error for Transport {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_ref().map(|error| error as _)
    }
}

async fn fails_with(error: Transport) -> BoxError {
    let mut error = Some(error);
    let channel = Handler(move |_| {
        let error = error.take().unwrap();
        async { Err::<Response<()>, _>(error) }
    });
    let call = PropagateLayer::new().layer(channel).call(request());
    call.await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn of_what_tonic_timed_out_itself_the_layer_says_deadline_exceeded() {
    let error = fails_with(Transport(Some(TimeoutExpired(())))).await;
    let status = Status::from_error(error);
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.source().unwrap().is::<Transport>());
}

#[tokio::test(start_paused = true)]
async fn other_errors_of_the_channel_pass_through_the_layer() {
    let error = fails_with(Transport(None)).await;
    assert!(error.is::<Transport>());
}

#[tokio::test(start_paused = true)]
async fn the_layer_sends_what_the_interceptor_does_and_nothing_without_time() {
    let mut calls = 0;
    let mut channel = PropagateService::new(Handler(|request: Request<()>| {
        calls += 1;
        async move { Ok::<_, BoxError>(Response::new(request)) }
    }));
    let now = Instant::now();
    let call = async { channel.call(request()).await };
    let sent = with_deadline(now + ms(100), call).await.unwrap();
    let timeout = sent.body().headers().get("grpc-timeout").unwrap();
    assert_eq!(timeout, "95000u");

    let call = async { channel.call(request()).await };
    let error = with_deadline(now, call).await.unwrap_err();
    let status = Status::from_error(error);
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.policy_error().is_some());
    assert_eq!(calls, 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_opens_no_breaker() {
    let breaker = CircuitBreaker::with(CircuitBreakerSettings::new().consecutive_failures(1));
    for _ in 0..20 {
        assert!(breaker.call(sent(None, ms(1))).await.is_err());
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert_eq!(breaker.snapshot().calls, 0);
}

#[tokio::test(start_paused = true)]
async fn to_a_retry_what_was_not_sent_has_timed_out() {
    for (on_timeout, attempts) in [(OnTimeout::Retry, 3), (OnTimeout::Abort, 1)] {
        let mut calls = 0;
        let retry = Retry::new(3).on_timeout(on_timeout).run(|| {
            calls += 1;
            sent(None, ms(1))
        });
        assert!(retry.await.is_err());
        assert_eq!(calls, attempts);
    }
}

#[cfg(feature = "testing")]
#[tokio::test(start_paused = true)]
async fn what_was_not_sent_is_an_event() {
    let (_, events) = crate::testing::events(sent(None, ms(1))).await;
    let [event] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(event.site(), "grpc client");
    assert!(matches!(event.kind(), crate::EventKind::Refused(_)));
}

/// A call that had 100 ms and ends after `time`, as tonic's timer or the server has it.
async fn ends_after(time: Duration, answer: Result<Response<()>, Transport>) -> Status {
    sent_late(Duration::ZERO, time, answer).await
}

/// The same, sent when so much of the 100 ms has passed.
async fn sent_late(
    passed: Duration,
    time: Duration,
    answer: Result<Response<()>, Transport>,
) -> Status {
    let mut answer = Some(answer);
    let mut channel = PropagateService::new(Handler(move |_| {
        let answer = answer.take().unwrap();
        async move {
            tokio::time::sleep(time).await;
            answer
        }
    }));
    let call = Timeout::new(ms(100)).call(async {
        tokio::time::sleep(passed).await;
        let answer = channel.call(request()).await;
        answer.map_or_else(
            |error| Err(Status::from_error(error)),
            |answer| Status::from_header_map(answer.headers()).map_or(Ok(()), Err),
        )
    });
    call.await.map_err(crate::Failure::into_error).unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn the_time_that_the_deadline_gave_is_a_timeout_of_ours_whoever_says_that_it_is_over() {
    let server = || Ok(Status::deadline_exceeded("late").into_http());
    let tonic = || Err(Transport(Some(TimeoutExpired(()))));
    for (time, ours) in [(ms(94), true), (ms(50), false)] {
        for answer in [server(), tonic()] {
            let status = ends_after(time, answer).await;
            assert_eq!(status.code(), Code::DeadlineExceeded);
            let kind = status.policy_error().map(crate::PolicyError::kind);
            let expected = PolicyErrorKind::TimedOut { after: ms(100) };
            assert_eq!(kind, ours.then_some(expected), "after {time:?}");
        }
    }
}

/// 94.05 ms are 94 in three digits, and the server keeps one of them.
#[tokio::test(start_paused = true)]
async fn the_time_is_over_when_that_of_the_header_is() {
    for (time, ours) in [(93, true), (92, false)] {
        let late = Ok(Status::deadline_exceeded("late").into_http());
        let status = sent_late(ms(1), ms(time), late).await;
        assert_eq!(status.policy_error().is_some(), ours, "after {time} ms");
    }
}

/// As of one that the limit itself drops.
#[tokio::test(start_paused = true)]
async fn a_call_that_was_given_less_than_half_of_the_limit_says_nothing_of_the_service() {
    for (passed, time, opens) in [(50, 47, true), (51, 46, false), (90, 9, false)] {
        let breaker = CircuitBreaker::with(CircuitBreakerSettings::new().consecutive_failures(1));
        let answers = [
            Ok(Status::deadline_exceeded("late").into_http()),
            Err(Transport(Some(TimeoutExpired(())))),
        ];
        for answer in answers {
            let status = sent_late(ms(passed), ms(time), answer).await;
            assert!(status.policy_error().is_some(), "{passed}");
            let call = breaker.call(async { Err::<(), _>(status) });
            assert!(call.await.is_err());
            let is_open = breaker.state() == BreakerState::Open;
            assert_eq!(is_open, opens, "sent after {passed} ms");
            breaker.reset();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_must_not_run_twice_does_not_when_the_server_says_that_time_is_over() {
    let mut calls = 0;
    let late = Retry::new(3).on_timeout(OnTimeout::Abort);
    let outcome = late
        .run(|| {
            calls += 1;
            async {
                let late = Status::deadline_exceeded("late").into_http();
                Err::<(), _>(ends_after(ms(95), Ok(late)).await)
            }
        })
        .await;
    assert!(outcome.is_err());
    assert_eq!(calls, 1);
}
