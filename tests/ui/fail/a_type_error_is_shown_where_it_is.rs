use resilient_runtime::retry;

#[retry]
async fn answer() -> Result<u32, String> {
    7
}

#[retry]
async fn early(n: u32) -> Result<u32, String> {
    if n == 0 {
        return n;
    }
    Ok(n)
}

fn main() {}
