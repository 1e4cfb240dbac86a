//! What the server promises, asked over TCP.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use cache_demo::client::{CacheClient, dump, get_within, get_within_budget};
use cache_demo::server::{Counts, Limits, NOTHING_STORED, Server, Work};
use tokio::io::AsyncReadExt;
use tonic::transport::Endpoint;
use tonic::{Code, Status};

fn server(limits: Limits) -> (Server, CacheClient) {
    let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(free_port, limits).expect("a free port");
    let client = client(&server);
    (server, client)
}

fn client(server: &Server) -> CacheClient {
    let uri = format!("http://{}", server.address());
    CacheClient::new(&Endpoint::from_shared(uri).expect("an address"))
}

async fn keys(client: &CacheClient) -> Result<Vec<String>, Status> {
    Ok(dump(client)
        .await?
        .into_iter()
        .map(|item| item.key)
        .collect())
}

#[tokio::test]
async fn two_values_are_there_from_the_start() -> Result<(), Status> {
    let (_server, client) = server(Limits::default());
    assert_eq!(client.get("123").await?, b"123");
    assert_eq!(client.get("231").await?, b"231");
    Ok(())
}

#[tokio::test]
async fn what_was_stored_is_found_and_replaced() -> Result<(), Status> {
    let (_server, client) = server(Limits::default());
    client.store("key", b"one").await?;
    assert_eq!(client.get("key").await?, b"one");
    client.store("key", &[0, 255]).await?;
    assert_eq!(client.get("key").await?, [0, 255]);
    client.store("key", b"").await?;
    assert_eq!(client.get("key").await?, b"");
    Ok(())
}

#[tokio::test]
async fn an_unknown_key_is_not_found() {
    let (_server, client) = server(Limits::default());
    let error = client.get("no such key").await.expect_err("found");
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test]
async fn an_empty_key_is_an_invalid_argument() {
    let (_server, client) = server(Limits::default());
    let got = client.get("").await.expect_err("found");
    let stored = client.store("", b"value").await.expect_err("stored");
    assert_eq!([got.code(), stored.code()], [Code::InvalidArgument; 2]);
}

#[tokio::test]
async fn a_dump_comes_in_the_order_of_the_keys() -> Result<(), Status> {
    let (_server, client) = server(Limits::default());
    for key in ["b", "a", "2", "c"] {
        client.store(key, key.as_bytes()).await?;
    }
    let items = dump(&client).await?;
    assert!(items.iter().all(|item| item.value == item.key.as_bytes()));
    assert_eq!(keys(&client).await?, ["123", "2", "231", "a", "b", "c"]);
    Ok(())
}

#[tokio::test]
async fn beyond_the_capacity_the_oldest_values_go() -> Result<(), Status> {
    let (_server, client) = server(Limits {
        capacity: 100,
        ..Limits::default()
    });
    client.store("a", &[0; 49]).await?;
    client.store("b", &[0; 49]).await?;
    assert_eq!(keys(&client).await?, ["a", "b"]);
    client.store("c", &[0; 49]).await?;
    assert_eq!(keys(&client).await?, ["b", "c"]);
    Ok(())
}

#[tokio::test]
async fn what_is_larger_than_the_cache_is_an_invalid_argument() -> Result<(), Status> {
    let (_server, client) = server(Limits {
        capacity: 100,
        ..Limits::default()
    });
    client.store("a", &[0; 99]).await?;
    let error = client.store("b", &[0; 100]).await.expect_err("stored");
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(keys(&client).await?, ["a"]);
    Ok(())
}

#[tokio::test]
async fn a_value_is_gone_after_its_time() -> Result<(), Status> {
    let (_server, client) = server(Limits {
        time_to_live: Duration::from_millis(20),
        ..Limits::default()
    });
    client.store("key", b"value").await?;
    // The cache keeps time by the machine's clock, which no test can move.
    tokio::time::sleep(Duration::from_millis(40)).await;
    let error = client.get("key").await.expect_err("found");
    assert_eq!(error.code(), Code::NotFound);
    Ok(())
}

