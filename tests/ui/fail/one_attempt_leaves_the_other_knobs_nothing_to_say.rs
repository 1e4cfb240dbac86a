use resilient_runtime::retry;

#[retry(count = 1, backoff = "fib")]
async fn never_again() -> Result<(), ()> {
    Ok(())
}

fn main() {}
