use resilient_runtime::{Keyed, RetryBudget, resilient, retry};

static BUDGETS: Keyed<RetryBudget> = Keyed::new(RetryBudget::new());

#[retry(budget = "none", key = host, max_keys = 5)]
async fn none(host: &str) -> Result<(), ()> {
    let _ = host;
    Ok(())
}

#[retry(max_keys = 5)]
async fn keys_of_nothing() -> Result<(), ()> {
    Ok(())
}

#[retry(budget = BUDGETS, key = host, max_keys = 5)]
async fn keys_of_another(host: &str) -> Result<(), ()> {
    let _ = host;
    Ok(())
}

#[retry(scope = "impl")]
async fn no_impl() -> Result<(), ()> {
    Ok(())
}

struct Client;

#[resilient(retry(budget = BUDGETS, scope = "impl", key = host))]
impl Client {
    async fn get(&self, host: &str) -> Result<(), ()> {
        let _ = host;
        Ok(())
    }
}

#[resilient(retry(budget = "none", scope = "impl"))]
impl Client {
    async fn put(&self) -> Result<(), ()> {
        Ok(())
    }
}

fn main() {}
