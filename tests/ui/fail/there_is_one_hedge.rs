use resilient_runtime::hedge;

#[hedge("20ms")]
#[hedge("p95")]
async fn get() -> Result<(), ()> {
    Ok(())
}

fn main() {}
