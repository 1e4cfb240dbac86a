use resilient_runtime::{PolicyError, adaptive_concurrency};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[adaptive_concurrency(side = "server", min = 20, max = 10)]
async fn crossed() -> Result<(), Down> {
    Ok(())
}

#[adaptive_concurrency(side = "server", initial = 5, min = 10)]
async fn begins_below() -> Result<(), Down> {
    Ok(())
}

#[adaptive_concurrency(side = "server", initial = 2000)]
async fn begins_above() -> Result<(), Down> {
    Ok(())
}

fn main() {}
