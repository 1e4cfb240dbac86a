//! Each check, by what it says: the places it points to are pinned where the compiler runs.

mod budgets;
mod hedges;
mod impls;
mod limits;

use proc_macro2::{TokenStream, TokenTree};

use crate::snapshots::expanded;

/// The messages of all `compile_error!`s, in their order.
fn messages(tokens: TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        let name = at.checked_sub(2).and_then(|at| tokens.get(at));
        if crate::tokens::is_ident(name, "compile_error") {
            let text: syn::LitStr = syn::parse2(group.stream()).expect("a message");
            found.push(text.value());
        } else {
            found.extend(messages(group.stream()));
        }
    }
    found
}

/// Asserts that `source` gives just these mistakes, each told by a part of its message.
#[track_caller]
fn says(source: &str, parts: &[&str]) {
    let found = messages(expanded(source));
    let told = found.len() == parts.len()
        && found
            .iter()
            .zip(parts)
            .all(|(message, part)| message.contains(part));
    assert!(told, "{source}\ngave {found:#?}\nand not {parts:#?}");
}

/// The same for an attribute on a function with nothing wrong.
#[track_caller]
fn on_get(attribute: &str, parts: &[&str]) {
    let source = format!(
        "#[{attribute}] async fn get(&self, key: String, n: &mut u32) -> Result<u32, Down> {{ Ok(1) }}"
    );
    says(&source, parts);
}

#[track_caller]
fn stack(layers: &str, parts: &[&str]) {
    on_get(&format!("resilient({layers})"), parts);
}

#[test]
fn counts() {
    on_get("retry(count = 1)", &[]);
    on_get("retry(count = 4294967295u32)", &[]);
    on_get("retry(count = MANY)", &[]);
    on_get("retry(count = 0)", &["at least 1"]);
    on_get("retry(count = -1)", &["at least 1"]);
    on_get("retry(count = true)", &["at least 1"]);
    on_get("retry(count = 4294967296)", &["goes up to"]);
    on_get("circuit_breaker(min_calls = 0)", &["number of calls"]);
    on_get("circuit_breaker(consecutive_failures = 0)", &["in a row"]);
    on_get("circuit_breaker(half_open_calls = 0)", &["probes"]);
}

#[test]
fn rates_and_factors() {
    for rate in ["0", "1", "0.0", "1.0", "0.5f64", "RATE"] {
        on_get(&format!("circuit_breaker(failure_rate = {rate})"), &[]);
    }
    for rate in ["1.1", "-0.1", "2", "\"half\"", "1e400"] {
        on_get(
            &format!("circuit_breaker(failure_rate = {rate})"),
            &["from 0.0 to 1.0"],
        );
    }
    on_get("retry(jitter = 1)", &[]);
    on_get("retry(jitter = 1.01)", &["from 0.0 to 1.0"]);
    on_get("retry(jitter = \"half\")", &["one of"]);
    on_get("retry(factor = 1)", &[]);
    on_get("retry(factor = 0.9)", &["at least 1.0"]);
    on_get("retry(factor = 1e400)", &["at least 1.0"]);
    on_get("circuit_breaker(open_factor = 0)", &["at least 1.0"]);
}

#[test]
fn durations() {
    on_get("retry(delay = \"0s\", max_delay = PAUSE)", &[]);
    on_get("retry(max_elapsed = \"0s\")", &["no time at all"]);
    on_get("retry(delay_ms = -5)", &["counts milliseconds"]);
    on_get("retry(max_delay_ms = 18446744073709)", &[]);
    on_get(
        "retry(max_delay_ms = 18446744073710)",
        &["five hundred years"],
    );
    on_get(
        "retry(max_delay_ms = 18446744073709551616)",
        &["five hundred years"],
    );
    on_get("timeout(ms = 0)", &["before it begins"]);
    on_get("timeout(\"0s\")", &["before it begins"]);
    on_get("timeout(after_ms = 0)", &["before it begins"]);
    on_get("timeout(ms = limit())", &[]);
    on_get("timeout(LIMIT)", &[]);
    on_get("circuit_breaker(slow_call = \"0s\")", &["more than zero"]);
    on_get("circuit_breaker(half_open_max = 5)", &["needs its unit"]);
    on_get("circuit_breaker(window = 0)", &["window of nothing"]);
    on_get("circuit_breaker(window_ms = 0)", &["window of nothing"]);
    on_get("circuit_breaker(window = -1)", &["is a time like"]);
    for calls in ["100_000", "65536", "4294967296"] {
        on_get(
            &format!("circuit_breaker(window = {calls})"),
            &["a window holds 1 to 65535 calls"],
        );
    }
    on_get("circuit_breaker(window = 65_535)", &[]);
    on_get("circuit_breaker(window_ms = 10)", &[]);
}

