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
async fn get(retry: u32) -> Result<u32, Down> {
    Ok(retry)
}

// Neither of the two attributes is left, nor is it in the way of an argument: the function can be called.
async fn caller() -> Result<u32, Down> {
    get(7).await
}

fn main() {}
