use resilient_runtime::fault;

#[fault]
async fn nothing() -> std::io::Result<()> {
    Ok(())
}

#[fault(latency_rate = 0.5)]
async fn no_time() -> std::io::Result<()> {
    Ok(())
}

#[fault(error_rate = 50)]
async fn percent() -> std::io::Result<()> {
    Ok(())
}

fn main() {}