#[test]
fn contradictions_in_one_attribute() {
    on_get("retry(count = 1, name = \"n\", policy = P)", &[]);
    on_get(
        "retry(count = 1, delay = \"1s\")",
        &["`delay` has nothing to say"],
    );
    on_get(
        "retry(count = 1, when = |_| true)",
        &["`when` has nothing to say"],
    );
    on_get("retry(count = N, delay = \"1s\")", &[]);
    on_get("retry(delay = \"1s\", max_delay = \"1s\")", &[]);
    on_get(
        "retry(delay = \"1s\", max_delay = \"999ms\")",
        &["caps every pause"],
    );
    on_get("retry(delay = \"30s\")", &[]);
    on_get("retry(policy = CALM, delay = \"31s\")", &[]);
    on_get("retry(delay = \"31s\")", &["no pause is longer than 30s"]);
    on_get("retry(delay = D, max_delay = \"1ms\")", &[]);
    on_get("retry(factor = 2, backoff = \"exponential\")", &[]);
    on_get(
        "retry(factor = 2, backoff = \"fib\")",
        &["grows by a factor"],
    );
    on_get("circuit_breaker(open_for = \"1m\", open_max = \"1m\")", &[]);
    on_get(
        "circuit_breaker(open_for = \"1m\", open_max = \"59s\")",
        &["stays open"],
    );
    on_get(
        "circuit_breaker(slow_call_rate = 0.5)",
        &["no call is slow"],
    );
    on_get(
        "circuit_breaker(slow_call_rate = 0.5, slow_call = \"1s\")",
        &[],
    );
    on_get("circuit_breaker(slow_call_rate = 0.5, policy = P)", &[]);
    on_get("timeout(policy = P, ms = 5)", &[]);
    on_get("timeout(policy = P, after = limit)", &[]);
    on_get(
        "timeout(policy = P, after = limit, ms = 5)",
        &["say the same thing"],
    );
    on_get("fallback(value = Ok(1), when_ok = |_| true)", &[]);
    on_get(
        "fallback(with = f, when_ok = |_| true)",
        &["no error to hand to"],
    );
    on_get("fallback(value = Ok(1), with = f)", &["keep one"]);
    on_get("fallback(when = |_| true)", &["needs its other answer"]);
    on_get("fallback(valu = 3)", &["did you mean `value`"]);
}

#[test]
fn what_may_stand_beside_state() {
    on_get(
        "circuit_breaker(state = S, name = \"n\", crate = ::rt, when = f, when_ok = f, ignore = f, classify = f, into_error = f)",
        &[],
    );
    for knob in [
        "min_calls = 3",
        "open_for = \"1s\"",
        "policy = P",
        "on_change = f",
        "slow_call_rate = 0.5",
    ] {
        on_get(
            &format!("circuit_breaker(state = S, {knob})"),
            &["brings its own settings"],
        );
    }
}

#[test]
fn fallbacks_below() {
    stack("fallback(value = V), retry, circuit_breaker", &[]);
    stack("retry, fallback(value = V)", &["under a `retry`"]);
    stack("retry, timeout, fallback(value = V)", &["under a `retry`"]);
    stack("retry, fallback(value = V, when = f)", &[]);
    stack(
        "circuit_breaker, fallback(value = V)",
        &["under a `circuit_breaker`"],
    );
    stack("circuit_breaker, timeout, fallback(value = V)", &[]);
    stack(
        "timeout, circuit_breaker, fallback(value = V)",
        &["under a `circuit_breaker`"],
    );
    stack(
        "circuit_breaker(slow_call = \"1s\"), fallback(value = V)",
        &[],
    );
    stack("circuit_breaker(when_ok = f), fallback(value = V)", &[]);
    stack("circuit_breaker(state = S), fallback(value = V)", &[]);
    stack("circuit_breaker(policy = P), fallback(value = V)", &[]);
    stack(
        "retry, circuit_breaker, fallback(value = V)",
        &["under a `circuit_breaker`"],
    );
    stack("fallback(value = V), fallback(value = V)", &[]);
}

