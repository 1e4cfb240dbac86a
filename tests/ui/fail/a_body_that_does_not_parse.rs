use resilient_runtime::retry;

#[retry]
async fn get() -> Result<(), ()> {
    let x = ;
    Ok(())
}

fn main() {}
