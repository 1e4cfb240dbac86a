//! What a server does with its callers' deadlines, over a wire without a delay.

use std::future::pending;
use std::pin::Pin;

use cache_demo::proto::cache_service_client::CacheServiceClient;
use cache_demo::proto::cache_service_server::CacheService;
use cache_demo::proto::{DumpRequest, GetRequest, GetResponse, Item, StoreRequest, StoreResponse};
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::{Stream, StreamExt, iter};
use tonic::{Code, Request, Response, Status, async_trait};

use super::{Count, asks_for, ms, wire};

/// Gets for ever, and dumps an item every 100 ms, for ever too.
#[derive(Clone, Debug, Default)]
struct Slow {
    running: Count,
    dumped: Item,
}

#[async_trait]
impl CacheService for Slow {
    async fn get(&self, _: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let _running = self.running.enter();
        pending().await
    }

    async fn store(&self, _: Request<StoreRequest>) -> Result<Response<StoreResponse>, Status> {
        Err(Status::unimplemented("nobody asks for it here"))
    }

    type DumpStream = Pin<Box<dyn Stream<Item = Result<Item, Status>> + Send>>;

    async fn dump(&self, _: Request<DumpRequest>) -> Result<Response<Self::DumpStream>, Status> {
        let running = self.running.enter();
        let items = iter(std::iter::repeat(self.dumped.clone())).then(move |item| {
            let _running = &running;
            async {
                sleep(ms(100)).await;
                Ok(item)
            }
        });
        Ok(Response::new(Box::pin(items)))
    }
}

fn limited<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(ms(500));
    request
}

#[tokio::test(start_paused = true)]
async fn the_server_answers_deadline_exceeded_where_tonic_alone_says_cancelled() {
    let server = Slow::default();
    // tonic's timers, the client's and the server's, run as well: 1 ms longer.
    let mut client = CacheServiceClient::new(wire::in_memory(server.clone()));
    let status = client.get(limited(asks_for("a"))).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(
        status.message().contains("/cache.v1.CacheService/Get"),
        "{status:?}"
    );
    assert_eq!(server.running.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_response_stream_ends_at_the_deadline_and_its_producer_is_dropped() {
    let server = Slow::default();
    let mut client = CacheServiceClient::new(wire::in_memory(server.clone()));
    let began = Instant::now();
    let mut stream = client
        .dump(limited(DumpRequest {}))
        .await
        .unwrap()
        .into_inner();
    for _ in 0..4 {
        assert!(stream.message().await.unwrap().is_some());
    }
    assert_eq!(server.running.get(), 1);
    let status = stream.message().await.unwrap_err();
    assert_eq!(began.elapsed(), ms(499));
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(server.running.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_response_stream_that_nobody_reads_is_dropped_at_the_deadline_too() {
    let server = Slow {
        dumped: Item {
            value: vec![0; 1024 * 1024].into(),
            ..Item::default()
        },
        ..Slow::default()
    };
    let mut client = CacheServiceClient::new(wire::in_memory(server.clone()));
    let call = client.dump(limited(DumpRequest {}));
    let mut stream = call.await.unwrap().into_inner();
    sleep(ms(490)).await;
    assert_eq!(server.running.get(), 1);
    sleep(ms(10)).await;
    assert_eq!(server.running.get(), 0);

    // What was sent before can still be read, and then why it ends.
    let mut read = 0;
    let status = loop {
        match stream.message().await {
            Ok(Some(_)) => read += 1,
            Ok(None) => panic!("it ended as if all were there"),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!((1..4).contains(&read), "{read}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_still_drops_the_handler() {
    let server = Slow::default();
    let mut client = CacheServiceClient::new(wire::in_memory(server.clone()));
    let call = client.get(limited(asks_for("a")));
    assert!(timeout(ms(300), call).await.is_err());
    // The news is on its way.
    sleep(ms(1)).await;
    assert_eq!(server.running.get(), 0);
}
