use resilient_runtime::{PolicyError, retry};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

fn convert(_: PolicyError) -> Down {
    Down
}

#[retry(into_error = convert)]
async fn get() -> Result<(), Down> {
    Ok(())
}

fn main() {}
