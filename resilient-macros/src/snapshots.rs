//! What the attributes write, pinned as readable code in `snapshots/`.
//!
//! `RESILIENT_BLESS=1 cargo test -p resilient-macros` writes the files anew: read the difference.

use std::path::Path;

use proc_macro2::TokenStream;
use syn::{Attribute, Meta};

use crate::function::Item;
use crate::pipeline::expand;

/// Expands the topmost attribute of `source`, as the compiler does first.
pub(crate) fn expanded(source: &str) -> TokenStream {
    let tokens: TokenStream = source.parse().expect("the source is made of tokens");
    let mut item = Item::parse(tokens).expect("the source is an item");
    let at = item
        .attrs
        .iter()
        .position(is_ours)
        .expect("an attribute of ours");
    let attr = item.attrs.remove(at);
    let name = attr
        .path()
        .segments
        .last()
        .expect("a path")
        .ident
        .to_string();
    let args = match attr.meta {
        Meta::List(list) => list.tokens,
        _ => TokenStream::new(),
    };
    expand(&name, args, quote::quote!(#item))
}

fn is_ours(attr: &Attribute) -> bool {
    let last = attr.path().segments.last();
    last.is_some_and(|segment| crate::policy::is_attribute(&segment.ident.to_string()))
}

/// Expands the attribute of an `impl`, and then what it has put on the methods.
fn expanded_impl(source: &str) -> TokenStream {
    let mut file: syn::File = syn::parse2(expanded(source)).expect("the expansion is Rust");
    for item in &mut file.items {
        let syn::Item::Impl(item) = item else {
            continue;
        };
        for item in &mut item.items {
            let source = quote::quote!(#item).to_string();
            if source.contains("__of_impl") {
                *item = syn::parse2(expanded(&source)).expect("the expansion is a method");
            }
        }
    }
    quote::quote!(#file)
}

/// The tokens laid out as a person would; in a trait or an impl if that is where they belong.
fn readable(source: &str, wrapper: Option<&str>) -> String {
    let tokens = expanded(source);
    let file = match wrapper {
        None => syn::parse2(tokens),
        Some(header) => {
            let header: TokenStream = header.parse().expect("a header");
            syn::parse2(quote::quote!(#header { #tokens }))
        }
    };
    prettyplease::unparse(&file.expect("the expansion is Rust"))
}

fn pinned(name: &str, source: &str) {
    pinned_in(name, source, None);
}

fn pinned_in(name: &str, source: &str, wrapper: Option<&str>) {
    is_in_file(name, readable(source, wrapper));
}

fn is_in_file(name: &str, actual: String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/snapshots/{name}.rs"));
    if std::env::var_os("RESILIENT_BLESS").is_some() {
        std::fs::write(&path, actual).expect("the snapshot is written");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        actual == expected,
        "{} is\n{expected}\nand the expansion is now\n{actual}",
        path.display()
    );
}

#[test]
fn retry() {
    pinned(
        "retry",
        r#"
        #[retry(count = 5, backoff = "fib", delay = "50ms", jitter = 0.2)]
        pub(crate) async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
            Ok(client.get(key).await?)
        }
        "#,
    );
}

#[test]
fn retry_by_rules() {
    pinned(
        "retry_by_rules",
        r#"
        #[retry(
            count = config.attempts,
            delay_ms = config.delay,
            backoff = |n| Duration::from_millis(u64::from(n)),
            when = |error| error.code() == Code::Unavailable,
            on_retry = |attempt| log(attempt),
            on_timeout = "abort",
            budget = "none",
            clone(request),
        )]
        async fn get(config: &Config, request: Request, mut seen: u32) -> Result<Vec<u8>, Status> {
            seen += 1;
            send(request, seen).await
        }
        "#,
    );
}

#[test]
fn retry_budgets() {
    let budget = |name: &str, knobs: &str| {
        let source = format!(
            "#[retry({knobs})] async fn get(&self, host: &Host) -> Result<Vec<u8>, Status> {{ Ok(self.get(host).await?) }}"
        );
        pinned_in(name, &source, Some("impl Client"));
    };
    budget(
        "retry_own_budget",
        "budget = RetryBudget::strict().named(\"cache\")",
    );
    budget(
        "retry_budget_for_each_key",
        "key = host.name, max_keys = 100",
    );
    budget(
        "retry_shared_budgets",
        "budget = self.budgets, key = host.name",
    );
}

#[test]
fn hedge() {
    pinned(
        "hedge",
        r#"
        #[hedge]
        async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
            Ok(client.get(key).await?)
        }
        "#,
    );
}

#[test]
fn hedge_by_knobs() {
    pinned_in(
        "hedge_by_knobs",
        r#"
        #[retry]
        #[hedge("p99.9", max = 2, min_samples = self.samples, budget = 0.05, clone(request))]
        async fn get(&self, request: Request, mut seen: u32) -> Result<Vec<u8>, Status> {
            seen += 1;
            self.send(request, seen).await
        }
        "#,
        Some("impl Client"),
    );
}

#[test]
fn hedge_around() {
    pinned(
        "hedge_around",
        r#"
        #[timeout("2s")]
        #[hedge(after_ms = self.patience, policy = CALM)]
        #[timeout(ms = 500)]
        #[circuit_breaker]
        async fn call_get(client: &CacheClient, key: String) -> Result<Vec<u8>, Status> {
            Ok(client.get(&key).await?)
        }
        "#,
    );
}

#[test]
fn timeout() {
    pinned(
        "timeout",
        r#"
        #[timeout(ms = 500)]
        async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
            Ok(client.get(key).await?)
        }
        "#,
    );
}

#[test]
fn timeout_per_call() {
    pinned_in(
        "timeout_per_call",
        r#"
        #[timeout(after = self.limit, name = "client.get", crate = ::resilience, into_error = Refused::from)]
        async fn get(&self, key: &str) -> Result<Vec<u8>, Refused> {
            Ok(self.inner.get(key).await?)
        }
        "#,
        Some("impl Client"),
    );
}

#[test]
fn settings_from_a_policy() {
    pinned(
        "settings_from_a_policy",
        r#"
        #[timeout(policy = LIMIT)]
        #[retry(policy = PATIENT, count = 5, max_delay = "1s")]
        #[circuit_breaker(policy = limits::STRICT, open_for = "10s")]
        async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
            Ok(client.get(key).await?)
        }
        "#,
    );
}

