use resilient_runtime::retry;

#[retry(delay = "2s", max_delay_ms = 500)]
async fn capped() -> Result<(), ()> {
    Ok(())
}

#[retry(delay = "1m")]
async fn above_the_default_cap() -> Result<(), ()> {
    Ok(())
}

#[retry(backoff = "linear", factor = 3.0)]
async fn no_growth() -> Result<(), ()> {
    Ok(())
}

fn main() {}
