use std::time::Duration;

use resilient_runtime::{
    AdaptiveConcurrencySettings, BulkheadSettings, RateLimiterSettings, adaptive_concurrency, bulkhead, rate_limit,
};

const LOW: u32 = 5;
const HIGH: usize = 50;
const NARROW: AdaptiveConcurrencySettings = AdaptiveConcurrencySettings::new().max(4);
const FEW: BulkheadSettings = BulkheadSettings::new().max_concurrent(4);
const SLOW: RateLimiterSettings = RateLimiterSettings::new(4, Duration::from_secs(1));

#[adaptive_concurrency(side = "server", min = 50, max = LOW)]
async fn most_below_a_literal() -> std::io::Result<()> {
    Ok(())
}

#[adaptive_concurrency(side = "server", min = HIGH, max = LOW)]
async fn most_below_a_constant() -> std::io::Result<()> {
    Ok(())
}

#[adaptive_concurrency(side = "server", policy = NARROW, min = 5)]
async fn least_above_a_policy() -> std::io::Result<()> {
    Ok(())
}

#[adaptive_concurrency(side = "server", policy = NARROW, initial = 500)]
async fn first_above_a_policy() -> std::io::Result<()> {
    Ok(())
}

#[adaptive_concurrency(side = "server", initial = LOW, min = 10)]
async fn first_below_a_literal() -> std::io::Result<()> {
    Ok(())
}

#[rate_limit(per_second = LOW, cost = 6)]
async fn above_the_rate() -> std::io::Result<()> {
    Ok(())
}

#[rate_limit(policy = SLOW, cost = 5, key = key)]
async fn above_the_rate_of_a_policy(key: u8) -> std::io::Result<()> {
    let _ = key;
    Ok(())
}

#[bulkhead(max_concurrent = LOW, cost = 6)]
async fn above_the_places() -> std::io::Result<()> {
    Ok(())
}

struct Server;

#[resilient_runtime::resilient(bulkhead(policy = FEW, cost = 5))]
impl Server {
    async fn above_the_places_of_a_policy(&self) -> std::io::Result<()> {
        Ok(())
    }
}

fn main() {}
