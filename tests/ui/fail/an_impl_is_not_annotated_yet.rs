use resilient_runtime::{PolicyError, resilient};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

struct Client;

#[resilient(standard)]
impl Client {
    async fn get(&self) -> Result<(), Down> {
        Ok(())
    }
}

fn main() {}
