use resilient_runtime::retry;

#[retry]
async unsafe fn unsafe_one() -> Result<(), ()> {
    Ok(())
}

#[retry]
async extern "C" fn foreign() -> Result<(), ()> {
    Ok(())
}

fn main() {}
