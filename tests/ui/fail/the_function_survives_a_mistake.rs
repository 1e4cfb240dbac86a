use resilient_runtime::{PolicyError, retry, timeout};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[timeout("1x")]
#[retry(count = 0)]
async fn get() -> Result<u32, Down> {
    Ok(7)
}

// Neither of the two attributes is left, and the function can be called.
async fn caller() -> Result<u32, Down> {
    get().await
}

fn main() {}