#[test]
fn timeouts_inside_timeouts() {
    stack("timeout(\"2s\"), timeout(\"1s\")", &[]);
    stack("timeout(\"1s\"), timeout(\"1s\")", &["always fires first"]);
    stack(
        "timeout(\"2s\"), retry, timeout(\"3s\")",
        &["always fires first"],
    );
    stack("timeout(\"2s\"), retry, timeout", &[]);
    stack(
        "timeout(ms = 1000), retry, timeout",
        &["always fires first"],
    );
    stack("timeout(LIMIT), timeout(\"9s\")", &[]);
    stack("timeout(policy = P), timeout(\"9s\")", &[]);
    stack(
        "timeout(\"1s\"), timeout(LIMIT), timeout(\"2s\")",
        &["always fires first"],
    );
}

#[test]
fn the_standard_stack() {
    stack("standard", &[]);
    stack(
        "standard, retry(count = 9), circuit_breaker(min_calls = 3)",
        &[],
    );
    // The first is the total: too short to leave room for the standard attempt, which then goes.
    stack("standard, timeout(\"10s\")", &[]);
    stack("standard, timeout(\"10s\"), timeout(\"9s\")", &[]);
    stack(
        "standard, timeout(\"10s\"), timeout(\"11s\")",
        &["always fires first"],
    );
    // After the retry it is that of the attempt.
    stack("standard, retry, timeout(\"29s\")", &[]);
    stack("standard, retry, timeout(\"30s\")", &["always fires first"]);
    stack("standard, standard", &["there already"]);
    stack("standard, retry, retry", &["there is a `retry`"]);
    stack("fallback(value = V), standard", &[]);
    stack("standard, fallback(value = V)", &["under a `retry`"]);
    for arguments in ["", "count = 5", "retry(count = 5), nonsense"] {
        stack(
            &format!("standard({arguments})"),
            &["name the layer after it"],
        );
    }
    stack("", &["names no layer"]);
    stack("skip", &["drop the attribute"]);
    stack("skip,", &["drop the attribute"]);
    stack("skip, retry", &["and stands alone"]);
    stack("time_out", &["did you mean `timeout`"]);
    stack("nonsense", &["there are `retry`, `timeout`"]);
}

#[test]
fn what_holds_for_the_whole_function() {
    stack("retry(name = \"a\"), timeout(name = \"a\")", &[]);
    stack(
        "retry(name = \"a\"), timeout(name = \"b\")",
        &["say it once"],
    );
    stack(
        "retry(classify = a), circuit_breaker(classify = b)",
        &["say it once"],
    );
    stack(
        "timeout(into_error = a), circuit_breaker(into_error = b)",
        &["say it once"],
    );
    stack(
        "retry(crate = ::a), timeout(crate = ::b)",
        &["names another `crate`"],
    );
    stack("retry(crate = ::a), timeout(crate = ::a)", &[]);
    stack(
        "retry, timeout, crate = ::a, name = \"b\", into_error = c",
        &[],
    );
    stack("timeout, into_error = conv::<u8, u16>, name = \"n\"", &[]);
    stack(
        "retry, name = |a, b| a, count = 3",
        &["`retry(count = ..)`"],
    );
    stack("retry, name = , timeout", &["expected a value"]);
    on_get("retry(crate = a::b)", &["from the root"]);
    on_get("retry(crate = \"a\")", &["from the root"]);
    on_get("retry(name = 3)", &["not empty"]);
    on_get("retry(name = \" \")", &["not empty"]);
    on_get("retry(into_error = f)", &["drop `into_error`"]);
    stack(
        "retry, fallback(value = V, when = f, into_error = f)",
        &["drop `into_error`"],
    );
    on_get("timeout(into_error = f)", &[]);
}

