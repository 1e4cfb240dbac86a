#![deny(warnings, unused_qualifications, unused_results, unused_import_braces, missing_docs)]
#![deny(unreachable_pub, single_use_lifetimes, let_underscore_drop)]
#![forbid(unsafe_code)]

//! Nothing that the attributes write is complained of in the user's crate.

use resilient_runtime::{PolicyError, circuit_breaker, fallback, retry, timeout};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[fallback(with = stale)]
#[timeout("2s")]
#[retry(count = 3, backoff = "fib", clone(key))]
#[timeout(ms = 500)]
#[circuit_breaker(failure_rate = 0.6)]
async fn get(mut n: u32, key: String) -> Result<Vec<u8>, Down> {
    n += 1;
    let _: u32 = n;
    Ok(key.into_bytes())
}

async fn stale(n: u32, key: String, error: Down) -> Result<Vec<u8>, Down> {
    if n == 0 { Err(error) } else { Ok(key.into_bytes()) }
}

fn main() {
    drop(get(1, String::new()));
}
