use resilient_runtime::{PolicyError, retry, timeout};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[retry(count = 3, delay = "1s", count = 4, delay_ms = 5)]
async fn twice() -> Result<(), Down> {
    Ok(())
}

#[timeout("1s", ms = 500)]
async fn in_two_ways() -> Result<(), Down> {
    Ok(())
}

fn main() {}
