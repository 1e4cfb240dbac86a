use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use futures::FutureExt;
use futures::future::{BoxFuture, poll_fn};
use http_body::Body;
use tokio::sync::Notify;
use tokio::time::{Instant, advance, sleep};
use tonic::Code;
use tower_layer::Layer;

use super::*;
use crate::grpc::{DeadlineLayer, DeadlineService};
use crate::{CircuitBreaker, deadline, with_deadline};

/// The deadline that a handler sees, from now.
async fn seen_by_handler(layer: DeadlineLayer, request: Request<()>) -> Option<Duration> {
    let now = Instant::now();
    let handler = Handler(|_| async {
        let seen = deadline();
        let mut response = Response::new(String::new());
        response.extensions_mut().insert(seen);
        Ok::<_, Infallible>(response)
    });
    let response = layer.layer(handler).call(request).await.unwrap();
    let seen: &Option<Instant> = response.extensions().get().unwrap();
    seen.map(|at| at - now)
}

#[tokio::test(start_paused = true)]
async fn the_callers_time_less_a_margin_is_the_handlers_deadline() {
    for (sent, seen) in [
        ("500m", ms(499)),
        ("1H", Duration::from_secs(3_600) - ms(1)),
        ("20m", ms(19)),
        // Of less time, a twentieth.
        ("10m", Duration::from_micros(9_500)),
        ("4000000H", Duration::from_secs(4_000_000 * 3_600) - ms(1)),
    ] {
        let request = with_timeout(sent);
        assert_eq!(
            seen_by_handler(DeadlineLayer::new(), request).await,
            Some(seen),
            "{sent}"
        );
    }
    // Further away than the clock reaches is without end, too.
    for endless in [request(), with_timeout("99999999H")] {
        assert_eq!(seen_by_handler(DeadlineLayer::new(), endless).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn the_cap_holds_for_calls_that_bring_more_time_or_none() {
    let capped = DeadlineLayer::new().max(ms(300));
    for (request, seen) in [
        (request(), ms(300)),
        (with_timeout("1S"), ms(300)),
        (with_timeout("200m"), ms(199)),
    ] {
        assert_eq!(seen_by_handler(capped, request).await, Some(seen));
    }
    let endless = DeadlineLayer::new().max(Duration::MAX);
    assert_eq!(seen_by_handler(endless, request()).await, None);
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_the_handler_is_cut_off_and_the_answer_is_deadline_exceeded() {
    let breaker = Arc::new(CircuitBreaker::new());
    let handler = Handler(|_| {
        let breaker = Arc::clone(&breaker);
        async move {
            let work = breaker.call(pending::<io::Result<String>>()).await;
            Ok::<_, Infallible>(Response::new(work.unwrap()))
        }
    });
    let began = Instant::now();
    let response = DeadlineService::new(handler)
        .call(with_timeout("500m"))
        .await;
    assert_eq!(began.elapsed(), ms(499));
    let status = status(&response).unwrap();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(
        status.message(),
        format!("grpc server[{PATH}]: timed out after 499ms")
    );
    assert!(response.unwrap().body().is_end_stream());
    assert_eq!(breaker.snapshot().failures, 1);
}

#[tokio::test(start_paused = true)]
async fn work_that_had_less_than_half_of_the_callers_time_is_not_held_against_a_breaker() {
    let breaker = Arc::new(CircuitBreaker::new());
    let handler = Handler(|_| {
        let breaker = Arc::clone(&breaker);
        async move {
            sleep(ms(300)).await;
            let work = breaker.call(pending::<io::Result<String>>());
            // A nearer deadline that cuts nothing off: half of that has passed.
            let work = with_deadline(Instant::now() + ms(10), work).await;
            Ok::<_, Infallible>(Response::new(work.unwrap()))
        }
    });
    let response = DeadlineService::new(handler)
        .call(with_timeout("500m"))
        .await;
    assert_eq!(status(&response).unwrap().code(), Code::DeadlineExceeded);
    assert_eq!(breaker.snapshot().failures, 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_time_is_not_limited() {
    let handler = Handler(|_| async {
        sleep(Duration::from_secs(1_000_000)).await;
        Ok::<_, Infallible>(Response::new(String::new()))
    });
    let response = DeadlineService::new(handler).call(request()).await;
    assert!(status(&response).is_none());
}

/// How often the handler was called, and how often polled.
#[derive(Default)]
struct Work {
    called: AtomicU32,
    polled: AtomicU32,
}

impl Work {
    fn handler<'a>(&'a self) -> Handler<impl FnMut(Request<()>) -> BoxFuture<'a, Answer>> {
        Handler(|_| {
            self.called.fetch_add(1, Relaxed);
            poll_fn(|_| {
                self.polled.fetch_add(1, Relaxed);
                Poll::Pending
            })
            .boxed()
        })
    }

    fn seen(&self) -> (u32, u32) {
        (self.called.load(Relaxed), self.polled.load(Relaxed))
    }
}

type Answer = Result<Response<String>, Infallible>;

#[tokio::test(start_paused = true)]
async fn what_brings_no_time_at_all_is_refused_without_the_handler_being_called() {
    let work = Work::default();
    for sent in ["0m", "0n", "00000000H"] {
        let response = DeadlineService::new(work.handler())
            .call(with_timeout(sent))
            .await;
        assert_eq!(status(&response).unwrap().code(), Code::DeadlineExceeded);
    }
    assert_eq!(work.seen(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_expires_before_it_is_first_polled_is_refused_without_that() {
    let work = Work::default();
    let call = DeadlineService::new(work.handler()).call(with_timeout("500m"));
    advance(ms(499)).await;
    let response = call.await;
    assert_eq!(status(&response).unwrap().code(), Code::DeadlineExceeded);
    assert_eq!(work.seen(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_is_woken_late_does_not_run_again() {
    let work = Work::default();
    let mut call = Box::pin(DeadlineService::new(work.handler()).call(with_timeout("500m")));
    assert!((&mut call).now_or_never().is_none());
    // The task is not woken by its timer but by something else, much later.
    advance(ms(700)).await;
    let response = (&mut call).now_or_never().unwrap();
    assert_eq!(status(&response).unwrap().code(), Code::DeadlineExceeded);
    assert_eq!(work.seen(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn tonics_own_timer_does_not_come_to_answer() {
    let work = Work::default();
    let call = DeadlineService::new(work.handler()).call(with_timeout("500m"));
    // As it sits around every layer: the call first, then the timer, which was set later.
    let mut outer = Box::pin(tokio::time::timeout(ms(500), call));
    assert!((&mut outer).now_or_never().is_none());
    // Even if the task is polled only when both have fired.
    advance(ms(600)).await;
    let response = outer.await.expect("the layer answers first");
    assert_eq!(status(&response).unwrap().code(), Code::DeadlineExceeded);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_computes_past_the_deadline_is_answered_for_in_that_poll() {
    let handler = Handler(|_| {
        let mut polls = 0;
        poll_fn(move |cx| {
            polls += 1;
            if polls == 2 {
                // The clock moves on at once; timers have not heard of it yet.
                let _ = std::pin::pin!(advance(ms(600))).poll(cx);
            }
            Poll::<Answer>::Pending
        })
    });
    let mut call = Box::pin(DeadlineService::new(handler).call(with_timeout("500m")));
    assert!((&mut call).now_or_never().is_none());
    let response = (&mut call).now_or_never().unwrap();
    assert_eq!(status(&response).unwrap().code(), Code::DeadlineExceeded);
}

#[tokio::test(start_paused = true)]
async fn a_malformed_time_is_internal_as_in_grpc_go_and_the_handler_is_not_called() {
    let work = Work::default();
    let response = DeadlineService::new(work.handler())
        .call(with_timeout("soon"))
        .await;
    let status = status(&response).unwrap();
    assert_eq!(status.code(), Code::Internal);
    assert_eq!(status.message(), "malformed grpc-timeout: \"soon\"");
    assert_eq!(work.seen(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_the_handler_does_as_it_is_called_sees_the_deadline_too() {
    let handler = Handler(|_| {
        assert!(deadline().is_some());
        async { Ok::<_, Infallible>(Response::new(String::new())) }
    });
    let call = DeadlineService::new(handler).call(with_timeout("1S"));
    assert_eq!(deadline(), None);
    assert!(status(&call.await).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_drops_the_handler_and_cuts_nothing_off() {
    let (breaker, gone) = (Arc::new(CircuitBreaker::new()), Arc::new(Notify::new()));
    let handler = Handler(|_| {
        let (breaker, gone) = (Arc::clone(&breaker), Arc::clone(&gone));
        async move {
            let _gone = NotifyOnDrop(gone);
            let work = breaker.call(pending::<io::Result<String>>()).await;
            Ok::<_, Infallible>(Response::new(work.unwrap()))
        }
    });
    let mut call = Box::pin(DeadlineService::new(handler).call(with_timeout("500m")));
    assert!((&mut call).now_or_never().is_none());
    advance(ms(300)).await;
    drop(call);
    gone.notified().now_or_never().unwrap();
    assert_eq!(breaker.snapshot().failures, 0);
}

pub(super) struct NotifyOnDrop(pub(super) Arc<Notify>);

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[cfg(feature = "testing")]
#[tokio::test(start_paused = true)]
async fn what_was_cut_off_or_refused_is_an_event() {
    use crate::EventKind;
    let work = Work::default();
    let calls = async {
        let mut service = DeadlineService::new(work.handler());
        let _ = service.call(with_timeout("500m")).await;
        let _ = service.call(with_timeout("0m")).await;
    };
    let ((), events) = crate::testing::events(calls).await;
    let [cut_off, refused] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((cut_off.site(), cut_off.key()), ("grpc server", Some(PATH)));
    assert_eq!(*cut_off.kind(), EventKind::TimedOut { after: ms(499) });
    // The path may be anybody's invention.
    assert_eq!((refused.site(), refused.key()), ("grpc server", None));
    assert!(matches!(refused.kind(), EventKind::Refused(_)));
}
