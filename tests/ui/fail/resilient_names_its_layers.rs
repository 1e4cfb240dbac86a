use resilient_runtime::{PolicyError, resilient};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[resilient]
async fn none() -> Result<(), Down> {
    Ok(())
}

#[resilient(retries(count = 3), timeout("1s") retry, skip, count = 3)]
async fn wrong() -> Result<(), Down> {
    Ok(())
}

#[resilient(bulkhead, scope = "impl", per_second = 5, retry = 5, standard = true)]
async fn knobs_beside_their_layer() -> Result<u32, Down> {
    Ok(7)
}

#[resilient(standard(count = 5, nonsense))]
async fn arguments() -> Result<u32, ()> {
    Ok(7)
}

fn main() {}