#[test]
fn circuit_breaker() {
    pinned(
        "circuit_breaker",
        r#"
        #[circuit_breaker(
            failure_rate = 0.6,
            window = 100,
            open_for = OPEN_FOR,
            slow_call_ms = 250,
            ignore = |error| error.is_cancelled(),
        )]
        async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
            Ok(client.get(key).await?)
        }
        "#,
    );
}

#[test]
fn circuit_breaker_of_the_instance() {
    pinned_in(
        "circuit_breaker_of_the_instance",
        r#"
        #[circuit_breaker(state = self.breaker, classify = judge)]
        async fn get(&self, key: &str) -> Result<Vec<u8>, Status> {
            Ok(self.inner.get(key).await?)
        }
        "#,
        Some("impl Client"),
    );
}

#[test]
fn rate_limit() {
    pinned(
        "rate_limit",
        r#"
        #[rate_limit(per_second = 100, burst = BURST, max_wait = "50ms")]
        #[rate_limit(permits = 1000, per = "1m", key = tenant, cost = items.len())]
        async fn store(client: &Client, tenant: &str, items: Vec<Item>) -> Result<(), Status> {
            Ok(client.store(tenant, items).await?)
        }
        "#,
    );
}

#[test]
fn bulkhead() {
    pinned_in(
        "bulkhead",
        r#"
        #[bulkhead(max_concurrent = 20, max_queue = 100)]
        #[bulkhead(state = self.tenants, key = (tenant, self.region), max_wait = self.patience)]
        async fn dump(&self, tenant: u32) -> Result<Vec<Entry>, Status> {
            Ok(self.entries(tenant).await?)
        }
        "#,
        Some("impl Store"),
    );
}

