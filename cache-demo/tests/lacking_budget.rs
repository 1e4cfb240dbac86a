//! Give the retry a budget that never ends, and the story's check of its claims fails.

use std::time::Duration;

use cache_demo::story::{Narrator, tell_of_storm};
use resilient_runtime::{LayerKind, RetryBudget, registry};

// The only test here: the budget is that of the whole process.
#[tokio::test]
async fn with_a_budget_that_never_ends_the_story_of_the_storm_fails() {
    let site = registry().site("cache_demo::client::calls::get_within_budget");
    let retry = site.and_then(|site| site.layer(LayerKind::Retry));
    let budget = retry.and_then(|retry| retry.state::<RetryBudget>());
    let budget = budget.expect("it has a budget of its own");
    budget.set("per_second", 1000.0.into()).expect("a rate");
    budget.set("capacity", 1000.into()).expect("a number");

    let after = Duration::from_millis(2500);
    let storm = tell_of_storm(after, &mut Narrator::silent())
        .await
        .expect("the story was told");
    let claims = storm.claims();
    let mut of_it = claims
        .iter()
        .filter(|claim| claim.thanks_to == Some("budget"));
    assert!(of_it.any(|claim| !claim.held), "{claims:#?}");
}
