use resilient_runtime::{PolicyError, rate_limit};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[rate_limit]
async fn none() -> Result<(), Down> {
    Ok(())
}

#[rate_limit(per_second = 100, permits = 1000, per = "10s")]
async fn two() -> Result<(), Down> {
    Ok(())
}

#[rate_limit(permits = 1000)]
async fn half() -> Result<(), Down> {
    Ok(())
}

#[rate_limit(per_second = 0.5, burst = 0)]
async fn not_whole() -> Result<(), Down> {
    Ok(())
}

#[rate_limit(limit_for_period = 1000, per = "1m")]
async fn of_another_library() -> Result<(), Down> {
    Ok(())
}

fn main() {}
