//! The checks of the budget of a retry: what it is, and whose.

use super::{on_get, says, stack};

#[test]
fn a_budget_is_made_here_or_there_already() {
    for budget in [
        "\"none\"",
        "RetryBudget::strict()",
        "rt::RetryBudget::with(SETTINGS).named(\"cache\")",
        "(RetryBudget::new())",
        "CACHE_BUDGET",
        "budgets::CACHE",
        "*LAZY",
        "self.budget",
        "self.budget.clone()",
        "self.budget()",
        "budget_of(&key)",
        "Arc::clone(&self.budget)",
    ] {
        on_get(&format!("retry(budget = {budget})"), &[]);
    }
}

#[test]
fn a_literal_is_told_what_to_write() {
    for (budget, written) in [
        ("0.1", "RetryBudgetSettings::new().ratio(0.1))"),
        ("50", "RetryBudgetSettings::new().capacity(50))"),
        ("\"strict\"", "`budget = RetryBudget::strict()`"),
        ("false", "`budget = \"none\"`"),
        ("true", "`budget = RetryBudget::new()`"),
        ("-1", "or `budget = \"none\"`"),
        ("\"shared\"", "or `budget = \"none\"`"),
    ] {
        on_get(&format!("retry(budget = {budget})"), &[written]);
    }
}

#[test]
fn an_own_budget_is_a_constant() {
    for (budget, told) in [
        (
            "RetryBudget::with(self.settings)",
            "`self` is only known in a call",
        ),
        (
            "RetryBudget::new().named(key)",
            "of your own by `budget = expression`",
        ),
        ("RetryBudget::with(Self::SETTINGS)", "the type's own name"),
        (
            "Arc::new(RetryBudget::strict())",
            "makes a new budget for each call",
        ),
    ] {
        on_get(&format!("retry(budget = {budget})"), &[told]);
    }
    on_get(
        "retry(key = key, max_keys = self.many)",
        &["only known in a call"],
    );
    on_get(
        "retry(policy = self.policy)",
        &["only known in a call: use a constant"],
    );
    says(
        "#[retry(budget = RetryBudget::with(T::SETTINGS))] async fn get<T>() -> Result<u32, Down> { x }",
        &["one for every `T`"],
    );
}

#[test]
fn no_budget_has_nothing_beside_it() {
    on_get(
        "retry(budget = \"none\", key = key, max_keys = 5)",
        &[
            "so `key` has nothing to say",
            "so `max_keys` has nothing to say",
        ],
    );
    on_get(
        "retry(budget = \"none\", max_keys = 5)",
        &["so `max_keys` has nothing to say"],
    );
    on_get(
        "retry(budget = \"none\", scope = \"impl\")",
        &["so `scope` has nothing to say"],
    );
}

#[test]
fn a_budget_for_each_key() {
    on_get("retry(key = key)", &[]);
    on_get("retry(key = key, max_keys = 5)", &[]);
    on_get(
        "retry(key = key, budget = RetryBudget::strict(), max_keys = 5)",
        &[],
    );
    on_get("retry(key = key, budget = BUDGETS)", &[]);
    on_get("retry(max_keys = 5)", &["say `key = ..` too"]);
    on_get(
        "retry(budget = BUDGET, max_keys = 5)",
        &["say `key = ..` too"],
    );
    on_get(
        "retry(key = key, budget = BUDGETS, max_keys = 5)",
        &["`max_keys` would change nothing"],
    );
    on_get("retry(key = key, max_keys = 0)", &["at least 1"]);
}

#[test]
fn the_budget_of_an_impl() {
    let on = |layer: &str, parts: &[&str]| {
        let source = format!(
            "#[resilient({layer})] impl Client {{ async fn get(&self) -> Result<u32, Down> {{ x }} }}"
        );
        says(&source, parts);
    };
    on("retry(scope = \"impl\")", &[]);
    on(
        "retry(scope = \"method\", budget = RetryBudget::strict())",
        &[],
    );
    on(
        "retry(scope = \"impl\", budget = BUDGET)",
        &["`budget` names one that is there already"],
    );
    on("retry(scope = \"all\")", &["one of \"impl\", \"method\""]);
    on("retry(budget = self.budget)", &[]);
    stack(
        "retry(scope = \"impl\")",
        &["in the `#[resilient(..)]` on that `impl`"],
    );
    stack("retry(scope = \"impl\")", &["or what `budget = ..` names"]);
    on_get(
        "retry(scope = \"impl\", budget = BUDGET)",
        &["`budget` names one"],
    );
}

#[test]
fn one_attempt_has_no_use_for_a_budget() {
    for knob in ["budget = BUDGET", "budget = \"none\"", "key = key"] {
        on_get(
            &format!("retry(count = 1, {knob})"),
            &["has nothing to say"],
        );
    }
}

#[test]
fn names_of_other_libraries() {
    on_get("retry(retry_budget = B)", &["did you mean `budget`"]);
    on_get("retry(throttling = B)", &["did you mean `budget`"]);
}
