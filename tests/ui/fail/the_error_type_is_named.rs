use resilient_runtime::{retry, timeout};

#[retry]
#[timeout]
async fn hidden() -> Result<u32, impl std::error::Error> {
    "7".parse::<u32>()
}

fn main() {}