#[test]
fn adaptive_concurrency() {
    pinned_in(
        "adaptive_concurrency",
        r#"
        #[adaptive_concurrency(side = "server", policy = LIMITS, max = 200)]
        #[adaptive_concurrency(algorithm = own::Algorithm, key = tenant, max_keys = 100)]
        #[adaptive_concurrency(state = self.limiter)]
        async fn get(&self, tenant: u32) -> Result<Vec<u8>, Status> {
            Ok(self.inner.get(tenant).await?)
        }
        "#,
        Some("impl Store"),
    );
}

#[test]
fn a_breaker_for_each_key() {
    pinned(
        "a_breaker_for_each_key",
        r#"
        #[retry]
        #[circuit_breaker(key = &host[1..], open_for = "10s")]
        async fn get(host: String) -> Result<Vec<u8>, Status> {
            Ok(call(&host).await?)
        }
        "#,
    );
}

#[test]
fn fault() {
    pinned(
        "fault",
        r#"
        #[fault(error = Status::unavailable(key), latency = lag)]
        #[fault(error_rate = 0.1, panic_rate = 0.01, seed = 7)]
        async fn get(client: &Client, key: &str, lag: Duration) -> Result<Vec<u8>, Status> {
            Ok(client.get(key).await?)
        }
        "#,
    );
}

#[test]
fn fallback() {
    pinned(
        "fallback",
        r#"
        #[fallback(with = stale)]
        async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
            Ok(client.get(key).await?)
        }
        "#,
    );
}

#[test]
fn fallback_value_by_rules() {
    pinned(
        "fallback_value_by_rules",
        r#"
        #[fallback(value = Ok(Vec::new()), when = Status::is_gone, when_ok = Vec::is_empty)]
        #[timeout("1s")]
        async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
            Ok(client.get(key).await?)
        }
        "#,
    );
}

#[test]
fn fallback_value_of_an_argument() {
    pinned(
        "fallback_value_of_an_argument",
        r#"
        #[fallback(value = Ok(a))]
        #[timeout(ms = 500)]
        async fn get((mut a, ref mut b): (u32, u32), mut c: u32) -> Result<u32, Status> {
            a += c;
            c += 1;
            call(a, b, c).await
        }
        "#,
    );
}

#[test]
fn fallback_inside() {
    pinned(
        "fallback_inside",
        r#"
        #[retry]
        #[fallback(with = stale, when = |error| error.is_gone(), clone(key))]
        #[timeout]
        async fn get(client: &mut Client, key: String) -> Result<Vec<u8>, Status> {
            Ok(client.get(key).await?)
        }
        "#,
    );
}

#[test]
fn five_layers() {
    pinned(
        "five_layers",
        r#"
        #[fallback(with = stale)]
        #[timeout("2s")]
        #[retry(count = 3, backoff = "fib")]
        #[timeout(ms = 500)]
        #[circuit_breaker(failure_rate = 0.6)]
        async fn call_get(client: &CacheClient, key: &str) -> Result<Vec<u8>, Status> {
            Ok(client.get(key).await?)
        }
        "#,
    );
}

#[test]
fn resilient_is_the_same_stack() {
    let stacked = expanded(
        r#"
        #[fallback(with = stale)]
        #[retry(count = 3, backoff = "fib")]
        #[timeout(ms = 500)]
        async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> { body() }
        "#,
    );
    let listed = expanded(
        r#"
        #[resilient(fallback(with = stale), retry(count = 3, backoff = "fib"), timeout(ms = 500))]
        async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> { body() }
        "#,
    );
    // All but what names the siblings.
    let uses = "# [retry] use { } ; # [timeout] use { } ; ";
    assert_eq!(stacked.to_string().replace(uses, ""), listed.to_string());
}

#[test]
fn standard() {
    pinned(
        "standard",
        r#"
        #[resilient(standard, retry(count = 5))]
        async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
            Ok(client.get(key).await?)
        }
        "#,
    );
}

