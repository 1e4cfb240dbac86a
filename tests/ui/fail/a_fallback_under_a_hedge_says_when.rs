use resilient_runtime::{fallback, hedge};

#[hedge]
#[fallback(value = Ok(()))]
async fn get() -> Result<(), ()> {
    Ok(())
}

fn main() {}
