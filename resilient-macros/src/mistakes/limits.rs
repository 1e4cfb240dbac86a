//! The checks of rates, places, adaptive limits and faults, and of whose state it is.

use super::{on_get, stack};

#[test]
fn rates_have_one_form() {
    on_get("rate_limit(per_second = 5)", &[]);
    on_get("rate_limit(per_second = RATE, burst = BURST)", &[]);
    on_get("rate_limit(permits = 5, per = \"1m\")", &[]);
    on_get("rate_limit(permits = 5, per_ms = 100)", &[]);
    on_get("rate_limit", &["needs its rate"]);
    on_get("rate_limit(burst = 5)", &["needs its rate"]);
    on_get("rate_limit(permits = 5)", &["in what time"]);
    on_get("rate_limit(per_ms = 5)", &["`permits` beside `per_ms`"]);
    on_get(
        "rate_limit(per_second = 5, permits = 5)",
        &["`permits` says it again"],
    );
    on_get(
        "rate_limit(per_second = 5, per = \"1s\")",
        &["`per` says it again"],
    );
    on_get(
        "rate_limit(per_second = 5, permits = 5, per = \"1s\")",
        &["`permits` says it again"],
    );
    on_get("rate_limit(policy = P)", &[]);
    on_get("rate_limit(policy = P, permits = 5)", &[]);
    on_get("rate_limit(policy = P, per_second = 5)", &[]);
    on_get(
        "rate_limit(policy = P, per_second = 5, per = \"1s\")",
        &["`per` says it again"],
    );
    on_get("rate_limit(state = S)", &[]);
    on_get("rate_limit(5)", &["say `per_second = 5`"]);
    on_get("rate_limit(per_second = 0)", &["at least 1"]);
    on_get(
        "rate_limit(per_second = 0.5)",
        &["`permits = 1, per = \"2s\"`"],
    );
    on_get(
        "rate_limit(per_second = 2.5)",
        &["`permits = 5, per = \"2s\"`"],
    );
    on_get("rate_limit(per_second = 0.0)", &["at least 1"]);
    on_get("rate_limit(per_second = -0.5)", &["at least 1"]);
    on_get("rate_limit(per_second = 5, burst = 0)", &["at least 1"]);
    on_get("rate_limit(permits = 5, per = \"0s\")", &["has no rate"]);
    on_get("rate_limit(per_second = 5, max_wait = \"0s\")", &[]);
    on_get("rate_limit(per_second = 5, max_wait_ms = WAIT)", &[]);
}

#[test]
fn a_call_takes_no_more_than_there_can_be() {
    on_get("rate_limit(per_second = 5, cost = 5)", &[]);
    on_get("rate_limit(per_second = 5, cost = 6)", &["more than the 5"]);
    on_get("rate_limit(per_second = 5, burst = 6, cost = 6)", &[]);
    on_get(
        "rate_limit(per_second = 9, burst = 5, cost = 6)",
        &["more than the 5"],
    );
    on_get(
        "rate_limit(permits = 5, per = \"1m\", cost = 6)",
        &["more than the 5"],
    );
    on_get("rate_limit(per_second = RATE, cost = 6)", &[]);
    on_get("rate_limit(per_second = 5, cost = n)", &[]);
    on_get("rate_limit(per_second = 5, burst = BURST, cost = 6)", &[]);
    on_get("rate_limit(policy = P, per_second = 5, cost = 6)", &[]);
    on_get("rate_limit(state = S, cost = 6)", &[]);
    on_get("rate_limit(per_second = 5, cost = 0)", &["at least 1"]);
    on_get("bulkhead(cost = 10)", &[]);
    on_get("bulkhead(cost = 11)", &["more than the 10 places"]);
    on_get(
        "bulkhead(max_concurrent = 2, cost = 3)",
        &["more than the 2 places"],
    );
    on_get("bulkhead(policy = P, cost = 11)", &[]);
    on_get("bulkhead(state = S, cost = 11)", &[]);
}

