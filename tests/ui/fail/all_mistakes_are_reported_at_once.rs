use resilient_runtime::{PolicyError, circuit_breaker, fallback, retry};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[fallback(with = stale, value = Ok(()))]
#[retry(count = 0, delay = "soon", colour = 1, jitter = +, max_elapsed = "1x")]
#[circuit_breaker(failure_rate = 2.0)]
fn many(_: u32) -> Option<()> {
    None
}

fn main() {}
