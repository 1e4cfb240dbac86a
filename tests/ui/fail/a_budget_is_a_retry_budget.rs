use resilient_runtime::{CircuitBreaker, RetryBudget, retry};

#[retry(budget = 0.1)]
async fn ratio() -> Result<(), ()> {
    Ok(())
}

#[retry(budget = 50)]
async fn capacity() -> Result<(), ()> {
    Ok(())
}

#[retry(budget = "shared")]
async fn word() -> Result<(), ()> {
    Ok(())
}

#[retry(budget = CircuitBreaker::new().named("own"))]
async fn another_type_of_its_own() -> Result<(), ()> {
    Ok(())
}

static BREAKER: CircuitBreaker = CircuitBreaker::new();

#[retry(budget = BREAKER)]
async fn another_type_that_is_shared() -> Result<(), ()> {
    Ok(())
}

static BUDGET: RetryBudget = RetryBudget::new();

#[retry(budget = BUDGET, key = host)]
async fn one_where_there_is_one_for_each_key(host: &str) -> Result<(), ()> {
    let _ = host;
    Ok(())
}

fn main() {}
