use resilient_runtime::{PolicyError, resilient};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

struct Client;

#[resilient(retry(count = 2, clone(key)), timeout)]
impl Client {
    async fn get(&self, key: String) -> Result<String, Down> {
        Ok(key)
    }

    async fn ping(&self) {}

    #[resilient(skip)]
    async fn pong(&self) -> u32 {
        7
    }

    fn len(&self) -> usize {
        0
    }
}

struct Boxed;

trait Count {
    fn count(&self) -> std::pin::Pin<Box<dyn Future<Output = u32>>>;
}

#[resilient(timeout)]
impl Count for Boxed {
    fn count(&self) -> std::pin::Pin<Box<dyn Future<Output = u32>>> {
        Box::pin(async move { 7 })
    }
}

fn main() {}
