use resilient_runtime::{PolicyError, retry};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

use resilient_runtime::timeout as limit;

#[retry]
#[limit("1s")]
async fn get() -> Result<(), Down> {
    Ok(())
}

fn main() {}
