//! Each check, by what it says: the places it points to are pinned where the compiler runs.

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
    on_get("retry(budget = \"none\")", &[]);
    on_get("retry(budget = SHARED)", &["only `budget"]);
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
    stack("skip", &["takes a method out"]);
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
        &["has no knob `count`"],
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
    stack("retry, count = 3", &["has no knob `count`"]);
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
         { #![allow(x)] #[allow(unused_imports)] use rt::timeout as _; body() }"
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
    on_get("rate_limit(per_second = 0.5)", &["at least 1"]);
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
        knobs(
            "scope = \"impl\"",
            &["`state` says whose it is", "on that `impl`"],
        );
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
