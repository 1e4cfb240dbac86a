use std::pin::{Pin, pin};
use std::sync::Arc;

use futures::{FutureExt, Stream, StreamExt, future, stream};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::{Instant, advance, sleep};
use tonic::Code;

use super::server::NotifyOnDrop;
use super::*;
use crate::deadline;
use crate::grpc::{DeadlineBody, DeadlineService};

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
    S: Stream<Item = Frame<&'static [u8]>> + Unpin,
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