#[test]
fn constants() {
    on_get("circuit_breaker(min_calls = limits::key::MANY)", &[]);
    on_get("circuit_breaker(min_calls = LIMITS.key)", &[]);
    on_get(
        "timeout(policy = limit(key))",
        &["`key` is only known in a call"],
    );
    on_get(
        "circuit_breaker(min_calls = key.len())",
        &["a breaker of your own by `state = expression`, or one for each value by `key"],
    );
    on_get(
        "circuit_breaker(min_calls = key)",
        &["`key` is only known in a call"],
    );
    on_get(
        "circuit_breaker(min_calls = sum([0..key]))",
        &["`key` is only known in a call"],
    );
    on_get(
        "circuit_breaker(open_for = self.time)",
        &["`self` is only known in a call"],
    );
    on_get(
        "circuit_breaker(open_for = Self::TIME)",
        &["the type's own name"],
    );
    on_get(
        "circuit_breaker(policy = policy(key))",
        &["`key` is only known in a call"],
    );
    on_get("circuit_breaker(on_change = |key| log(key))", &[]);
    on_get(
        "circuit_breaker(on_change = |change| log(change, key))",
        &["`key` is only known"],
    );
    on_get(
        "retry(policy = P.of(n))",
        &["`n` is only known in a call: use a constant"],
    );
    on_get("retry(name = key)", &["`key` is only known in a call"]);
    on_get("retry(count = n, delay = self.key)", &[]);
    says(
        "#[circuit_breaker(min_calls = N, window = T::SIZE)] \
         async fn get<'a, T, const N: u32>() -> Result<&'a T, Down> { x }",
        &["one for every `N`", "one for every `T`"],
    );
}

#[test]
fn copies() {
    on_get("retry(clone(key))", &[]);
    on_get("fallback(value = V, clone(key))", &[]);
    on_get("retry(clone(kee))", &["did you mean `key`"]);
    on_get("retry(clone(other))", &["name one of its own"]);
    on_get("retry(clone(self))", &["`self` cannot be copied"]);
    on_get("retry(clone(n))", &[]);
    on_get("retry(clone(key, n, key))", &["named twice"]);
    on_get("retry(clone())", &["names no argument"]);
    let mut_self = |attribute: &str, parts: &[&str]| {
        says(
            &format!("#[{attribute}] async fn get(mut self) -> Result<u32, Down> {{ x }}"),
            parts,
        );
    };
    mut_self("retry", &["`mut self`"]);
    mut_self("timeout", &[]);
}

#[test]
fn arguments_that_cannot_be_handed_on() {
    let get = |attribute: &str, parts: &[&str]| {
        let arguments = "_: u32, (a, b): Pair, ref c: u8, mut d: u8";
        says(
            &format!("#[{attribute}] async fn get({arguments}) -> Result<u32, Down> {{ x }}"),
            parts,
        );
    };
    get(
        "fallback(with = f)",
        &["has no name", "has no name", "has no name"],
    );
    get("fallback(value = V)", &[]);
    get("retry", &[]);
}

#[test]
fn answers() {
    let get = |answer: &str, parts: &[&str]| {
        says(&format!("#[retry] async fn get() {answer} {{ x }}"), parts);
    };
    for answer in [
        "Result<u32, Down>",
        "io::Result<()>",
        "Answer",
        "<Self as Get>::Answer",
        "<Self as Get>::Option",
    ] {
        get(&format!("-> {answer}"), &[]);
    }
    for (answer, what) in [
        ("", "nothing"),
        ("-> ()", "`()`"),
        ("-> (u8, u8)", "a tuple"),
        ("-> Option<u32>", "`Option`"),
        ("-> std::option::Option<u32>", "`Option`"),
        ("-> &'static str", "a reference"),
        ("-> [u8; 4]", "an array"),
        ("-> !", "never"),
        ("-> impl Iterator", "an `impl Trait`"),
        ("-> bool", "`bool`"),
    ] {
        get(answer, &[what]);
    }
    let hidden = |attribute: &str, parts: &[&str]| {
        says(
            &format!("#[{attribute}] async fn get() -> Result<Box<impl Send>, Down> {{ x }}"),
            parts,
        );
    };
    for error in ["impl Error", "Box<impl Error>"] {
        get(
            &format!("-> std::result::Result<u32, {error}>"),
            &["has to be named"],
        );
    }
    get("-> Answers<u32, impl Sized>", &[]);
    hidden("retry(when = f)", &[]);
    hidden("retry(when_ok = f)", &["behind `impl Trait`"]);
    hidden("circuit_breaker(when_ok = f)", &["behind `impl Trait`"]);
    hidden("fallback(value = V, when_ok = f)", &["behind `impl Trait`"]);
}

