use std::pin::{Pin, pin};
use std::sync::Arc;

use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt, future, stream};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::{Instant, advance, sleep, timeout};
use tonic::Code;

use super::server::NotifyOnDrop;
use super::*;
use crate::grpc::{DeadlineBody, DeadlineService};
use crate::{CircuitBreaker, deadline};

/// A body that sends what the stream says, and then its trailers.
struct Items<S>(S);

impl<S: Stream<Item = Frame<&'static [u8]>> + Unpin> Body for Items<S> {
    type Data = &'static [u8];
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<&'static [u8]>, Status>>> {
        self.0.poll_next_unpin(cx).map(|frame| frame.map(Ok))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(100)
    }
}

fn item() -> Frame<&'static [u8]> {
    Frame::data(b"item")
}

async fn answer<S>(request: Request<()>, items: S) -> DeadlineBody<Items<S>>
where
    S: Stream<Item = Frame<&'static [u8]>> + Send + Unpin + 'static,
{
    let mut items = Some(Items(items));
    let handler =
        Handler(move |_| future::ready(Ok::<_, Infallible>(Response::new(items.take().unwrap()))));
    let response = DeadlineService::new(handler).call(request).await;
    response.unwrap().into_body()
}

async fn frame<B: Body>(mut body: Pin<&mut B>) -> Option<Result<Frame<B::Data>, B::Error>> {
    future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await
}

