#![deny(warnings)]

//! A constant is a number of things whatever integer it is, and one that agrees with the others passes.

use std::io;

use resilient_runtime::{
    AdaptiveConcurrencySettings, BulkheadSettings, adaptive_concurrency, bulkhead, circuit_breaker, rate_limit,
};

const MANY: usize = 8;
const SOME: i32 = 4;
const FEW: u8 = 2;
const NARROW: AdaptiveConcurrencySettings = AdaptiveConcurrencySettings::new().max(4);
const PLACES: BulkheadSettings = BulkheadSettings::new().max_concurrent(4);

#[bulkhead(max_concurrent = MANY, max_queue = SOME, cost = 8, key = key, max_keys = MANY * 100)]
async fn places(key: u8) -> io::Result<u8> {
    Ok(key)
}

#[bulkhead(max_concurrent = 2 * 3, max_queue = 1 << 2)]
async fn of_literals() -> io::Result<()> {
    Ok(())
}

#[rate_limit(per_second = MANY, burst = MANY * 2, cost = 16)]
async fn rate() -> io::Result<()> {
    Ok(())
}

#[rate_limit(permits = i64::MAX as u16, per = "1h")]
async fn parts() -> io::Result<()> {
    Ok(())
}

#[adaptive_concurrency(side = "client", min = FEW, initial = SOME, max = MANY)]
async fn limits() -> io::Result<()> {
    Ok(())
}

#[adaptive_concurrency(side = "client", policy = NARROW, min = 4)]
async fn limits_by_a_policy() -> io::Result<()> {
    Ok(())
}

#[bulkhead(policy = PLACES, cost = 4)]
async fn places_by_a_policy() -> io::Result<()> {
    Ok(())
}

#[circuit_breaker(min_calls = MANY, consecutive_failures = SOME, half_open_calls = FEW)]
async fn calls() -> io::Result<()> {
    Ok(())
}

fn main() {
    drop((places(1), of_literals(), rate(), parts()));
    drop((limits(), limits_by_a_policy(), places_by_a_policy(), calls()));
}