#[test]
fn queues_and_waits_agree() {
    for layer in ["bulkhead(", "adaptive_concurrency(side = \"server\", "] {
        let knobs = |knobs: &str, parts: &[&str]| on_get(&format!("{layer}{knobs})"), parts);
        knobs("max_queue = 5", &[]);
        knobs("max_queue = 5, max_wait = \"1s\"", &[]);
        knobs("max_queue = MANY, max_wait = WAIT", &[]);
        knobs("max_queue = 0", &[]);
        knobs("max_queue = -1", &["whole number"]);
        knobs("max_wait = \"1s\"", &["`max_wait` has nothing to say"]);
        knobs("max_wait_ms = 5", &["`max_wait_ms` has nothing to say"]);
        knobs("max_wait = WAIT", &["has nothing to say"]);
        knobs("max_queue = 0, max_wait = \"1s\"", &["has nothing to say"]);
        knobs("max_wait = \"0s\"", &[]);
        knobs(
            "max_queue = 5, max_wait = \"0s\"",
            &["leaves the queue unused"],
        );
        knobs("policy = P, max_wait = \"1s\"", &[]);
        knobs(
            "policy = P, max_queue = 0, max_wait = \"1s\"",
            &["has nothing to say"],
        );
    }
    on_get("bulkhead(state = S, max_wait = \"1s\")", &[]);
    on_get("bulkhead(max_concurrent = 0)", &["at least 1"]);
    on_get("bulkhead(5)", &["say `max_concurrent = 5`"]);
}

#[test]
fn one_side_is_said() {
    let limiter = |knobs: &str, parts: &[&str]| {
        on_get(&format!("adaptive_concurrency({knobs})"), parts);
    };
    limiter("side = \"server\"", &[]);
    limiter("side = \"client\"", &[]);
    for algorithm in [
        "\"elasticity\"",
        "\"aimd\"",
        "\"gradient2\"",
        "\"vegas\"",
        "Mine",
        "my::Own::<3>",
    ] {
        limiter(&format!("algorithm = {algorithm}"), &[]);
    }
    limiter("", &["which side is this"]);
    limiter("policy = P", &["which side is this"]);
    limiter("state = S", &[]);
    limiter("\"server\"", &["say `side = \"server\"`"]);
    limiter("side = \"sever\"", &["did you mean \"server\""]);
    limiter("side = SIDE", &["is written out"]);
    limiter(
        "side = \"server\", algorithm = \"vegas\"",
        &["keep one of the two"],
    );
    limiter("algorithm = \"gradient\"", &["did you mean \"gradient2\""]);
    limiter("algorithm = \"bbr\"", &["is one of \"elasticity\""]);
    limiter("algorithm = 3", &["is one of \"elasticity\""]);
    limiter("algorithm = Mine::new()", &["is a type or one of"]);
    limiter("algorithm = Self", &["the type's own name"]);
    limiter("state = S, side = \"server\"", &["brings its own settings"]);
}

#[test]
fn limits_agree() {
    let limiter = |knobs: &str, parts: &[&str]| {
        on_get(
            &format!("adaptive_concurrency(side = \"server\", {knobs})"),
            parts,
        );
    };
    limiter("min = 5, initial = 5, max = 5", &[]);
    limiter("min = 6, max = 5", &["`max` is below `min`, which is 6"]);
    limiter("min = 1001", &["give a `max` as well"]);
    limiter("min = 1001, max = 2000", &[]);
    limiter(
        "min = 5, initial = 4",
        &["`initial` is below `min`, which is 5"],
    );
    limiter(
        "max = 5, initial = 6",
        &["`initial` is above `max`, which is 5"],
    );
    limiter(
        "initial = 1001",
        &["`initial` is above `max`, which is 1000"],
    );
    // What is not said is brought into the range.
    limiter("max = 5", &[]);
    limiter("min = 50", &[]);
    limiter("min = LEAST, initial = 4, max = MOST", &[]);
    limiter("policy = P, initial = 1001", &[]);
    limiter("max = 0", &["at least 1"]);
}