async fn trailers<B: Body<Error: std::fmt::Debug>>(body: Pin<&mut B>) -> HeaderMap {
    let frame = frame(body).await.unwrap().unwrap();
    frame.into_trailers().ok().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_at_the_deadline_with_deadline_exceeded_and_its_producer_is_dropped() {
    let gone = Arc::new(Notify::new());
    let guard = NotifyOnDrop(Arc::clone(&gone));
    let items = stream::unfold(guard, |guard| async {
        sleep(ms(200)).await;
        Some((item(), guard))
    });
    let began = Instant::now();
    let mut body = pin!(answer(with_timeout("500m"), items.boxed()).await);
    for _ in 0..2 {
        let item = frame(body.as_mut()).await.unwrap().unwrap();
        assert!(item.is_data());
    }
    let trailers = trailers(body.as_mut()).await;
    assert_eq!(began.elapsed(), ms(499));
    let status = Status::from_header_map(&trailers).unwrap();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    gone.notified().now_or_never().unwrap();
    assert!(body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(frame(body).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_always_ready_ends_too() {
    let mut body = pin!(answer(with_timeout("500m"), stream::repeat_with(item)).await);
    for _ in 0..5 {
        let item = frame(body.as_mut()).await.unwrap().unwrap();
        assert!(item.is_data());
        advance(ms(100)).await;
    }
    let trailers = trailers(body).await;
    assert_eq!(trailers.get("grpc-status").unwrap(), "4");
}

/// What is sent 1 ms apart, from now on, until `gone` tells that it was dropped.
fn steadily(frame: &'static [u8], gone: &Arc<Notify>) -> BoxStream<'static, Frame<&'static [u8]>> {
    let guard = NotifyOnDrop(Arc::clone(gone));
    let items = stream::unfold(guard, move |guard| async move {
        sleep(ms(1)).await;
        Some((Frame::data(frame), guard))
    });
    items.boxed()
}

async fn ends_while_nobody_reads<S>(gone: &Notify, body: DeadlineBody<Items<S>>)
where
    S: Stream<Item = Frame<&'static [u8]>> + Send + Unpin + 'static,
{
    let mut body = pin!(body);
    let began = Instant::now();
    let data = frame(body.as_mut()).await.unwrap().unwrap();
    assert!(data.is_data());
    timeout(ms(2_000), gone.notified()).await.unwrap();
    assert_eq!(began.elapsed(), ms(499));

    // The reader comes back.
    assert!(!body.is_end_stream());
    assert_eq!(body.size_hint().exact(), None);
    sleep(ms(1_000)).await;
    let trailers = trailers(body.as_mut()).await;
    assert_eq!(trailers.get("grpc-status").unwrap(), "4");
    assert!(body.is_end_stream());
    assert!(frame(body).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_producer_is_dropped_at_the_deadline_if_the_reader_stopped_after_it_was_pending() {
    let gone = Arc::default();
    let items = steadily(b"item", &gone);
    ends_while_nobody_reads(&gone, answer(with_timeout("500m"), items).await).await;
}

#[tokio::test(start_paused = true)]
async fn the_producer_is_dropped_at_the_deadline_if_the_reader_stopped_at_a_large_frame() {
    let gone = Arc::default();
    let guard = NotifyOnDrop(Arc::clone(&gone));
    let items = stream::repeat_with(move || {
        let _ = &guard;
        Frame::data([0; 16 * 1024 + 1].as_slice())
    });
    ends_while_nobody_reads(&gone, answer(with_timeout("500m"), items).await).await;
}

fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn a_unary_answer_costs_no_task() {
    let end = Frame::trailers(HeaderMap::new());
    let items = stream::iter([Frame::data([0; 16 * 1024].as_slice()), end]);
    let mut body = pin!(answer(with_timeout("1S"), items).await);
    assert!(frame(body.as_mut()).await.unwrap().unwrap().is_data());
    assert!(trailers(body.as_mut()).await.is_empty());
    assert_eq!(tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_dropped_drops_its_producer_at_once_and_leaves_no_task() {
    let gone = Arc::default();
    let items = steadily(b"item", &gone);
    let mut body = Box::pin(answer(with_timeout("500m"), items).await);
    assert!(frame(body.as_mut()).await.unwrap().unwrap().is_data());
    assert_eq!(tasks(), 1);
    drop(body);
    gone.notified().now_or_never().unwrap();
    tokio::task::yield_now().await;
    assert_eq!(tasks(), 0);
}

#[cfg(feature = "testing")]
#[tokio::test(start_paused = true)]
async fn a_stream_that_is_cut_off_is_one_event_whether_it_is_read_or_not() {
    use crate::EventKind;
    for pause in [ms(0), ms(1_000)] {
        let gone = Arc::default();
        let items = steadily(b"item", &gone);
        let stream = async {
            let mut body = pin!(answer(with_timeout("500m"), items).await);
            let _ = frame(body.as_mut()).await;
            sleep(pause).await;
            while frame(body.as_mut()).await.is_some() {}
        };
        let ((), events) = crate::testing::events(stream).await;
        let [event] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!((event.site(), event.key()), ("grpc server", Some(PATH)));
        assert_eq!(*event.kind(), EventKind::TimedOut { after: ms(499) });
    }
}

/// Its drop is known to be a cut-off only from what the drop is surrounded by.
#[tokio::test(start_paused = true)]
async fn a_producer_is_dropped_as_what_a_limit_cut_off_whether_it_is_read_or_not() {
    for read in [true, false] {
        let breaker = Arc::new(CircuitBreaker::new());
        let admitted = {
            let breaker = Arc::clone(&breaker);
            let mut call = Box::pin(async move {
                let never = future::pending::<std::io::Result<Frame<&'static [u8]>>>();
                breaker.call(never).await.unwrap()
            });
            // Without a deadline.
            assert!((&mut call).now_or_never().is_none());
            call
        };
        let mut body = pin!(answer(with_timeout("500m"), stream::once(admitted)).await);
        assert!(frame(body.as_mut()).now_or_never().is_none());
        if read {
            advance(ms(600)).await;
            assert!(!trailers(body).await.is_empty());
        } else {
            sleep(ms(600)).await;
        }
        assert_eq!(breaker.snapshot().failures, 1, "read: {read}");
    }
}

#[cfg(feature = "testing")]
#[tokio::test(start_paused = true)]
async fn a_stream_that_is_cut_off_before_its_first_frame_has_begun_all_the_same() {
    use crate::EventKind;
    let stream = async {
        let body = answer(with_timeout("500m"), stream::repeat_with(item)).await;
        advance(ms(600)).await;
        let trailers = trailers(pin!(body)).await;
        Status::from_header_map(&trailers).unwrap()
    };
    let (status, events) = crate::testing::events(stream).await;
    assert!(status.message().contains(PATH), "{status:?}");
    let [event] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(event.key(), Some(PATH));
    assert_eq!(*event.kind(), EventKind::TimedOut { after: ms(499) });
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_seen_while_a_stream_is_polled() {
    let began = Instant::now();
    let items = stream::repeat_with(move || {
        assert_eq!(deadline(), Some(began + ms(499)));
        item()
    });
    let body = pin!(answer(with_timeout("500m"), items).await);
    assert!(frame(body).await.unwrap().unwrap().is_data());
    assert_eq!(deadline(), None);
}

#[tokio::test(start_paused = true)]
async fn what_ends_in_time_ends_as_it_would_without() {
    for request in [request(), with_timeout("1S")] {
        let end = HeaderMap::from_iter([("grpc-status".parse().unwrap(), 0.into())]);
        let items = stream::iter([item(), Frame::trailers(end.clone())]);
        let mut body = pin!(answer(request, items).await);
        assert!(frame(body.as_mut()).await.unwrap().unwrap().is_data());
        assert_eq!(trailers(body.as_mut()).await, end);
        assert!(frame(body).await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_a_stream_goes_on_for_ever() {
    let mut body = pin!(answer(request(), stream::repeat_with(item)).await);
    advance(Duration::from_secs(1_000_000)).await;
    assert!(frame(body.as_mut()).await.unwrap().unwrap().is_data());
    assert_eq!(body.size_hint().exact(), Some(100));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_may_be_cut_off_promises_no_length() {
    let body = answer(with_timeout("1S"), stream::repeat_with(item)).await;
    assert_eq!(body.size_hint().exact(), None);
    assert_eq!(body.size_hint().upper(), Some(100));
}
