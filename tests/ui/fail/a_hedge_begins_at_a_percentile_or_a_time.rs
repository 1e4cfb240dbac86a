use std::time::Duration;

use resilient_runtime::hedge;

#[hedge("p100")]
async fn beyond_all() -> Result<(), ()> {
    Ok(())
}

#[hedge("95%")]
async fn share() -> Result<(), ()> {
    Ok(())
}

#[hedge(after = 20)]
async fn without_a_unit() -> Result<(), ()> {
    Ok(())
}

#[hedge("0ms")]
async fn at_once() -> Result<(), ()> {
    Ok(())
}

#[hedge("20ms", min_samples = 50, max = 0)]
async fn no_hedge() -> Result<(), ()> {
    Ok(())
}

#[hedge(percentile = 95)]
async fn by_another_name() -> Result<(), ()> {
    Ok(())
}

#[hedge(after = patience)]
async fn of_another_type(patience: u64) -> Result<(), ()> {
    Ok(())
}

#[hedge(after = patience, max = hedges)]
async fn more_hedges_than_there_are(patience: Duration, hedges: usize) -> Result<(), ()> {
    Ok(())
}

fn main() {}
