use resilient_runtime::retry;

#[tracing::instrument]
#[retry]
async fn owned(key: String) -> Result<(), ()> {
    drop(key);
    Ok(())
}

#[tracing::instrument]
#[retry]
async fn exclusive(seen: &mut u32) -> Result<(), ()> {
    *seen += 1;
    Ok(())
}

fn main() {}
