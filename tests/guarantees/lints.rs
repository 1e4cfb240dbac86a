//! No lint fires on what the attributes write, however strict the user is.
#![deny(
    warnings,
    future_incompatible,
    let_underscore,
    nonstandard_style,
    rust_2018_idioms,
    unused,
    unused_qualifications,
    single_use_lifetimes,
    trivial_casts,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::shadow_reuse,
    clippy::shadow_unrelated,
    clippy::absolute_paths,
    clippy::missing_docs_in_private_items,
    clippy::multiple_unsafe_ops_per_block
)]
#![forbid(unsafe_code)]
// The functions here are what users write; these lints are about the functions.
#![allow(clippy::absolute_paths, clippy::missing_errors_doc)]

use std::io;
use std::time::Duration;

use resilient_runtime::{
    Bulkhead, CircuitBreaker, Hedge, Keyed, RetryBudget, circuit_breaker, fallback, hedge,
    resilient, retry, timeout,
};

/// One for all.
static SHARED: CircuitBreaker = CircuitBreaker::new();

/// Something to ask.
struct Client {
    /// Its own.
    breaker: CircuitBreaker,
    /// How often.
    attempts: u32,
}

/// A trait of the user's.
trait Ask {
    /// Asks.
    async fn ask(&self, key: &str) -> io::Result<u8>;
}

impl Ask for Client {
    #[timeout(ms = 500)]
    #[circuit_breaker(state = self.breaker)]
    async fn ask(&self, key: &str) -> io::Result<u8> {
        tokio::task::yield_now().await;
        key.bytes()
            .next()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Client {
    #[retry(count = self.attempts, when = |error| error.kind() == io::ErrorKind::TimedOut)]
    #[timeout(after = Duration::from_millis(500))]
    async fn twice(&self, key: &str, mut seen: u32) -> io::Result<u32> {
        seen += 1;
        let first = self.ask(key).await?;
        Ok(seen + u32::from(first))
    }
}

/// Another answer.
async fn stale(_client: &Client, key: &str, error: io::Error) -> io::Result<u8> {
    tokio::task::yield_now().await;
    if key.is_empty() { Err(error) } else { Ok(0) }
}

#[fallback(with = stale)]
#[timeout("2s")]
#[retry(count = 3, backoff = "fib")]
#[timeout(ms = 500)]
#[circuit_breaker(failure_rate = 0.6)]
async fn five(client: &Client, key: &str) -> io::Result<u8> {
    let value = client.ask(key).await?;
    if value == 0 {
        return Ok(1);
    }
    Ok(value)
}

#[resilient(retry(count = 2), circuit_breaker(state = SHARED))]
async fn one_line<T: Send + Sync>(values: &[T]) -> io::Result<usize> {
    tokio::task::yield_now().await;
    Ok(values.len())
}

/// Not there yet.
#[retry]
#[timeout("1s")]
async fn refuses() -> io::Result<u8> {
    unimplemented!("later")
}

/// In the older way.
#[resilient(circuit_breaker(key = key))]
async fn returns(key: &str) -> io::Result<usize> {
    tokio::task::yield_now().await;
    return Ok(key.len());
}

/// Without an end.
#[timeout("1s")]
async fn goes_on() -> io::Result<u8> {
    loop {
        tokio::task::yield_now().await;
    }
}

/// Something that serves.
struct Server {
    /// Its own.
    places: Bulkhead,
}

#[resilient(
    rate_limit(per_second = 100, burst = 5, max_wait = "5ms", key = key, cost = key.len()),
    bulkhead(state = self.places, cost = 2, max_wait = "1s"),
    circuit_breaker(key = (key, 1), scope = "impl"),
    fault(error = io::ErrorKind::NotFound.into(), error_rate = f64::from(u8::from(key.is_empty())), latency = "1ms"),
    retry(count = 2),
    name = "server"
)]
impl Ask for Server {
    async fn ask(&self, key: &str) -> io::Result<u8> {
        tokio::task::yield_now().await;
        key.bytes()
            .next()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Another.
trait Takes {
    /// Takes.
    async fn take(&self, key: String) -> io::Result<usize>;
}

#[resilient(bulkhead(max_concurrent = 1), fault(error_rate = 0.1))]
impl Takes for Server {
    async fn take(&self, key: String) -> io::Result<usize> {
        tokio::task::yield_now().await;
        Ok(key.len())
    }
}

/// One for each host.
static BUDGETS: Keyed<RetryBudget> = Keyed::new(RetryBudget::strict());

/// How all reads are hedged.
const READS: Hedge = Hedge::new().budget(0.05);

/// Something with replicas.
struct Replicas {
    /// Its own.
    budget: RetryBudget,
    /// How long one is waited for.
    patience: Duration,
}

impl Replicas {
    #[timeout("2s")]
    #[retry(budget = self.budget)]
    #[hedge(after = self.patience, policy = READS, clone(key))]
    #[timeout(ms = 500)]
    async fn get(&self, key: String, mut seen: u32) -> io::Result<u32> {
        seen += 1;
        tokio::task::yield_now().await;
        if key.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(seen)
    }
}

#[hedge("p95")]
#[fallback(value = Ok(0), when = |error| error.kind() == io::ErrorKind::NotFound)]
#[retry(budget = BUDGETS, key = host, count = 2)]
#[circuit_breaker]
async fn read(host: &str) -> io::Result<usize> {
    tokio::task::yield_now().await;
    Ok(host.len())
}

/// Without an end.
#[hedge]
#[retry(budget = RetryBudget::strict(), key = (host, 1), max_keys = 5)]
async fn reads_on(host: &str) -> io::Result<u8> {
    loop {
        tokio::task::yield_now().await;
    }
}

/// What the lints saw runs, too.
#[tokio::test(start_paused = true)]
async fn hedges_and_budgets_under_every_lint_run() -> io::Result<()> {
    let replicas = Replicas {
        budget: RetryBudget::new(),
        patience: Duration::from_millis(20),
    };
    assert_eq!(replicas.get("a".to_owned(), 1).await?, 2);
    assert_eq!(read("host").await?, 4);
    drop(reads_on("host"));
    Ok(())
}

/// What the lints saw runs, too.
#[tokio::test(start_paused = true)]
async fn functions_under_every_lint_run() -> io::Result<()> {
    let client = Client {
        breaker: CircuitBreaker::new(),
        attempts: 2,
    };
    assert_eq!(five(&client, "a").await?, b'a');
    assert_eq!(
        five(&client, "").await.map_err(|error| error.kind()),
        Err(io::ErrorKind::NotFound)
    );
    assert_eq!(client.twice("b", 1).await?, 2 + u32::from(b'b'));
    assert_eq!(one_line(&[1, 2]).await?, 2);
    assert_eq!(returns("key").await?, 3);
    drop(goes_on());
    drop(refuses());
    Ok(())
}

/// What the lints saw runs, too.
#[tokio::test(start_paused = true)]
async fn a_server_under_every_lint_runs() -> io::Result<()> {
    let server = Server {
        places: Bulkhead::new(2),
    };
    assert_eq!(server.ask("a").await?, b'a');
    assert_eq!(server.take("a".to_owned()).await?, 1);
    Ok(())
}
