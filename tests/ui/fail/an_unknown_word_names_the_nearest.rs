use resilient_runtime::retry;

#[retry(backoff = "exponentail", jitter = "ful")]
async fn near() -> Result<(), ()> {
    Ok(())
}

#[retry(backoff = "random", on_open = "ignore")]
async fn far() -> Result<(), ()> {
    Ok(())
}

fn main() {}
