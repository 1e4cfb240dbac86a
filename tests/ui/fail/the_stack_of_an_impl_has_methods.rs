use resilient_runtime::{PolicyError, resilient, retry, timeout};

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
    fn len(&self) -> usize {
        0
    }
}

#[timeout]
impl Client {
    async fn get(&self) -> Result<(), Down> {
        Ok(())
    }
}

#[resilient(timeout)]
#[retry]
impl Client {
    async fn put(&self) -> Result<(), Down> {
        Ok(())
    }
}

#[resilient(standard)]
trait Get {
    async fn get(&self) -> Result<(), Down>;
}

fn main() {}
