use std::sync::Arc;

use resilient_runtime::{Bulkhead, RetryBudget, bulkhead, retry};

const BUDGET: RetryBudget = RetryBudget::strict();

#[retry(budget = BUDGET)]
async fn by_a_constant() -> Result<(), ()> {
    Ok(())
}

const fn made() -> RetryBudget {
    RetryBudget::strict()
}

#[retry(budget = made())]
async fn by_a_function() -> Result<(), ()> {
    Ok(())
}

#[retry(budget = &made())]
async fn by_reference() -> Result<(), ()> {
    Ok(())
}

#[retry(budget = Arc::new(RetryBudget::strict()))]
async fn behind_a_pointer() -> Result<(), ()> {
    Ok(())
}

const PLACES: Bulkhead = Bulkhead::new(5);

#[bulkhead(state = PLACES)]
async fn by_the_state_of_another_layer() -> std::io::Result<()> {
    Ok(())
}

fn main() {
    drop(Arc::new(()));
}
