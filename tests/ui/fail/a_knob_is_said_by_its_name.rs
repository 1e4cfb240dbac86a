use resilient_runtime::{fallback, timeout};

struct Down;

impl From<resilient_runtime::PolicyError> for Down {
    fn from(_: resilient_runtime::PolicyError) -> Self {
        Self
    }
}

#[fallback(Self::stale)]
async fn answered() -> Result<u32, Down> {
    Ok(7)
}

#[timeout("ms" = 500)]
async fn limited() -> Result<u32, Down> {
    Ok(7)
}

fn main() {}
