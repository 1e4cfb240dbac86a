use resilient_runtime::retry;

#[retry(when_ok = |_| true)]
async fn get() -> Result<impl Send, ()> {
    Ok(1)
}

fn main() {}
