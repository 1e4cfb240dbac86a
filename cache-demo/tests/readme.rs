//! The README's examples about calls between services, and those without attributes, compile: they stand here word for word.

#![allow(dead_code, reason = "compiled, not called")]

use std::sync::Arc;
use std::time::Duration;

use cache_demo::client::CacheClient;
use cache_demo::proto::cache_service_client::CacheServiceClient;
use cache_demo::proto::cache_service_server::{CacheService, CacheServiceServer};
use resilient_runtime::grpc::{DeadlineLayer, PropagateService};
use resilient_runtime::{
    AdaptiveConcurrency, Bulkhead, CircuitBreaker, CircuitBreakerSettings, Hedge, HedgeAfter,
    Hedger, Keyed, RateLimiter, Retry, RetryBudget, Timeout, deadline, hedge, rate_limit, retry,
    spawn,
};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tonic::Status;
use tonic::transport::{Endpoint, Server};

#[rustfmt::skip]
mod retry_budgets {
    use super::*;

    static CACHE_BUDGET: RetryBudget = RetryBudget::strict().named("cache");    // 10 retries, not 100

    #[retry(count = 4, budget = CACHE_BUDGET)]          // one for all that name it
    async fn get(client: &CacheClient, key: &str) -> Result<Vec<u8>, Status> {
        client.get(key).await
    }

    #[retry(budget = RetryBudget::strict())]            // one of its own; `budget = self.budget` works too
    async fn look_up(client: &CacheClient, key: &str) -> Result<Vec<u8>, Status> {
        client.get(key).await
    }

    #[retry(key = host)]                                // one for each host
    async fn fetch(client: &CacheClient, host: &str) -> Result<Vec<u8>, Status> {
        client.get(host).await
    }
}

#[rustfmt::skip]
fn deadlines_over_the_wire<S: CacheService>(server: &Endpoint, cache: S) -> impl Sized {
    // A client.
    let channel = PropagateService::new(server.connect_lazy());
    let client = CacheServiceClient::new(channel);

    // A server.
    let router = Server::builder()
        .layer(DeadlineLayer::new().max(Duration::from_secs(30)))
        .add_service(CacheServiceServer::new(cache));

    (client, router)
}

struct Query;

impl Query {
    async fn run(&self) -> u32 {
        0
    }
}

#[rustfmt::skip]
async fn a_queue_of_ones_own(workers: Arc<Semaphore>, query: Query) {
    let work = spawn(async move {
        let _worker = workers.acquire().await;
        if deadline().is_some_and(|at| at < Instant::now()) {
            return Err(Status::deadline_exceeded("nobody waits for it any more"));
        }
        Ok(query.run().await)
    });

    let _ = work.await;
}

struct Store;

impl Store {
    async fn read(&self, key: &str) -> Result<Vec<u8>, Status> {
        Ok(key.into())
    }
}

#[rustfmt::skip]
mod pushback {
    use super::*;

    #[rate_limit(per_second = 500)]                     // the server: refuses, and says until when
    async fn serve(store: &Store, key: &str) -> Result<Vec<u8>, Status> {
        store.read(key).await
    }

    #[retry(count = 4, max_delay = "2s")]               // the client: comes back then, within 2 s or not at all
    async fn ask(client: &CacheClient, key: &str) -> Result<Vec<u8>, Status> {
        client.get(key).await
    }
}

struct Replicas(CacheClient);

impl Replicas {
    fn next(&self) -> &CacheClient {
        &self.0
    }
}

#[rustfmt::skip]
mod hedging {
    use super::*;

    #[hedge]                                            // after = "p95"; or #[hedge("20ms")]
    async fn read(replicas: &Replicas, key: &str) -> Result<Vec<u8>, Status> {
        replicas.next().get(key).await
    }
}

#[rustfmt::skip]
#[allow(unused_variables, reason = "an example")]
async fn by_hand(
    client: &CacheClient,
    store: &CacheClient,
    replicas: &Replicas,
    tenant: &str,
    key: &str,
) -> Result<(), Status> {
    static CACHE: CircuitBreaker =
        CircuitBreaker::with(CircuitBreakerSettings::new().failure_rate(0.6)).named("cache");
    static BUDGET: RetryBudget = RetryBudget::strict();
    static READS: Hedger = Hedger::with(Hedge::new().after(HedgeAfter::Percentile(99.0)));

    let value = CACHE.call(client.get(key)).await;
    let value = Retry::new(3).fib().run(|| client.get(key)).within(&BUDGET).await;
    let value = READS.run(|| replicas.next().get(key)).await;
    let value = Timeout::new(Duration::from_secs(1)).call(client.get(key)).await;
    let permit = CACHE.try_acquire()?;      // and later: permit.record(CallOutcome::Success)

    static TENANTS: Keyed<RateLimiter> = Keyed::new(RateLimiter::per_second(100));
    static DUMPS: Bulkhead = Bulkhead::new(2);
    static SERVER: AdaptiveConcurrency = AdaptiveConcurrency::server();

    let value = TENANTS.get(tenant).call(SERVER.call(store.get(key))).await;
    let place = DUMPS.acquire().await?;     // free again when it is dropped

    Ok(())
}

/// Line by line without its indentation.
fn lines(text: &str) -> String {
    text.lines()
        .map(|line| format!("{}\n", line.trim()))
        .collect()
}

#[test]
fn what_the_readme_shows_is_what_was_compiled() {
    let readme = include_str!("../../README.md");
    let compiled = lines(include_str!("readme.rs"));
    let sections = [
        "## Retry budgets\n",
        "## Deadlines over the wire\n",
        "## Pushback\n",
        "## Hedging\n",
        "## By hand\n",
    ];
    for heading in sections {
        let (_, section) = readme.split_once(heading).expect(heading);
        let section = section.split("\n## ").next().unwrap_or_default();
        let mut examples = section.split("```rust\n").skip(1).peekable();
        assert!(examples.peek().is_some(), "{heading} has no example");
        for example in examples {
            let example = lines(example.split("```").next().unwrap_or_default());
            assert!(compiled.contains(&example), "not compiled:\n{example}");
        }
    }
}
