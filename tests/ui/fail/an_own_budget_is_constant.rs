use resilient_runtime::{RetryBudget, RetryBudgetSettings, retry};

fn settings() -> RetryBudgetSettings {
    RetryBudgetSettings::new()
}

#[retry(budget = RetryBudget::with(settings()))]
async fn of_a_function() -> Result<(), ()> {
    Ok(())
}

struct Client {
    settings: RetryBudgetSettings,
}

impl Client {
    #[retry(budget = RetryBudget::with(self.settings))]
    async fn of_self(&self) -> Result<(), ()> {
        Ok(())
    }

    const fn budget() -> RetryBudget {
        RetryBudget::new()
    }

    #[retry(budget = Self::budget())]
    async fn of_the_type() -> Result<(), ()> {
        Ok(())
    }
}

#[retry(key = host, max_keys = MANY)]
async fn of_a_generic<const MANY: u32>(host: &str) -> Result<(), ()> {
    let _ = host;
    Ok(())
}

fn main() {}
