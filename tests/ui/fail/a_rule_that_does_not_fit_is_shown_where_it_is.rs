use resilient_runtime::{circuit_breaker, fallback, retry};

#[retry(
    when = |error: &u32| true,
    when_ok = 5,
    on_retry = || {},
)]
async fn retried() -> Result<u32, String> {
    Ok(7)
}

#[circuit_breaker(
    ignore = |error| 7,
    state = String::new(),
    into_error = |error| error.to_string(),
)]
async fn guarded() -> Result<u32, String> {
    Ok(7)
}

#[fallback(value = Ok(7), when = |error: &u32| true)]
async fn answered() -> Result<u32, String> {
    Ok(7)
}

#[retry(count = "3".len())]
async fn counted() -> Result<u32, String> {
    Ok(7)
}

fn main() {}
