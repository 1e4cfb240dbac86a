//! The checks of a hedge: when it begins, what its attempts share, and what stands around it.

use super::{on_get as on_get_mut, says};

#[track_caller]
fn on_get(attribute: &str, parts: &[&str]) {
    let source =
        format!("#[{attribute}] async fn get(&self, key: String) -> Result<u32, Down> {{ Ok(1) }}");
    says(&source, parts);
}

#[track_caller]
fn stack(layers: &str, parts: &[&str]) {
    on_get(&format!("resilient({layers})"), parts);
}

#[test]
fn a_hedge_begins_at_a_percentile_or_a_time() {
    for after in [
        "\"p95\"",
        "\"p99.9\"",
        "\"p1\"",
        "\"p99.99\"",
        "\"20ms\"",
        "\"1m 30s\"",
        "AFTER",
        "self.after",
    ] {
        on_get(&format!("hedge({after})"), &[]);
        on_get(&format!("hedge(after = {after})"), &[]);
    }
    on_get("hedge", &[]);
    on_get("hedge(after_ms = 20)", &[]);
    on_get("hedge(after_ms = self.ms)", &[]);
    for after in ["\"p100\"", "\"p0\"", "\"p0.5\"", "\"p99.999\"", "\"p999\""] {
        on_get(&format!("hedge({after})"), &["from \"p1\" to \"p99.99\""]);
    }
    for after in [
        "\"95%\"",
        "\"P95\"",
        "\"p\"",
        "\"p.5\"",
        "\"p1e1\"",
        "\"p9.9.9\"",
        "\"p-1\"",
        "\"fast\"",
        "\"\"",
    ] {
        on_get(&format!("hedge({after})"), &["neither a percentile"]);
    }
    on_get("hedge(\"20\")", &["lacks a unit"]);
    on_get("hedge(20)", &["`after_ms = 20`"]);
    on_get("hedge(0.95)", &["a percentile like \"p95\", or a time"]);
    on_get("hedge(after_ms = \"p95\")", &["counts milliseconds"]);
    for zero in ["\"0ms\"", "after_ms = 0"] {
        on_get(&format!("hedge({zero})"), &["hedges every call"]);
    }
}

#[test]
fn hedges_samples_and_shares() {
    on_get("hedge(max = 2, min_samples = 10, budget = 0.2)", &[]);
    on_get(
        "hedge(max = key.len(), min_samples = N, budget = self.share)",
        &[],
    );
    on_get("hedge(max = 0)", &["beside the first attempt"]);
    on_get("hedge(min_samples = 0)", &[]);
    on_get("hedge(min_samples = -1)", &["write a whole number"]);
    on_get("hedge(budget = 10)", &["from 0.0 to 1.0"]);
    on_get("hedge(budget = \"none\")", &["from 0.0 to 1.0"]);
    on_get("hedge(\"p99\", min_samples = 10)", &[]);
    on_get("hedge(AFTER, min_samples = 10)", &[]);
    on_get("hedge(\"20ms\", min_samples = 10)", &[]);
    on_get("hedge(policy = P, max = 2)", &[]);
    on_get("hedge(policy = self.p)", &["only known in a call"]);
    on_get("hedge(clone(key))", &[]);
    on_get("hedge(clone(kay))", &["did you mean `key`"]);
    on_get("hedge(into_error = f)", &["drop `into_error`"]);
}

#[test]
fn attempts_share_what_they_borrow() {
    on_get_mut("hedge", &["cannot share a `&mut`"]);
    on_get_mut(
        "resilient(timeout, hedge, retry)",
        &["cannot share a `&mut`"],
    );
    for (receiver, parts) in [
        ("&self", &[][..]),
        ("self", &[]),
        ("self: Arc<Self>", &[]),
        ("&mut self", &["cannot share `&mut self`"]),
        ("self: &mut Self", &["cannot share `&mut self`"]),
        ("mut self", &["cannot share `mut self`"]),
    ] {
        for layers in ["hedge", "resilient(retry, hedge)"] {
            let source = format!(
                "#[{layers}] async fn get({receiver}, mut n: u32) -> Result<u32, Down> {{ x }}"
            );
            says(&source, parts);
        }
    }
    says(
        "#[hedge] async fn get(_: &mut u8, (a, b): &mut (u8, u8)) -> Result<u32, Down> { x }",
        &["cannot share", "cannot share"],
    );
}

#[test]
fn stacks_with_a_hedge() {
    stack("retry, hedge, timeout, circuit_breaker", &[]);
    stack("hedge, retry", &[]);
    stack("hedge, hedge", &["there is a `hedge`"]);
    stack("hedge, retry, hedge(max = 2)", &["there is a `hedge`"]);
    stack("standard, hedge", &[]);
    stack("fallback(value = V), hedge", &[]);
    stack("hedge, fallback(value = V)", &["under a `hedge`"]);
    stack("hedge, fallback(value = V, when = f)", &[]);
}

#[test]
fn no_timeout_fires_before_a_hedge_begins() {
    let never = &["no hedge ever begins"][..];
    stack("timeout(\"1s\"), hedge(\"999ms\")", &[]);
    stack("timeout(\"1s\"), hedge(\"1s\")", never);
    stack("timeout(\"1s\"), retry, hedge(\"2s\")", never);
    stack("timeout(LIMIT), hedge(\"2s\")", &[]);
    stack("timeout(\"1s\"), hedge", &[]);
    stack("timeout(\"1s\"), hedge(AFTER)", &[]);
    stack("hedge(\"2s\"), timeout(\"1s\")", never);
    stack("hedge(\"2s\"), circuit_breaker, timeout", never);
    stack("hedge(\"2s\"), circuit_breaker, timeout(\"3s\")", &[]);
    // What waits in between may take longer than the attempt that the timeout bounds.
    stack("hedge(\"2s\"), retry, timeout(\"1s\")", &[]);
    stack(
        "hedge(\"2s\"), bulkhead(max_queue = 5), timeout(\"1s\")",
        &[],
    );
}

#[test]
fn names_of_other_libraries() {
    for (written, meant) in [
        ("delay = \"1s\"", "after"),
        ("delay_ms = 5", "after_ms"),
        ("percentile = 95", "after"),
        ("quantile = 0.95", "after"),
        ("hedging_delay = \"1s\"", "after"),
        ("max_hedges = 2", "max"),
        ("max_attempts = 2", "max"),
        ("max_hedged_attempts = 2", "max"),
        ("min_data_points = 5", "min_samples"),
        ("min_sample = 5", "min_samples"),
        ("max_extra_load = 0.1", "budget"),
        ("budgt = 0.1", "budget"),
    ] {
        on_get(
            &format!("hedge({written})"),
            &[&format!("did you mean `{meant}`?")],
        );
    }
    stack("hegde", &["did you mean `hedge`"]);
}