#[tokio::test]
async fn a_call_that_fails_is_counted_and_says_that_nothing_was_stored() -> Result<(), Status> {
    let (server, client) = server(Limits::default());
    server.trouble().fail(1.0);
    let error = client.store("key", b"value").await.expect_err("stored");
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.metadata().contains_key(NOTHING_STORED));
    client.get("123").await.expect_err("answered");
    client.dump().await.expect_err("answered");
    server.trouble().fail(0.0);
    client.get("key").await.expect_err("stored all the same");
    let counts = Counts {
        store: 1,
        get: 2,
        dump: 1,
        ..Counts::default()
    };
    assert_eq!(server.counters().read(), counts);
    Ok(())
}

#[tokio::test]
async fn a_call_is_worked_on_late_if_it_is_to_be() -> Result<(), Status> {
    const LATE: Duration = Duration::from_millis(200);
    let (server, client) = server(Limits::default());
    server.trouble().delay_calls(LATE);
    let began = Instant::now();
    assert_eq!(client.get("123").await?, b"123");
    assert!(began.elapsed() >= LATE);
    Ok(())
}

#[tokio::test]
async fn a_worker_does_one_call_after_the_other() -> Result<(), Status> {
    const TIME: Duration = Duration::from_millis(50);
    let (_server, client) = server(Limits {
        work: Work {
            workers: 1,
            time: TIME,
            skip_expired: false,
        },
        ..Limits::default()
    });
    let began = Instant::now();
    let (first, second, third) =
        tokio::join!(client.get("123"), client.get("231"), client.get("123"));
    assert_eq!([first?, second?, third?], [b"123", b"231", b"123"]);
    assert!(began.elapsed() >= 3 * TIME);
    Ok(())
}

#[tokio::test]
async fn work_for_a_caller_who_has_left_is_done_all_the_same() -> Result<(), Status> {
    const TIME: Duration = Duration::from_millis(200);
    let (server, client) = server(Limits {
        work: Work {
            workers: 1,
            time: TIME,
            skip_expired: false,
        },
        ..Limits::default()
    });
    let began = Instant::now();
    let leaver = client.clone();
    let leaving = tokio::spawn(async move { leaver.get("123").await });
    while server.counters().read().get < 1 {
        tokio::task::yield_now().await;
    }
    // The request is counted before its work begins: long enough for that, and far from the end of the work.
    tokio::time::sleep(TIME / 4).await;
    leaving.abort();
    assert_eq!(client.get("231").await?, b"231");
    assert!(began.elapsed() >= 2 * TIME);
    Ok(())
}

/// A server whose only worker is busy with a call for this long.
async fn busy(time: Duration, skip_expired: bool) -> (Server, CacheClient) {
    let (server, client) = server(Limits {
        work: Work {
            workers: 1,
            time,
            skip_expired,
        },
        ..Limits::default()
    });
    let first = client.clone();
    tokio::spawn(async move { first.get("123").await });
    while server.counters().read().get < 1 {
        tokio::task::yield_now().await;
    }
    (server, client)
}

#[tokio::test]
async fn the_time_that_a_caller_has_ends_the_handler() {
    let (server, client) = busy(Duration::from_secs(3600), false).await;
    // On a busy machine the caller may be gone before the server has looked at the clock.
    while server.counters().read().out_of_time < 1 {
        let limit = Duration::from_millis(100);
        let error = get_within(&client, "231", limit).await;
        assert_eq!(error.expect_err("answered").code(), Code::DeadlineExceeded);
    }
}

#[tokio::test]
async fn work_for_which_no_time_is_left_is_not_begun_if_the_workers_look_at_the_clock() {
    const TIME: Duration = Duration::from_millis(200);
    for (skip_expired, skipped) in [(true, 1), (false, 0)] {
        let (server, client) = busy(TIME, skip_expired).await;
        let error = get_within(&client, "231", TIME / 2).await;
        assert_eq!(error.expect_err("answered").code(), Code::DeadlineExceeded);
        // Whoever comes after it is served when a worker has decided about it.
        client.get("123").await.expect("answered");
        assert_eq!(server.counters().read().skipped, skipped);
    }
}

