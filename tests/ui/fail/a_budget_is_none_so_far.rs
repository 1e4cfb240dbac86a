use resilient_runtime::retry;

#[retry(budget = "shared")]
async fn get() -> Result<(), ()> {
    Ok(())
}

fn main() {}