#[test]
fn faults_are_named() {
    on_get("fault", &["injects nothing"]);
    on_get("fault(seed = 5)", &["injects nothing"]);
    on_get("fault(policy = P)", &[]);
    on_get("fault(error_rate = 0.1)", &[]);
    on_get("fault(error = Down)", &[]);
    on_get("fault(error = Down::of(key), error_rate = self.rate)", &[]);
    on_get(
        "fault(latency_ms = 5, latency_rate = 0.5, seed = 18446744073709551615)",
        &[],
    );
    on_get("fault(panic_rate = RATE)", &[]);
    on_get("fault(latency_rate = 0.5)", &["how long"]);
    on_get("fault(policy = P, latency_rate = 0.5)", &[]);
    on_get("fault(latency = \"0s\")", &["delays nothing"]);
    on_get("fault(error_rate = 1.5)", &["from 0.0 to 1.0"]);
    on_get("fault(panic_rate = 1.5)", &["from 0.0 to 1.0"]);
    on_get("fault(error_rate = 1, seed = -1)", &["is a whole number"]);
    on_get(
        "fault(error_rate = 1, seed = 18446744073709551616)",
        &["is a whole number"],
    );
    on_get("fault(eror = Down)", &["did you mean `error`"]);
}

#[test]
fn faults_with_an_error_of_their_own_refuse_nothing() {
    stack(
        "fault(error = Down), into_error = f",
        &["drop `into_error`"],
    );
    stack("fault(error_rate = 0.5), into_error = f", &[]);
}

#[test]
fn keys() {
    for layer in [
        "circuit_breaker(",
        "rate_limit(per_second = 5, ",
        "bulkhead(",
        "adaptive_concurrency(side = \"server\", ",
    ] {
        let knobs = |knobs: &str, parts: &[&str]| on_get(&format!("{layer}{knobs})"), parts);
        knobs("key = key", &[]);
        knobs("key = (self.tenant, key.len()), max_keys = 5", &[]);
        knobs("key = key, max_keys = MANY", &[]);
        knobs("max_keys = 5", &["say `key = ..` too"]);
        knobs("scope = \"impl\"", &["on that `impl`"]);
        knobs("scope = \"metod\"", &["did you mean \"method\""]);
        knobs("scope = SCOPE", &["is written out", "on that `impl`"]);
        knobs("key = key, max_keys = 0", &["number of keys"]);
        knobs("key = key, max_keys = n", &["`n` is only known in a call"]);
        knobs("kye = key", &["did you mean `key`"]);
    }
    for layer in [
        "circuit_breaker",
        "rate_limit",
        "bulkhead",
        "adaptive_concurrency",
    ] {
        let knobs =
            |knobs: &str, parts: &[&str]| on_get(&format!("{layer}(state = S, {knobs})"), parts);
        knobs("key = key", &[]);
        knobs(
            "key = key, max_keys = 5",
            &["brings its own settings, so `max_keys`"],
        );
        knobs("max_keys = 5", &["brings its own settings, so `max_keys`"]);
        knobs("policy = P", &["brings its own settings"]);
        knobs("scope = \"impl\"", &["`state` says whose it is"]);
    }
}

#[test]
fn names_from_other_libraries() {
    for (theirs, ours) in [
        ("rate_limit(limit_for_period = 5)", "permits"),
        ("rate_limit(limit_refresh_period = 5)", "per"),
        ("rate_limit(permit_limit = 5)", "permits"),
        ("rate_limit(allow_burst = 5)", "burst"),
        ("rate_limit(rps = 5)", "per_second"),
        ("bulkhead(max_concurrent_calls = 5)", "max_concurrent"),
        ("bulkhead(queue_limit = 5)", "max_queue"),
        ("bulkhead(max_wait_duration = 5)", "max_wait"),
        ("fault(injection_rate = 0.5)", "error_rate"),
        ("fault(fixed_delay = 5)", "latency"),
        (
            "adaptive_concurrency(side = \"client\", max_limit = 5)",
            "max",
        ),
        (
            "adaptive_concurrency(side = \"client\", min_concurrency = 5)",
            "min",
        ),
    ] {
        on_get(theirs, &[&format!("did you mean `{ours}`")]);
    }
}
