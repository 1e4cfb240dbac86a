use resilient_runtime::{PolicyError, fallback, retry, timeout};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[retry]
#[timeout]
#[fallback(value = Ok(()))]
async fn never_retried() -> Result<(), Down> {
    Ok(())
}

fn main() {}
