use resilient_runtime::retry;

#[retry]
#[retry(count = 5)]
async fn twice() -> Result<(), ()> {
    Ok(())
}

fn main() {}
