use resilient_runtime::{PolicyError, retry, timeout};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[retry]
async fn nothing() {}

#[retry]
async fn unit() -> () {}

#[timeout]
async fn option() -> Option<u32> {
    None
}

#[timeout]
async fn number() -> u32 {
    7
}

fn main() {}