#[test]
fn async_trait() {
    pinned_in(
        "async_trait",
        r#"
        #[retry(count = self.attempts)]
        #[fallback(with = Self::stale, when = Status::is_gone)]
        fn get<'life0, 'life1, 'async_trait>(
            &'life0 self,
            key: &'life1 str,
            seen: u32,
        ) -> ::core::pin::Pin<Box<
            dyn ::core::future::Future<Output = Result<Vec<u8>, Status>> + ::core::marker::Send + 'async_trait
        >>
        where
            'life0: 'async_trait,
            'life1: 'async_trait,
            Self: 'async_trait,
        {
            Box::pin(async move {
                if let ::core::option::Option::Some(__ret) =
                    ::core::option::Option::None::<Result<Vec<u8>, Status>>
                {
                    #[allow(unreachable_code)]
                    return __ret;
                }
                let __self = self;
                let mut seen = seen;
                let __ret: Result<Vec<u8>, Status> = {
                    seen += 1;
                    Ok(__self.inner.get(key, seen).await?)
                };
                #[allow(unreachable_code)]
                __ret
            })
        }
        "#,
        Some("impl Get for Client"),
    );
}

#[test]
fn boxed() {
    pinned_in(
        "boxed",
        r#"
        #[retry]
        fn get<'a>(&'a self, key: &'a str) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, Status>> + Send + 'a>> {
            let inner = self.inner.clone();
            Box::pin(async move {
                Ok(inner.get(key).await?)
            })
        }
        "#,
        Some("impl Client"),
    );
}

#[test]
fn async_trait_arguments() {
    pinned_in(
        "async_trait_arguments",
        r#"
        #[fallback(value = Ok(b))]
        #[retry(clone(key))]
        fn get<'life0, 'life1, 'async_trait>(
            &'life0 mut self,
            __arg1: Pair,
            __arg2: u32,
            key: String,
            seen: &'life1 mut Vec<u32>,
        ) -> ::core::pin::Pin<Box<
            dyn ::core::future::Future<Output = Result<u32, Status>> + ::core::marker::Send + 'async_trait
        >>
        where
            'life0: 'async_trait,
            Self: 'async_trait,
        {
            Box::pin(async move {
                if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<Result<u32, Status>> {
                    #[allow(unreachable_code)]
                    return __ret;
                }
                let mut __self = self;
                let Pair { mut a, b } = {
                    let __arg1 = __arg1;
                    __arg1
                };
                let __arg2 = __arg2;
                let key = key;
                let __ret: Result<u32, Status> = {
                    a += b;
                    __self.call(a, key, seen).await
                };
                #[allow(unreachable_code)]
                __ret
            })
        }
        "#,
        Some("impl Get for Client"),
    );
}

const STORE: &str = r#"
    #[resilient(
        rate_limit(per_second = 100, key = tenant),
        adaptive_concurrency(side = "server"),
        bulkhead(max_concurrent = 5, scope = "method"),
        circuit_breaker(scope = "impl", min_calls = 5),
        retry(scope = "impl", budget = RetryBudget::strict(), key = tenant),
        name = "store",
    )]
    impl<T: Send> Get for Store<T> {
        type Answer = Vec<u8>;

        #[doc = "Gets it."]
        #[cfg_attr(feature = "calm", resilient(skip))]
        async fn get(&self, tenant: u32) -> Result<Vec<u8>, Status> {
            Ok(self.inner.get(tenant).await?)
        }

        #[timeout("1s")]
        async fn put(&self, tenant: u32) -> Result<(), Status> {
            Ok(self.inner.put(tenant).await?)
        }

        #[resilient(skip)]
        async fn ping(&self) {}

        fn len(&self) -> usize {
            self.inner.len()
        }
    }
"#;

#[test]
fn impl_block() {
    pinned("impl_block", STORE);
}

#[test]
fn impl_block_methods() {
    let file = syn::parse2(expanded_impl(STORE)).expect("the expansion is Rust");
    is_in_file("impl_block_methods", prettyplease::unparse(&file));
}

