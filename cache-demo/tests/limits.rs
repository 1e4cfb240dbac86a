//! What the server refuses, as its clients see it. Each server is a process of its own, for its limits are that too.

mod process;

use std::time::{Duration, Instant};

use cache_demo::client::{CacheClient, call_get, call_store};
use cache_demo::server::NOTHING_STORED;
use cache_demo::watch::{Answer, watch};
use process::Server;
use resilient_runtime::{Classify, EventKind};
use tokio::time::timeout;
use tonic::transport::Endpoint;
use tonic::{Code, Status};

const PUSHBACK: &str = "grpc-retry-pushback-ms";

fn client(server: &Server) -> CacheClient {
    let uri = format!("http://{}", server.address);
    CacheClient::new(&Endpoint::from_shared(uri).expect("an address"))
}

/// What a loop waits for comes to pass within this time, on a busy machine too, or never.
async fn in_time<T>(it: impl Future<Output = T>) -> T {
    let patience = Duration::from_secs(30);
    timeout(patience, it).await.expect("it comes to pass")
}

/// Calls until one is refused.
async fn refused<T>(mut call: impl AsyncFnMut() -> Result<T, Status>) -> Status {
    let refused = async {
        loop {
            match call().await {
                Err(error) if error.code() == Code::ResourceExhausted => return error,
                other => other.expect("answered or refused"),
            };
        }
    };
    in_time(refused).await
}

#[tokio::test]
async fn one_rate_limit_stands_for_the_whole_service() {
    let server = Server::start(&["--rate-limit", "1"]);
    let client = client(&server);
    let began = Instant::now();
    let mut admitted = 0;
    for _ in 0..10 {
        admitted += u64::from(client.get("123").await.is_ok());
        admitted += u64::from(client.store("key", b"value").await.is_ok());
    }
    assert!(admitted >= 1);
    let allowed = 1 + began.elapsed().as_secs();
    assert!(admitted <= allowed, "{admitted}, allowed {allowed}");
}

#[tokio::test]
async fn a_refusal_says_when_to_come_back_and_that_nothing_was_stored() {
    let server = Server::start(&["--rate-limit", "2"]);
    let client = client(&server);
    let error = refused(async || client.store("key", b"value").await).await;
    assert!(error.metadata().contains_key(NOTHING_STORED));
    assert!(error.metadata().contains_key(PUSHBACK));
    let wait = error.retry_after().expect("it is known");
    assert!(wait > Duration::ZERO && wait <= Duration::from_millis(500));
    let message = error.message();
    assert!(message.contains("CacheService::store"), "{message}");
    assert!(!message.contains("cache_demo"), "{message}");
}

#[tokio::test]
async fn the_clients_retry_comes_back_when_told() {
    let server = Server::start(&["--rate-limit", "5"]);
    let client = client(&server);
    // The waits of its own, of 50 and 100 ms at the most, are too short for a permit each 200 ms.
    let waited = |events: &[EventKind]| {
        let long = |event: &EventKind| matches!(event, EventKind::RetryScheduled { delay, .. } if *delay > Duration::from_millis(100));
        events.iter().any(long)
    };
    let both = async {
        let mut seen = [false; 2];
        while seen != [true; 2] {
            let get = watch(call_get(&client, "123")).await;
            assert!(matches!(get.answer(), Answer::Server { .. }), "{get:?}");
            let store = watch(call_store(&client, "key", b"value")).await;
            assert!(store.result.is_ok(), "{store:?}");
            seen[0] |= waited(&get.events);
            seen[1] |= waited(&store.events);
        }
    };
    in_time(both).await;
}

#[tokio::test]
async fn a_dump_keeps_its_place_until_its_stream_ends() {
    let server = Server::start(&["--max-dumps", "1", "--work", "1h"]);
    let client = client(&server);
    let first = client.dump().await.expect("there is room for one");
    let second = client.dump().await.expect_err("there is room for two");
    assert_eq!(second.code(), Code::ResourceExhausted);
    assert!(second.metadata().contains_key(NOTHING_STORED));
    // Nobody knows when the first one ends.
    assert!(!second.metadata().contains_key(PUSHBACK));
    // By the name that the schema gives it.
    let message = second.message();
    assert!(message.contains("CacheService::dump"), "{message}");
    assert!(!message.contains("cache_demo"), "{message}");
    drop(first);
    let room_again = async {
        while let Err(error) = client.dump().await {
            assert_eq!(error.code(), Code::ResourceExhausted, "{error:?}");
        }
    };
    in_time(room_again).await;
}

#[tokio::test]
async fn without_limits_every_call_is_taken_on() {
    let server = Server::start(&["--no-limits", "--work", "1h"]);
    let client = client(&server);
    let mut dumps = Vec::new();
    for _ in 0..5 {
        dumps.push(client.dump().await.expect("there is room for any number"));
    }
}
