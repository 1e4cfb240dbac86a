use resilient_runtime::timeout;

#[derive(Debug)]
struct Refused;

#[timeout]
async fn get() -> Result<(), Refused> {
    Ok(())
}

fn main() {}