/// Whether the timeout below the retry was taken for one of ours.
fn takes(attributes: &str) -> bool {
    let source = format!("{attributes} async fn get() -> Result<u32, Down> {{ x }}");
    expanded(&source)
        .to_string()
        .contains("__RESILIENT_TIMEOUT")
}

#[test]
fn siblings_are_known_by_their_paths() {
    assert!(takes("#[retry] #[timeout]"));
    assert!(takes("#[retry] #[resilient_runtime::timeout]"));
    assert!(takes("#[retry] #[::resilient_macros::timeout(ms = 5)]"));
    assert!(takes("#[retry(count = 3, crate = ::rt)] #[rt::timeout]"));
    assert!(takes(
        "#[retry] #[rt::timeout(ms = 3, crate = crate::vendor::rt)]"
    ));
    assert!(takes(
        "#[retry(crate = crate::vendor::rt)] #[vendor::rt::timeout]"
    ));
    assert!(takes(
        "#[rt::retry] #[crate::rt::timeout(crate = crate::rt)]"
    ));
    assert!(!takes("#[retry] #[ntest::timeout(5)]"));
    assert!(!takes("#[retry] #[rt::timeout]"));
    assert!(!takes("#[retry(crate = ::smart)] #[art::timeout]"));
    assert!(!takes("#[retry] #[::timeout]"));
    assert!(!takes("#[retry] #[other(crate = ::rt)] #[rt::timeout]"));
}

/// Of each future that is written, the outermost first, whether it owns what it uses.
fn owners(layers: &str) -> Vec<bool> {
    let source = format!(
        "#[resilient({layers})] async fn get(&self, key: String) -> Result<u32, Down> {{ x }}"
    );
    let text = expanded(&source).to_string();
    let futures = text.match_indices("let call = async ");
    futures
        .map(|(at, found)| {
            text.get(at + found.len()..)
                .is_some_and(|rest| rest.starts_with("move"))
        })
        .collect()
}

#[test]
fn a_future_owns_the_arguments_that_nobody_else_needs() {
    for (layers, expected) in [
        ("timeout", &[true][..]),
        ("timeout(after = self.limit)", &[true]),
        ("circuit_breaker(state = SHARED)", &[true]),
        ("circuit_breaker(state = self.breaker)", &[false]),
        ("circuit_breaker(when = |error| error.is(&key))", &[false]),
        ("circuit_breaker(when = |key| key.is_down())", &[true]),
        ("fallback(value = NONE), timeout", &[true]),
        ("fallback(value = Ok(key.len())), timeout", &[false]),
        (
            "fallback(value = NONE, when = |error| error.is(&key))",
            &[false],
        ),
        ("fallback(with = stale), timeout", &[false]),
        // An attempt borrows, but all attempts together own.
        ("retry", &[false]),
        ("timeout, retry", &[true, false]),
        ("timeout, retry(count = key.len())", &[true, false]),
        ("timeout, retry(backoff = |n| key.pause(n))", &[true, false]),
        ("timeout, retry(backoff = pauses(&key))", &[false, false]),
        (
            "timeout, retry, circuit_breaker(state = self.breaker)",
            &[false, false],
        ),
        (
            "timeout, retry, circuit_breaker(state = SHARED)",
            &[true, false],
        ),
        ("fallback(value = NONE), timeout, retry", &[true, false]),
        ("fallback(with = stale), timeout, retry", &[false, false]),
        ("timeout, fallback(with = stale)", &[true, false]),
        ("retry, fallback(with = stale, when = f)", &[false, false]),
        ("timeout, retry(budget = SHARED)", &[true, false]),
        ("timeout, retry(key = &key)", &[true, false]),
        ("timeout, retry(budget = self.budget)", &[false, false]),
        ("hedge, timeout", &[false]),
        ("hedge, retry", &[false, false]),
        (
            "timeout, hedge, fault(error = Down), retry",
            &[false, false, false],
        ),
        ("fault(error = Down), hedge", &[false]),
        ("timeout, fault(error = Down), hedge", &[true, false]),
    ] {
        assert_eq!(owners(layers), expected, "{layers}");
    }
}
