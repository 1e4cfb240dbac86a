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

#[resilient(skip)]
fn sync() {}

mod renamed {
    use resilient_runtime::resilient as tough;

    use super::{Client, Down};

    #[tough(timeout)]
    impl Client {
        #[tough(skip)]
        async fn ask(&self) -> Result<(), Down> {
            Ok(())
        }

        #[tough(skip)]
        async fn ping(&self) {}
    }
}

fn main() {}