#[test]
fn kinds() {
    for fine in [
        "fn get() -> BoxFuture<'static, Result<u32, Down>> { Box::pin(async { x }) }",
        "fn get() -> impl Future<Output = Result<u32, Down>> { let y = x; async move { y } }",
        "fn get() -> impl Future<Output = Result<u32, Down>> { if x { y } ::std::boxed::Box::pin(async move { y },) }",
        "fn get() -> BoxFuture<'static, Result<u32, Down>> { return Box::pin(async { x }) }",
        "fn get() -> BoxFuture<'static, Result<u32, Down>> { f(); return ::std::boxed::Box::pin(async { x }) }",
    ] {
        says(&format!("#[retry] {fine}"), &[]);
    }
    for (item, part) in [
        (
            "fn get() -> Result<u32, Down> { x }",
            "goes on an async function",
        ),
        (
            "fn get() -> Result<u32, Down> {}",
            "goes on an async function",
        ),
        (
            "fn get() -> F { return async move { x } }",
            "goes on an async function",
        ),
        (
            "fn get() -> F { Rc::pin(async move { x }) }",
            "goes on an async function",
        ),
        (
            "fn get() -> F { move |x| Box::pin(async move { x }) }",
            "goes on an async function",
        ),
        (
            "fn get() -> F { move |x| return std::boxed::Box::pin(async move { x }) }",
            "goes on an async function",
        ),
        (
            "fn get(&mut self) { self.f = ::std::boxed::Box::pin(async move { x }) }",
            "goes on an async function",
        ),
        (
            "fn get() -> F { ::pin(async move { x }) }",
            "goes on an async function",
        ),
        (
            "fn get() -> F { Box::pin(make(async move { x })) }",
            "goes on an async function",
        ),
        (
            "fn get() -> F { Box::pin(x, async move { x }) }",
            "goes on an async function",
        ),
        (
            "fn get() -> F { Box::pin(async move { x }).boxed() }",
            "goes on an async function",
        ),
        (
            "#[test] fn get() -> Result<u32, Down> { x }",
            "else write `async fn get`",
        ),
        (
            "fn get() -> Result<u32, Down> { runtime().block_on(x) }",
            "else write `async fn get`",
        ),
        (
            "fn get() -> F { let __tracing_attr_span = x; y }",
            "put it below",
        ),
        ("async fn get() -> Result<u32, Down>;", "needs a body"),
        (
            "async unsafe fn get() -> Result<u32, Down> { x }",
            "`unsafe fn`",
        ),
        (
            "async extern \"C\" fn get() -> Result<u32, Down> { x }",
            "another ABI",
        ),
        (
            "const async fn get() -> Result<u32, Down> { x }",
            "`const fn`",
        ),
        ("impl Client {}", "write `#[resilient(retry(..))]` on it"),
        ("trait Get {}", "not on a `trait`"),
        ("struct Client {}", "not on a `struct`"),
        ("const X: u32 = 1;", "expected"),
        (
            "async fn get() -> Result<u32, Down> { static __RESILIENT_SITE: u8 = 0; }",
            "already rewritten",
        ),
        (
            "async fn get() -> Result<u32, Down> { x(|| { { __RESILIENT_SITE } }) }",
            "already rewritten",
        ),
    ] {
        says(&format!("#[retry] {item}"), &[part]);
    }
}

