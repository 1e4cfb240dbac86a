use resilient_runtime::retry;

#[retry]
async fn get(key: String) -> Result<Vec<u8>, ()> {
    Ok(key.into_bytes())
}

fn main() {}
