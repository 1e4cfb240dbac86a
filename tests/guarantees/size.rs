//! How much larger the layers make a future.

use std::io;
use std::time::Duration;

use resilient_runtime::{
    RetryBudget, adaptive_concurrency, bulkhead, circuit_breaker, fallback, fault, hedge,
    rate_limit, retry, timeout,
};

static BUDGET: RetryBudget = RetryBudget::new();

async fn bare(payload: &[u8; 1024]) -> io::Result<u8> {
    let held = *payload;
    tokio::task::yield_now().await;
    Ok(held[0])
}

macro_rules! layered {
    ($($name:ident: $(#[$layer:meta])+;)+) => {$(
        $(#[$layer])+
        async fn $name(payload: &[u8; 1024]) -> io::Result<u8> {
            let held = *payload;
            tokio::task::yield_now().await;
            Ok(held[0])
        }
    )+};
}

layered! {
    retried: #[retry];
    budgeted: #[retry(budget = BUDGET)];
    budget_of_a_key: #[retry(key = "key")];
    hedged: #[hedge];
    hedged_per_call: #[hedge(after = Duration::from_millis(5))];
    hedged_stack: #[hedge] #[timeout] #[circuit_breaker];
    retried_hedge: #[retry] #[hedge] #[timeout] #[circuit_breaker];
    limited: #[timeout];
    guarded: #[circuit_breaker];
    with_fallback: #[fallback(value = Ok(0))];
    rated: #[rate_limit(per_second = 10)];
    placed: #[bulkhead];
    adapted: #[adaptive_concurrency(side = "server")];
    faulty: #[fault(error_rate = 0.1)];
    all_limits: #[rate_limit(per_second = 10)] #[bulkhead] #[adaptive_concurrency(side = "server")];
    once: #[timeout] #[circuit_breaker];
    stack: #[retry] #[timeout] #[circuit_breaker];
    five_limits: #[retry] #[timeout] #[circuit_breaker] #[bulkhead] #[rate_limit(per_second = 10)];
    full_stack: #[fallback(value = Ok(0))] #[timeout("2s")] #[retry] #[timeout(ms = 500)] #[circuit_breaker];
}

/// The most that a stack may add to the body's own future, in bytes. The README
/// states these numbers.
///
/// 16 of them are the call itself, which is counted however it ends. A place, and an attempt of a retry, know when
/// they began (8), and an attempt has its span (8).
#[test]
fn the_layers_add_no_more_than_is_stated() {
    let payload = [0; 1024];
    let bare = size_of_val(&bare(&payload));
    let added = [
        ("retry", size_of_val(&retried(&payload)) - bare, 120),
        (
            "retry, budget",
            size_of_val(&budgeted(&payload)) - bare,
            168,
        ),
        (
            "retry, key",
            size_of_val(&budget_of_a_key(&payload)) - bare,
            168,
        ),
        ("hedge", size_of_val(&hedged(&payload)) - bare, 272),
        (
            "hedge, after",
            size_of_val(&hedged_per_call(&payload)) - bare,
            272,
        ),
        (
            "hedge, timeout, breaker",
            size_of_val(&hedged_stack(&payload)) - bare,
            480,
        ),
        (
            "retry, hedge, timeout, breaker",
            size_of_val(&retried_hedge(&payload)) - bare,
            592,
        ),
        ("timeout", size_of_val(&limited(&payload)) - bare, 184),
        (
            "circuit_breaker",
            size_of_val(&guarded(&payload)) - bare,
            88,
        ),
        ("fallback", size_of_val(&with_fallback(&payload)) - bare, 40),
        ("rate_limit", size_of_val(&rated(&payload)) - bare, 64),
        ("bulkhead", size_of_val(&placed(&payload)) - bare, 104),
        (
            "adaptive_concurrency",
            size_of_val(&adapted(&payload)) - bare,
            160,
        ),
        ("fault", size_of_val(&faulty(&payload)) - bare, 104),
        ("all limits", size_of_val(&all_limits(&payload)) - bare, 264),
        ("timeout, breaker", size_of_val(&once(&payload)) - bare, 232),
        (
            "retry, timeout, breaker",
            size_of_val(&stack(&payload)) - bare,
            336,
        ),
        (
            "retry, timeout, breaker, bulkhead, rate_limit",
            size_of_val(&five_limits(&payload)) - bare,
            456,
        ),
        ("all five", size_of_val(&full_stack(&payload)) - bare, 512),
    ];
    for (stack, added, most) in added {
        println!("{stack}: {added} bytes added, {most} allowed");
    }
    for (stack, added, most) in added {
        assert!(
            added <= most,
            "{stack} adds {added} bytes to {bare}, more than {most}"
        );
    }
}