#[test]
fn instrument_above() {
    let get = |attribute: &str, arguments: &str, parts: &[&str]| {
        let body = "{ let __tracing_attr_span = x; async move { y }.await }";
        says(
            &format!("#[{attribute}] async fn get({arguments}) -> Result<u32, Down> {body}"),
            parts,
        );
    };
    get("retry", "key: &str, n: u32, _: String", &[]);
    get("retry", "&self, key: &str", &[]);
    get("retry", "key: String", &["put `#[instrument]` below"]);
    get("retry", "key: &mut String", &["put `#[instrument]` below"]);
    get("hedge", "key: String", &["after the first attempt"]);
    get("hedge(clone(key))", "key: String", &[]);
    get("hedge", "&self, key: &str, mut list: Vec<u8>", &[]);
    get("retry", "&mut self", &["put `#[instrument]` below"]);
    get("retry", "self: Arc<Self>", &["put `#[instrument]` below"]);
    get("retry(clone(key))", "key: String", &[]);
    get("retry(clone(key))", "key: &mut String", &[]);
    get("retry", "mut key: String", &[]);
    get(
        "circuit_breaker(state = key.breaker)",
        "mut key: Box<Key>",
        &["put `#[instrument]` below"],
    );
    get(
        "retry(clone(a))",
        "(a, b): (String, String)",
        &["put `#[instrument]` below"],
    );
    get("timeout", "key: String", &[]);
    get(
        "fallback(with = f)",
        "key: String",
        &["put `#[instrument]` below"],
    );
    get("fallback(value = V)", "key: String", &[]);
    get(
        "fallback(value = last(&key))",
        "key: String, n: u8",
        &["put `#[instrument]` below"],
    );
    get("fallback(value = last(n))", "key: String, n: u8", &[]);
    get("circuit_breaker(state = self.b)", "&self", &[]);
    get("circuit_breaker(state = B)", "&mut self", &[]);
    get(
        "circuit_breaker(state = self.b)",
        "&mut self",
        &["put `#[instrument]` below"],
    );
    get(
        "circuit_breaker(state = client.b)",
        "client: Arc<Client>",
        &["put `#[instrument]` below"],
    );
    get(
        "circuit_breaker(when = |error| error.is(&key))",
        "key: String",
        &["put `#[instrument]` below"],
    );
    get(
        "circuit_breaker(when = |key| key.is_x())",
        "key: String",
        &[],
    );
    get("timeout(after = key.time())", "key: String", &[]);
}

#[test]
fn grammar() {
    on_get("retry(count)", &["needs a value"]);
    on_get("retry(clone)", &["needs the names"]);
    on_get("retry(count = )", &["expected a value after"]);
    on_get("retry(count(3))", &["takes a value"]);
    on_get("retry(clone = key)", &["in parentheses"]);
    on_get("retry(3)", &["say `count = 3`"]);
    on_get("retry(delay = \"1s\", 3)", &["say `count = 3`"]);
    on_get("retry(\"3\")", &["expected `knob = value`"]);
    on_get("retry(-3)", &["expected `knob = value`"]);
    on_get("fallback(stale)", &["say `with = stale`"]);
    on_get("fallback(Self::stale)", &["say `with = Self::stale`"]);
    on_get("fallback(|_, e| f(e))", &["say `with = |..| ..`"]);
    on_get("fallback(valeu)", &["did you mean `value`"]);
    on_get("fallback(Ok(3))", &["has no knob `Ok`"]);
    on_get("timeout(\"ms\" = 500)", &["write `ms = ..`"]);
    on_get("timeout(5 = 500)", &["expected `knob = value`"]);
    on_get("retry(\"count\" = 3)", &["write `count = ..`"]);
    on_get("retry(nonsense)", &["has no knob `nonsense`"]);
    on_get("retry(cuont(3))", &["did you mean `count`"]);
    on_get("retry(delay_mss = 3)", &["did you mean `delay_ms`"]);
    on_get("retry(count_ms = 3)", &["has no knob `count_ms`"]);
    on_get("retry(count = 3 delay = 4)", &["expected `,`"]);
    on_get("retry(count == 3)", &["expected"]);
    on_get("retry(, count = 3)", &["expected"]);
    on_get("retry(count = 3,)", &[]);
    on_get(
        "retry(colour = |a, b| a, count = 0)",
        &["has no knob `colour`", "at least 1"],
    );
    on_get(
        "retry(clone = |a, b| a, count = 0)",
        &["in parentheses", "at least 1"],
    );
    on_get("retry(count = 3, count = 4)", &["given twice"]);
    on_get(
        "retry(delay = \"1s\", delay_ms = 4)",
        &["say the same thing"],
    );
    on_get("timeout(\"1s\", ms = 4)", &["say the same thing"]);
    on_get("timeout(\"1s\", \"2s\")", &["expected `knob = value`"]);
    on_get("timeout(ms = 4, \"2s\")", &["expected `knob = value`"]);
    on_get("retry(backoff = \"fibb\")", &["did you mean \"fib\""]);
    on_get("retry(backoff = 3)", &["is one of"]);
    on_get(
        "retry(on_timeout = \"stop\", on_open = \"abrt\")",
        &["is one of", "did you mean \"abort\""],
    );
    stack("retry timeout", &["expected `,`"]);
    stack(
        "retry, count = 3",
        &["`count` belongs in a layer: `retry(count = ..)`"],
    );
    stack(
        "key = key, bulkhead, max_wait_ms = 5",
        &["`bulkhead(key = ..)`", "`bulkhead(max_wait_ms = ..)`"],
    );
    stack("per_second = 5", &["`rate_limit(per_second = ..)`"]);
    stack("standard, burst = 5", &["`rate_limit(burst = ..)`"]);
    stack("rate_limit = 5", &["write `rate_limit(..)`"]);
    stack("standard = true", &["write `standard`, and"]);
    stack("retry, nonsense = 3", &["has no knob `nonsense`"]);
}

