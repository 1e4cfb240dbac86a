use resilient_runtime::circuit_breaker;

const TOO_MANY: f64 = 60.0;

#[circuit_breaker(failure_rate = TOO_MANY)]
async fn get() -> std::io::Result<()> {
    Ok(())
}

#[circuit_breaker(window = 70_000_u32 + 1)]
async fn never_called<T>(_: T) -> std::io::Result<()> {
    Ok(())
}

fn main() {}