#[tokio::test]
async fn a_retry_is_told_from_a_call() {
    let (server, client) = server(Limits::default());
    server.trouble().fail(1.0);
    let error = get_within_budget(&client, "123").await;
    assert_eq!(error.expect_err("answered").code(), Code::Unavailable);
    let counts = server.counters().read();
    assert_eq!((counts.get, counts.retries), (4, 3));
}

#[tokio::test]
async fn workers_that_stand_still_go_on_afterwards() {
    const TIME: Duration = Duration::from_millis(200);
    let (server, client) = server(Limits {
        work: Work {
            workers: 2,
            time: Duration::from_millis(1),
            skip_expired: false,
        },
        ..Limits::default()
    });
    let standstill = server.stand_still().await;
    let began = Instant::now();
    let waiting = tokio::spawn(async move { client.get("123").await });
    tokio::time::sleep(TIME).await;
    assert!(!waiting.is_finished());
    drop(standstill);
    assert_eq!(waiting.await.expect("no panic").expect("found"), b"123");
    assert!(began.elapsed() >= TIME);
}

#[tokio::test]
async fn a_slow_answer_travels_late_and_whole() -> Result<(), Status> {
    const LATE: Duration = Duration::from_millis(200);
    let (server, client) = server(Limits::default());
    let value = vec![7; 1_000_000];
    client.store("large", &value).await?;
    server.trouble().delay_answers(LATE);
    let began = Instant::now();
    assert_eq!(client.get("large").await?, value);
    assert!(began.elapsed() >= LATE);
    Ok(())
}

#[tokio::test]
async fn a_dead_server_refuses_and_comes_back_with_its_values() -> std::io::Result<()> {
    let (server, client) = server(Limits::default());
    client.store("key", b"value").await.expect("stored");
    let address = server.address();

    let gone = server.die().await?;
    for _ in 0..3 {
        client.get("key").await.expect_err("answered");
    }
    let refused = tokio::net::TcpStream::connect(address).await;
    assert_eq!(
        refused.expect_err("connected").kind(),
        std::io::ErrorKind::ConnectionRefused
    );

    let server = gone.come_back()?;
    assert_eq!(server.address(), address);
    let fresh = self::client(&server);
    assert_eq!(fresh.get("key").await.expect("found"), b"value");
    assert_eq!(client.get("key").await.expect("found"), b"value");
    assert_eq!(server.counters().read().get, 2);
    Ok(())
}

#[tokio::test]
async fn dying_resets_connections() -> std::io::Result<()> {
    let (server, _client) = server(Limits::default());
    let mut connection = tokio::net::TcpStream::connect(server.address()).await?;
    let _gone = server.die().await?;
    let ended = connection.read_to_end(&mut Vec::new()).await;
    let error = ended.expect_err("it ended with a goodbye");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    Ok(())
}

#[tokio::test]
async fn dying_ends_calls_that_wait_for_an_answer() -> std::io::Result<()> {
    let (server, client) = server(Limits::default());
    client.get("123").await.expect("connected");
    server.trouble().delay_answers(Duration::from_secs(3600));
    let waiting = tokio::spawn(async move { client.get("123").await });
    while server.counters().read().get < 2 {
        tokio::task::yield_now().await;
    }
    server.die().await?;
    waiting.await?.expect_err("answered");
    Ok(())
}

#[tokio::test]
async fn draining_finishes_what_is_in_flight_and_takes_nothing_new() -> std::io::Result<()> {
    let (server, client) = server(Limits::default());
    client.get("123").await.expect("connected");
    let address = server.address();
    // A connection that stays open without a call does not keep the server.
    let _idle = client.clone();
    server.trouble().delay_answers(Duration::from_millis(200));
    let waiting = tokio::spawn(async move { client.get("123").await });
    while server.counters().read().get < 2 {
        tokio::task::yield_now().await;
    }
    server.drain().await?;
    assert_eq!(waiting.await?.expect("answered"), b"123");
    tokio::net::TcpStream::connect(address)
        .await
        .expect_err("connected");
    Ok(())
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let (server, _client) = server(Limits::default());
    let error = Server::start(server.address(), Limits::default()).expect_err("started");
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}
