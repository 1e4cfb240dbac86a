//! The checks of a stack on an `impl`, and what its methods say of themselves.

use proc_macro2::{TokenStream, TokenTree};

use super::says;
use crate::snapshots::expanded;

#[test]
fn impls() {
    let on = |attributes: &str, items: &str, parts: &[&str]| {
        says(
            &format!("{attributes} impl<const N: u32> Client<N> {{ {items} }}"),
            parts,
        );
    };
    let get = "const X: u8 = { 1 }; async fn get(&self) -> Result<u32, Down> { x } fn len(&self) -> u32 { 1 }";
    on("#[resilient(retry, timeout)]", get, &[]);
    on("#[resilient(standard)]", get, &[]);
    on(
        "#[resilient(timeout)]",
        "fn get(&self) -> BoxFuture<Result<u32, Down>> { Box::pin(async move { x }) }",
        &[],
    );
    on(
        "#[resilient(timeout)]",
        "fn len(&self) -> u32 { 1 }",
        &["this one has none"],
    );
    on("#[resilient(timeout)]", "", &["this one has none"]);
    on("#[resilient(skip)]", get, &["takes a method out"]);
    on("#[resilient]", get, &["names no layer"]);
    on(
        "#[resilient(bulkhead, scope = \"impl\")]",
        get,
        &["`scope` belongs in a layer: `bulkhead(scope = ..)`"],
    );
    on("#[timeout]", get, &["write `#[resilient(timeout(..))]`"]);
    on(
        "#[resilient(timeout)] #[retry]",
        get,
        &["stands in one attribute"],
    );
    on(
        "#[resilient(timeout)] #[resilient(retry)]",
        get,
        &["stands in one attribute"],
    );
    on("#[resilient(retry, retry)]", get, &["there is a `retry`"]);
    on("#[resilient(timeout, name = \"store\")]", get, &[]);
    on("#[resilient(timeout, name = NAME)]", get, &["`cache::get`"]);
    for scope in ["impl", "method"] {
        on(
            &format!("#[resilient(circuit_breaker(scope = \"{scope}\"))]"),
            get,
            &[],
        );
    }
    on(
        "#[resilient(circuit_breaker(scope = \"impl\", state = S))]",
        get,
        &["`state` says whose it is"],
    );
    on(
        "#[resilient(timeout(scope = \"impl\"))]",
        get,
        &["has no knob `scope`"],
    );
    on(
        "#[resilient(circuit_breaker(min_calls = N, open_for = Self::TIME, slow_call = self.time))]",
        get,
        &[
            "one for every `N`",
            "`self` is only known in a call",
            "the type's own name",
        ],
    );
}

#[test]
fn methods_of_an_impl() {
    let on = |attributes: &str, method: &str, parts: &[&str]| {
        says(&format!("{attributes} {method}"), parts);
    };
    let get = "async fn get(&self) -> Result<u32, Down> { x }";
    let ping = "async fn ping(&self) {}";
    let stack = "#[resilient(__of_impl(H), retry(clone(key)), rate_limit(per_second = 5, scope = \"impl\"))]";
    on(
        "#[resilient(__of_impl(H), timeout, crate = ::rt)]",
        get,
        &[],
    );
    on(
        "#[resilient(__of_impl(H), timeout)]",
        ping,
        &["on the method `ping`: `#[resilient]` tells success from failure by the `Result`"],
    );
    on(
        "#[resilient(__of_impl(H), timeout)]",
        ping,
        &["by `#[resilient(skip)]`)"],
    );
    on(
        stack,
        get,
        &["on the method `get`: this function has no argument `key`"],
    );
    for own in [
        "resilient(skip)",
        "resilient(skip,)",
        "timeout",
        "resilient(timeout)",
        "resilient_runtime::retry",
    ] {
        on(&format!("{stack} #[inline] #[{own}]"), get, &[]);
    }
    on(&format!("{stack} #[resilient(skip)]"), ping, &[]);
    on(&format!("{stack} #[timeout]"), ping, &["returns nothing"]);
    on(
        &format!("{stack} #[resilient(skip)] #[timeout]"),
        get,
        &["keep them, or `skip`"],
    );
    on(
        &format!("{stack} #[rate_limit(per_second = 5, scope = \"impl\")]"),
        get,
        &["on that `impl`"],
    );
    let keyed = |key: &str, parts: &[&str]| {
        let stack = format!("#[resilient(__of_impl(H), bulkhead(key = {key}))]");
        on(
            &stack,
            "async fn get(&self, host: &Host, r#type: u8) -> Result<u32, Down> { x }",
            parts,
        );
    };
    for key in [
        "host",
        "&host.name[..]",
        "(host.name(), self.x)",
        "HOST",
        "path::host",
        "host(1)",
        "r#type",
    ] {
        keyed(key, &[]);
    }
    keyed(
        "tenant",
        &["on the method `get`: it has no argument `tenant`"],
    );
    keyed("(host, &*tenant.name())", &["no argument `tenant`"]);
    // The `impl` has handed it nothing.
    on("#[resilient(skip)]", ping, &["write `#[resilient(skip)]`"]);
    on(
        "#[resilient(skip)]",
        "async fn get() -> Result<u32, Down> { static __RESILIENT_SITE: u8 = 0; }",
        &["write `#[resilient(skip)]`"],
    );
    on(
        "#[resilient(skip)]",
        "fn len(&self) -> u32 { 1 }",
        &["nothing to `skip` here"],
    );
    // The `impl` itself had a mistake.
    on("#[resilient(__of_impl())]", ping, &[]);
    on(
        "#[resilient(__of_impl())] #[timeout]",
        ping,
        &["returns nothing"],
    );
    on("#[resilient(__of_impl())] #[resilient(skip)]", ping, &[]);
}

#[test]
fn a_mistake_on_an_impl_leaves_its_methods_their_own() {
    let expanded = expanded(
        "#[resilient(nonsense)] #[cfg(x)] impl Client { #[retry] async fn get() -> Result<u32, Down> { x } }",
    )
    .to_string();
    let (_, left) = expanded.split_once('}').expect("an error before the impl");
    let expected: TokenStream = "#[cfg(x)] impl Client { \
         #[::resilient_runtime::resilient(__of_impl())] #[retry] async fn get() -> Result<u32, Down> { x } }"
        .parse()
        .expect("tokens");
    assert_eq!(left.trim(), expected.to_string());
}

#[test]
fn two_impls_of_one_module_have_statics_of_their_own() {
    let of = |name: &str| {
        expanded(&format!(
            "#[resilient(bulkhead)] impl Client {{ async fn {name}(&self) -> Result<u32, Down> {{ x }} }}"
        ))
    };
    let name = |tokens: TokenStream| {
        let words = tokens.into_iter().filter_map(|token| match token {
            TokenTree::Ident(word) => Some(word.to_string()),
            _ => None,
        });
        words
            .into_iter()
            .find(|word| word.starts_with("__RESILIENT_IMPL_BULKHEAD_H"))
            .expect("a static")
    };
    assert_eq!(name(of("get")), name(of("get")));
    assert_ne!(name(of("get")), name(of("put")));
}
