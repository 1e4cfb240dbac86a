use resilient_runtime::{PolicyError, resilient, retry};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

struct Client;

impl Client {
    #[resilient(skip)]
    async fn get(&self) -> Result<(), Down> {
        Ok(())
    }
}

#[resilient(timeout)]
impl Client {
    #[resilient(skip)]
    #[retry]
    async fn put(&self) -> Result<(), Down> {
        Ok(())
    }
}

fn main() {}
