//! `call_store` is made again only if it is certain that nothing was stored.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use cache_demo::client::{CacheClient, call_store, nothing_was_stored};
use cache_demo::server::{Limits, Server};
use cache_demo::watch::watch;
use resilient_runtime::EventKind;
use tonic::transport::Endpoint;
use tonic::{Code, Status};

fn server() -> (Server, CacheClient) {
    let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(free_port, Limits::default()).expect("a free port");
    let uri = format!("http://{}", server.address());
    let client = CacheClient::new(&Endpoint::from_shared(uri).expect("an address"));
    (server, client)
}

#[tokio::test]
async fn one_store_that_is_slow_to_answer_reaches_the_server_once() {
    let (server, client) = server();
    client.get("123").await.expect("connected");
    server.trouble().delay_answers(Duration::from_secs(3600));

    let call = watch(call_store(&client, "key", b"value")).await;

    let error = call.result.expect_err("answered");
    assert_eq!(error.code(), Code::DeadlineExceeded);
    let timed_out = |event: &EventKind| matches!(event, EventKind::TimedOut { .. });
    assert_eq!(
        call.events.iter().filter(|event| timed_out(event)).count(),
        1
    );
    assert_eq!(server.counters().read().store, 1);
}

#[tokio::test]
async fn a_store_that_the_server_turned_away_is_made_again() -> Result<(), Status> {
    let (server, client) = server();
    server.trouble().fail(1.0 / 3.0);
    // Which of them are turned away depends on what the other tests have stored by then.
    let mut made_again = false;
    for _ in 0..1000 {
        let before = server.counters().read().store;
        let stored = call_store(&client, "key", b"value").await;
        let attempts = server.counters().read().store - before;
        made_again = stored.is_ok() && attempts > 1;
        if made_again {
            break;
        }
    }
    assert!(made_again);
    server.trouble().fail(0.0);
    assert_eq!(client.get("key").await?, b"value");
    Ok(())
}

#[tokio::test]
async fn a_store_that_reached_nobody_is_made_again() {
    let (server, client) = server();
    let _gone = server.die().await.expect("it was alive");
    let call = watch(call_store(&client, "key", b"value")).await;
    call.result.expect_err("answered");
    let failed = |event: &EventKind| matches!(event, EventKind::AttemptFailed { .. });
    assert_eq!(call.events.iter().filter(|event| failed(event)).count(), 3);
}

#[tokio::test]
async fn a_store_that_the_server_takes_for_a_mistake_is_not_made_again() {
    let (server, client) = server();
    let error = call_store(&client, "", b"value").await.expect_err("stored");
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(server.counters().read().store, 1);
}

#[tokio::test]
async fn a_connection_lost_on_the_way_leaves_open_whether_something_was_stored() {
    let (server, client) = server();
    client.get("123").await.expect("connected");
    server.trouble().delay_answers(Duration::from_secs(3600));
    let counters = server.counters().clone();
    let waiting = tokio::spawn(async move { call_store(&client, "key", b"value").await });
    while counters.read().store < 1 {
        tokio::task::yield_now().await;
    }
    let _gone = server.die().await.expect("it was alive");
    let error = waiting.await.expect("no panic").expect_err("answered");
    assert!(!nothing_was_stored(&error), "{error:?}");
    assert_eq!(counters.read().store, 1);
}
