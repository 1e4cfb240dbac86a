use resilient_runtime::{PolicyError, adaptive_concurrency};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[adaptive_concurrency]
async fn neither() -> Result<(), Down> {
    Ok(())
}

#[adaptive_concurrency(side = "server", algorithm = "vegas")]
async fn both() -> Result<(), Down> {
    Ok(())
}

#[adaptive_concurrency(algorithm = "gradient")]
async fn nearly() -> Result<(), Down> {
    Ok(())
}

#[adaptive_concurrency(algorithm = Vegas::new())]
async fn a_value() -> Result<(), Down> {
    Ok(())
}

fn main() {}
