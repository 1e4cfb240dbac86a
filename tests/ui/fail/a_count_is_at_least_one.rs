use resilient_runtime::retry;

#[retry(count = 0)]
async fn none() -> Result<(), ()> {
    Ok(())
}

#[retry(count = -2)]
async fn negative() -> Result<(), ()> {
    Ok(())
}

#[retry(count = 2.5)]
async fn fraction() -> Result<(), ()> {
    Ok(())
}

#[retry(count = 5_000_000_000)]
async fn too_many() -> Result<(), ()> {
    Ok(())
}

fn main() {}
