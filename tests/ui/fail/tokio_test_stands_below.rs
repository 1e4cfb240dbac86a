use resilient_runtime::{PolicyError, timeout};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[tokio::test]
#[timeout]
async fn test() -> Result<(), Down> {
    Ok(())
}

fn main() {}
