use resilient_runtime::retry;

#[retry]
fn sync() -> Result<(), ()> {
    Ok(())
}

#[retry]
struct Data;

fn main() {}
