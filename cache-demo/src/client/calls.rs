//! The business of the client, and above each function what is to happen when the server is not well.

use std::error::Error;
use std::iter::successors;
use std::time::Duration;

use resilient_runtime::{RetryBudget, circuit_breaker, fallback, retry, timeout};
use tonic::{ConnectError, Status};

use super::CacheClient;
use crate::proto::Item;
use crate::server::NOTHING_STORED;

/// The value under this key; the last one seen if the server cannot say.
#[fallback(with = last_seen)]
#[timeout("1s")]
#[retry(count = 3, backoff = "fib", delay_ms = 50)]
#[timeout(ms = 400)]
#[circuit_breaker(
    failure_rate = 0.6,
    window = 20,
    min_calls = 10,
    open_for = "1s",
    open_max = "2s",
    half_open_calls = 2
)]
pub async fn call_get(client: &CacheClient, key: &str) -> Result<Vec<u8>, Status> {
    client.get(key).await
}

/// The fallback: what this client last saw under the key, or the error if it never saw anything.
pub async fn last_seen(client: &CacheClient, key: &str, error: Status) -> Result<Vec<u8>, Status> {
    client.seen(key).ok_or(error)
}

/// Stores the value; asks again only if it is certain that nothing was stored.
#[retry(count = 3, delay_ms = 50, on_timeout = "abort", when = nothing_was_stored)]
#[timeout("1s")]
pub async fn call_store(client: &CacheClient, key: &str, value: &[u8]) -> Result<(), Status> {
    client.store(key, value).await
}

/// The value under this key, if the server says it in this time: a single attempt, for measurements.
#[timeout(after = limit)]
pub async fn get_within(
    client: &CacheClient,
    key: &str,
    limit: Duration,
) -> Result<Vec<u8>, Status> {
    client.get(key).await
}

/// The value under this key, whatever that costs the server.
#[retry(count = 4, delay_ms = 50, budget = "none")]
#[timeout(ms = 250)]
pub async fn get_at_any_cost(client: &CacheClient, key: &str) -> Result<Vec<u8>, Status> {
    client.get(key).await
}

/// The value under this key; the server is not asked again and again when hardly anything succeeds.
#[retry(count = 4, delay_ms = 50, budget = RetryBudget::strict())]
#[timeout(ms = 250)]
pub async fn get_within_budget(client: &CacheClient, key: &str) -> Result<Vec<u8>, Status> {
    client.get(key).await
}

/// Stores the value, if that is done in this time: a single attempt, for measurements.
#[timeout(after = limit)]
pub async fn store_within(
    client: &CacheClient,
    key: &str,
    value: &[u8],
    limit: Duration,
) -> Result<(), Status> {
    client.store(key, value).await
}

/// Stores the value with all patience, as often as the server turns it away; not if it does not answer at all.
#[retry(
    count = 1000,
    delay_ms = 50,
    max_delay = "1s",
    max_elapsed = "30s",
    budget = "none",
    on_timeout = "abort",
    when = turned_away
)]
#[timeout("5s")]
pub async fn fill(client: &CacheClient, key: &str, value: &[u8]) -> Result<(), Status> {
    client.store(key, value).await
}

fn turned_away(error: &Status) -> bool {
    error.metadata().contains_key(NOTHING_STORED)
}

/// Either no connection was made, so nothing was sent, or the server itself says so.
pub fn nothing_was_stored(error: &Status) -> bool {
    let mut causes = successors(error.source(), |cause| (*cause).source());
    turned_away(error) || causes.any(|cause| cause.is::<ConnectError>())
}

/// Everything that the server keeps.
#[retry(count = 3, delay_ms = 50)]
#[timeout("5s")]
pub async fn dump(client: &CacheClient) -> Result<Vec<Item>, Status> {
    let mut stream = client.dump().await?;
    let mut items = Vec::new();
    while let Some(item) = stream.message().await? {
        items.push(item);
    }
    Ok(items)
}
