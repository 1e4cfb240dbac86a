//! Whatever stands in the attributes, the macro does not panic, what it writes is Rust, and the function
//! is still there.

use proc_macro2::TokenStream;
use proptest::prelude::*;
use proptest::sample::select;

use crate::pipeline::expand;

/// What arguments are made of, well-formed and not.
const WORDS: &[&str] = &[
    "count",
    "delay",
    "delay_ms",
    "backoff",
    "jitter",
    "when",
    "clone",
    "state",
    "key",
    "max_keys",
    "scope",
    "policy",
    "budget",
    "max",
    "hedge",
    "\"none\"",
    "\"p95\"",
    "per_second",
    "permits",
    "per",
    "burst",
    "max_wait",
    "cost",
    "max_queue",
    "side",
    "algorithm",
    "initial",
    "error",
    "error_rate",
    "latency",
    "seed",
    "with",
    "value",
    "after",
    "ms",
    "window",
    "failure_rate",
    "name",
    "crate",
    "into_error",
    "retry",
    "timeout",
    "standard",
    "self",
    "nonsense",
    "=",
    "==",
    ",",
    ",",
    ",",
    ".",
    "::",
    "|",
    "-",
    "!",
    "?",
    "3",
    "0",
    "-1",
    "2.5",
    "1e400",
    "99999999999999999999",
    "\"fib\"",
    "\"impl\"",
    "\"server\"",
    "\"1m 30s\"",
    "\"\"",
    "\"5x\"",
    "'c'",
    "true",
    "()",
    "(key)",
    "(count = 3)",
    "[1, 2]",
    "{ }",
    "|e| true",
    "= 3",
    "= \"2s\"",
    "= |e| e.is_down()",
    "= EXPR",
    "#",
    "'a",
    "async",
    "let",
];

const OWN: &[&str] = &[
    "retry",
    "timeout",
    "hedge",
    "circuit_breaker",
    "rate_limit",
    "bulkhead",
    "adaptive_concurrency",
    "fault",
    "fallback",
    "resilient",
];

const FUNCTIONS: &[&str] = &[
    "async fn get(key: &str, mut n: u32) -> Result<u32, Down> { n += 1; call(key, n).await }",
    "#[timeout(ms = 5)] #[fallback] async fn get(self, (a, b): (u32, u32)) -> Result<u32, Down> { Ok(a) }",
    "fn get(&self) -> BoxFuture<'_, Result<u32, Down>> { let x = 1; Box::pin(async move { Ok(x) }) }",
    "#[retry(count = 0)] fn get() {}",
    "async fn get(&self) -> Result<u32, Down>;",
    "impl Client { const A: u8 = 1; #[retry] async fn get(&self) -> Result<u32, Down> { x } fn put() {} }",
    "impl<T> Get for Client<T> { #[resilient(skip)] fn get() -> F { Box::pin(async { x }) } }",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(select(WORDS), 0..12).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_function_is_always_there(
        own in select(OWN),
        args in soup(),
        function in select(FUNCTIONS),
    ) {
        let Ok(args) = args.parse::<TokenStream>() else { return Ok(()) };
        let function: TokenStream = function.parse().expect("a function");
        let expanded = expand(own, args, function);
        let block = expanded.to_string().contains("impl ");
        let parsed = if block {
            syn::parse2::<syn::File>(expanded.clone()).map(drop)
        } else {
            syn::parse2::<syn::ItemTrait>(quote::quote!(trait Client { #expanded })).map(drop)
        };
        prop_assert!(parsed.is_ok(), "{expanded}");
        prop_assert!(expanded.to_string().contains("fn get"), "{expanded}");
    }
}
