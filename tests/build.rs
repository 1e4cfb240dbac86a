//! Writes a function for every order of every choice of up to three layers, and of the first four
//! altogether, for the test of the laws. A hedge is beside two others at most, of those without places.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

const LAYERS: [(char, &str); 9] = [
    ('f', "#[fallback(value = Ok(FALLEN_BACK), when = |_| true)]"),
    (
        'r',
        r#"#[retry(count = 2, delay_ms = 10, backoff = "constant", jitter = "none", budget = RetryBudget::with(BUDGET))]"#,
    ),
    ('t', "#[timeout(ms = 100)]"),
    (
        'b',
        "#[circuit_breaker(window = 10, min_calls = 4, half_open_calls = 2, open_for_ms = 1000)]",
    ),
    ('l', r#"#[rate_limit(permits = 3, per = "3000h")]"#),
    ('p', "#[bulkhead(max_concurrent = 1, max_queue = 1)]"),
    (
        'a',
        r#"#[adaptive_concurrency(side = "client", initial = 1, max = 1)]"#,
    ),
    ('x', "#[fault(error = Down::Own)]"),
    ('h', "#[hedge(after_ms = 20, budget = 1.0)]"),
];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut orders = Vec::new();
    extend(&mut orders, &mut String::new());

    let mut source = String::new();
    for order in &orders {
        for layer in order.chars() {
            let attribute = LAYERS.iter().find(|(letter, _)| *letter == layer);
            let attribute = attribute
                .map(|(_, attribute)| *attribute)
                .unwrap_or_default();
            let _ = writeln!(source, "{attribute}");
        }
        let _ = writeln!(
            source,
            "async fn stack_{order}(body: &Body) -> Result<u32, Down> {{ body.run().await }}"
        );
    }
    let _ = writeln!(
        source,
        "const STACKS: [(&str, Stack); {}] = [",
        orders.len()
    );
    for order in &orders {
        let _ = writeln!(
            source,
            "    (\"{order}\", |body| Box::pin(stack_{order}(body))),"
        );
    }
    source.push_str("];\n");

    let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    fs::write(Path::new(&folder).join("stacks.rs"), source)
}

/// Every order of every choice that begins with `order`, but the empty one.
fn extend(orders: &mut Vec<String>, order: &mut String) {
    for (layer, _) in LAYERS {
        if order.contains(layer) {
            continue;
        }
        order.push(layer);
        if is_wanted(order) {
            orders.push(order.clone());
            extend(orders, order);
        }
        order.pop();
    }
}

fn is_wanted(order: &str) -> bool {
    // What a hedge does to the place that the first attempt holds is a matter of two calls, not of one.
    if order.contains("hp") || order.contains("ha") {
        return false;
    }
    let is_of = |layers: &str| order.chars().all(|layer| layers.contains(layer));
    match (order.len(), order.contains('h')) {
        (..=2, _) | (3, false) => true,
        (3, true) => is_of("frtblxh"),
        _ => is_of("frtb"),
    }
}
