use resilient_runtime::fallback;

#[fallback(with = stale)]
async fn get(_: u32, (a, b): (u32, u32), key: &str) -> Result<(), ()> {
    let _ = (a, b, key);
    Ok(())
}

fn stale(_: u32, _: (u32, u32), _: &str, _: ()) -> Result<(), ()> {
    Ok(())
}

fn main() {}
