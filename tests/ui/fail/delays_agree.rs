use resilient_runtime::retry;

#[retry(delay = "2s", max_delay_ms = 500)]
async fn capped() -> Result<(), ()> {
    Ok(())
}

#[retry(backoff = "linear", factor = 3.0)]
async fn no_growth() -> Result<(), ()> {
    Ok(())
}

fn main() {}
