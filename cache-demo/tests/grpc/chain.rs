//! Five services, each of which asks the next.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_demo::proto::cache_service_client::CacheServiceClient;
use cache_demo::proto::cache_service_server::CacheService;
use cache_demo::proto::{DumpRequest, GetRequest, GetResponse, Item, StoreRequest, StoreResponse};
use resilient_runtime::grpc::PropagateService;
use resilient_runtime::{deadline, timeout};
use tokio::time::{Instant, sleep_until};
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status, async_trait};

use super::{Count, asks_for, ms, wire};

const SERVICES: usize = 5;

type Client = CacheServiceClient<PropagateService<Channel>>;

/// What is known of the handlers of all services.
#[derive(Clone, Debug, Default)]
struct Log {
    begun: Arc<Mutex<Vec<Begun>>>,
    running: Count,
}

#[derive(Clone, Debug)]
struct Begun {
    /// The header as it came.
    timeout: String,
    deadline: Instant,
}

#[derive(Debug)]
struct Hop {
    log: Log,
    next: Option<Client>,
}

#[async_trait]
impl CacheService for Hop {
    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let _running = self.log.running.enter();
        let timeout = request.metadata().get("grpc-timeout").unwrap();
        self.log.begun.lock().unwrap().push(Begun {
            timeout: timeout.to_str().unwrap().to_owned(),
            deadline: deadline().unwrap(),
        });
        if let Some(next) = &self.next {
            let outcome = next.clone().get(request.into_inner()).await;
            assert_eq!(outcome.unwrap_err().code(), Code::DeadlineExceeded);
        }
        // Nothing but its own deadline ends it.
        std::future::pending().await
    }

    async fn store(&self, _: Request<StoreRequest>) -> Result<Response<StoreResponse>, Status> {
        Err(Status::unimplemented("nobody asks for it here"))
    }

    type DumpStream = tokio_stream::Empty<Result<Item, Status>>;

    async fn dump(&self, _: Request<DumpRequest>) -> Result<Response<Self::DumpStream>, Status> {
        Err(Status::unimplemented("nobody asks for it here"))
    }
}

#[timeout(after = limit)]
async fn ask(client: &mut Client, limit: Duration) -> Result<(), Status> {
    client.get(asks_for("anything")).await?;
    Ok(())
}

async fn chain(log: &Log, serve: impl AsyncFn(Hop) -> Channel) -> Client {
    let mut next = None;
    for _ in 0..SERVICES {
        let log = log.clone();
        let channel = serve(Hop { log, next }).await;
        next = Some(CacheServiceClient::new(PropagateService::new(channel)));
    }
    next.unwrap()
}

/// Asks once, and has all handlers begin.
async fn asked(client: &mut Client, limit: Duration, log: &Log) -> Vec<Begun> {
    let status = ask(client, limit).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    let begun = log.begun.lock().unwrap().clone();
    assert_eq!(begun.len(), SERVICES);
    begun
}

#[tokio::test(start_paused = true)]
async fn each_service_of_a_chain_has_a_little_less_time_and_none_works_longer() {
    let log = Log::default();
    let mut client = chain(&log, async |hop| wire::in_memory(hop)).await;
    let began = Instant::now();
    let begun = asked(&mut client, ms(500), &log).await;

    // 5 % less for the way, in three digits, and 1 ms for tonic's timer.
    let sent = ["475m", "450m", "426m", "403m", "381m"];
    assert_eq!(
        begun.iter().map(|hop| &hop.timeout).collect::<Vec<_>>(),
        sent
    );
    let deadlines = [474, 449, 425, 402, 380].map(|left| began + ms(left));
    assert_eq!(
        begun.iter().map(|hop| hop.deadline).collect::<Vec<_>>(),
        deadlines
    );

    // Each was cut off at its own; the caller learned of the first one's.
    let late = Instant::now() - deadlines[0];
    assert!(late <= ms(1), "{late:?}");
    assert_eq!(log.running.get(), 0);
}

#[tokio::test]
async fn over_sockets_too_each_has_less_and_50_ms_after_the_deadline_none_works() {
    const LIMIT: Duration = Duration::from_secs(1);
    let log = Log::default();
    let mut client = chain(&log, wire::on_loopback).await;
    let running = log.running.clone();
    let later = Instant::now() + LIMIT + ms(50);
    // A task like the handlers': it has its turn after all whose time was over before.
    let still_running = tokio::spawn(async move {
        sleep_until(later).await;
        running.get()
    });
    let begun = asked(&mut client, LIMIT, &log).await;
    // All are in milliseconds. (The instants need not sink: time on the wire counts for nobody.)
    let millis = begun.iter().map(|hop| {
        let (digits, unit) = hop.timeout.split_at(hop.timeout.len() - 1);
        assert_eq!(unit, "m");
        digits.parse::<u32>().unwrap()
    });
    assert!(millis.is_sorted_by(|earlier, later| later < earlier));
    assert_eq!(still_running.await.unwrap(), 0);
}
