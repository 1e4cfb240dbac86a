use resilient_runtime::{PolicyError, resilient};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

struct Client;

#[resilient(rate_limit(per_second = 5, key = tenant.id))]
impl Client {
    async fn get(&self, tenant: &Tenant) -> Result<u32, Down> {
        Ok(tenant.id)
    }

    async fn ping(&self) -> Result<(), Down> {
        Ok(())
    }
}

struct Tenant {
    id: u32,
}

fn main() {}