#[test]
fn a_mistake_leaves_the_function_and_takes_the_attributes() {
    let expanded = expanded(
        "#[retry(count = 0)] #[inline] #[rt::timeout(crate = ::rt)] #[ntest::timeout(5)] \
         async fn get() -> Result<u32, Down> { #![allow(x)] body() }",
    )
    .to_string();
    let (_, function) = expanded
        .split_once('}')
        .expect("an error before the function");
    let expected: TokenStream =
        "#[inline] #[ntest::timeout(5)] async fn get() -> Result<u32, Down> \
         { #![allow(x)] #[rt::timeout] use {}; body() }"
            .parse()
            .expect("tokens");
    assert_eq!(function.trim(), expected.to_string());
}

#[test]
fn arguments_under_async_trait() {
    let get = |attribute: &str, arguments: &str, moves: &str, parts: &[&str]| {
        says(
            &format!(
                "#[{attribute}] fn get<'async_trait>({arguments}) -> Pin<Box<dyn Future<Output = Result<u32, Down>> + 'async_trait>> {{
                    Box::pin(async move {{
                        if let Some(__ret) = None::<Result<u32, Down>> {{ return __ret; }}
                        {moves}
                        let __ret: Result<u32, Down> = {{ x }};
                        __ret
                    }})
                }}"
            ),
            parts,
        );
    };
    get("retry", "self", "let mut __self = self;", &["`mut self`"]);
    get("retry", "self", "let __self = self;", &[]);
    get("retry", "&'life0 mut self", "let mut __self = self;", &[]);
    get(
        "retry(clone(self))",
        "&'life0 self",
        "let __self = self;",
        &["`self` cannot be copied"],
    );

    let (arguments, moves) = (
        "__arg0: (u8, u8), __arg1: u8, key: String, __argument: String",
        "let (a, mut b) = { let __arg0 = __arg0; __arg0 };
         let __arg1 = __arg1; let mut key = key; let __argument = __argument;",
    );
    get("retry(clone(a, b, key))", arguments, moves, &[]);
    get(
        "retry(clone(__arg0))",
        arguments,
        moves,
        &["no argument `__arg0`"],
    );
    get(
        "fallback(with = f)",
        arguments,
        moves,
        &["has no name", "has no name"],
    );
    get(
        "fallback(with = f)",
        "key: &'life0 str, &c: &'life1 u8",
        "",
        &["has no name"],
    );
}

#[test]
fn receivers() {
    let instrumented = |arguments: &str, parts: &[&str]| {
        let body = "{ let __tracing_attr_span = x; async move { y }.await }";
        says(
            &format!("#[retry] async fn get({arguments}) -> Result<u32, Down> {body}"),
            parts,
        );
    };
    let moved = ["put `#[instrument]` below"];
    instrumented("&self", &[]);
    instrumented("&'a self", &[]);
    instrumented("self: &Self", &[]);
    instrumented("self: (&Self)", &[]);
    instrumented("self", &moved);
    instrumented("self: &mut Self", &moved);
    instrumented("self: Box<Self>", &moved);
    for primitive in ["u8", "usize", "f64", "bool", "char"] {
        instrumented(&format!("n: {primitive}"), &[]);
    }
    for certain in [
        "std::string::String",
        "Vec<u8>",
        "(u8, Box<u8>)",
        "[Arc<u8>; 2]",
    ] {
        instrumented(&format!("n: {certain}"), &moved);
    }
    // They may be `Copy`.
    for unknown in ["Id", "Option<u8>", "String::Id", "(u8, Id)"] {
        instrumented(&format!("n: {unknown}"), &[]);
    }
}
