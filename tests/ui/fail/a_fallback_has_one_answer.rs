use resilient_runtime::fallback;

#[fallback(value = Ok(()), with = other)]
async fn both() -> Result<(), ()> {
    Ok(())
}

#[fallback]
async fn neither() -> Result<(), ()> {
    Ok(())
}

#[fallback(with = other, when_ok = |_| true)]
async fn for_an_ok() -> Result<(), ()> {
    Ok(())
}

fn main() {}
