//! The attributes of `resilient-runtime`, which re-exports them: depend on that crate, not on this one.
//!
//! An attribute takes the `async fn` below it and writes its policy around the body, as calls of the
//! runtime; `cargo expand` shows code that reads as if written by hand. Attributes stack: the topmost
//! is the outermost layer, and the topmost also writes the whole stack, for it is the first that the
//! compiler expands. The way of a function through this crate is `pipeline.rs`.
//!
//! # What holds for every attribute
//!
//! - The function is `async`, or ends in `Box::pin(async move { .. })` or `async move { .. }`, or is a
//!   method under `#[async_trait]`; and it returns a `Result` under any alias.
//! - Its error type is `From<PolicyError>` if a layer of the stack can refuse a call (all can but a retry, a
//!   hedge, a fallback, and a fault with an `error` of its own), or a function given as `into_error` stands in for that.
//! - A duration is `"250ms"`, `"2s"` or `"1m 30s"`, any `Duration`, or an integer with the suffix `_ms` on
//!   the knob's name: `delay = "250ms"` and `delay_ms = 250` are the same. A rate is a number from 0.0
//!   to 1.0.
//! - `#[tracing::instrument]` and `#[tokio::test]` stand below these attributes.
//!
//! | knob | meaning |
//! |---|---|
//! | `name = "cache.get"` | what the function is called in events and in the registry, in place of its path |
//! | `crate = ::some::path` | where the runtime is, if not at `::resilient_runtime` |
//! | `into_error = path` | `fn(PolicyError) -> E`, for an error type of another crate |
//! | `classify = path` | `fn(&E) -> ErrorClass` in place of `Classify` (not on `timeout`, `hedge`, `rate_limit` and `bulkhead`) |
//! | `policy = CONST` | settings to begin with, which single knobs override (not on `fallback`) |
//!
//! # Whose state
//!
//! `circuit_breaker`, `rate_limit`, `bulkhead`, `adaptive_concurrency` and the budget of a `retry` keep
//! state: one for each annotated function, in a `static`, shared by all instantiations of a generic and all
//! implementors of a default method. These knobs say otherwise (of a `retry`, `budget` stands for `state`):
//!
//! | knob | default | meaning |
//! |---|---|---|
//! | `state = expression` | one per function | a state of your own: a static that several functions name, or a field of `self`. It brings its settings; beside it only what is asked of one call may stand (`key`, `cost`, `max_wait`, the rules of the breaker, and what speaks of the function) |
//! | `key = expression` | none | one state for each value, `key = host`: anything `Hash`, also of the arguments and of `self`. It is evaluated once for each call, before the body, and keeps nothing borrowed |
//! | `max_keys` | 10 000 | for how many values: then idle ones are forgotten, the longest unused first; never one that is open, in use or not yet refilled |
//! | `scope` | see [`macro@resilient`] | `"impl"` or `"method"`, in the `#[resilient(..)]` of an `impl` |
//!
//! With both `state` and `key`, the state is a `Keyed` of the type. The other settings of such a layer
//! live in a `static`, so their expressions are constants, checked while compiling.

mod args;
mod body;
mod duration;
mod emit;
mod errors;
mod family;
mod flow;
mod function;
mod impl_block;
mod krate;
mod nearest;
mod output;
mod params;
mod pipeline;
mod policy;
mod recover;
mod resilient;
mod stack;
mod tokens;
mod validate;
mod value;

#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod soup;

use proc_macro::TokenStream;

/// Tries a call again when it failed in a way that another attempt may cure.
///
/// ```ignore
/// #[retry(count = 5, backoff = "fib", delay = "50ms")]
/// async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
///     Ok(client.get(key).await?)
/// }
/// ```
///
/// | knob | default | meaning |
/// |---|---|---|
/// | `count` | 3 | attempts in all, the first included |
/// | `backoff` | `"exponential"` | `"constant"`, `"linear"`, `"exponential"`, `"fib"`, `"decorrelated"`, a `Backoff`, or a function from the number of the retry to the pause before it |
/// | `delay` | 200 ms | the pause that the backoff grows from |
/// | `factor` | 2.0 | growth of `"exponential"` |
/// | `max_delay` | 30 s | the longest pause |
/// | `jitter` | `"full"` | `"none"`, `"full"`, `"equal"`, or a rate to both sides |
/// | `max_elapsed` | none | no attempt begins later than this after the first |
/// | `when` | by class | `\|error: &E\| bool`: whether an error is worth another attempt |
/// | `when_ok` | none | `\|value: &T\| bool`: whether a value is |
/// | `on_timeout` | `"retry"` | `"abort"` for what must not run twice |
/// | `on_open` | `"abort"` | `"wait"` for an open circuit breaker to admit a probe |
/// | `on_retry` | none | `\|attempt: &RetryAttempt<'_, E>\|`, called before each pause |
/// | `clone(a, b)` | none | arguments that the body consumes: each attempt gets its own copy |
/// | `budget` | 100 retries, + 0.1 for each success, + 0.1 a second | `"none"`, a `RetryBudget` that is made here (`RetryBudget::strict()`), or the name of one that others share (`CACHE_BUDGET`, `self.budget`) |
/// | `key`, `max_keys` | none, 10 000 | one budget for each value, `key = host`; beside the name of a `Keyed<RetryBudget>`, of those |
///
/// An error that says when to come back is obeyed: the pause is that long exactly, without jitter, unless the
/// backoff's is longer. If it asks for more than `max_delay`, there is no other attempt.
///
/// A retry takes one from the budget; where there is none left, the last attempt's error is returned at
/// once. A budget that is made here is a constant, and this function's own. Any other knob may be an
/// expression, also of the arguments and of `self`; it is evaluated once for each call, before the body
/// runs. A `mut` argument is copied for each attempt, so that none sees what the one before it did.
#[proc_macro_attribute]
pub fn retry(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::expand("retry", args.into(), item.into()).into()
}

/// Ends a call that takes too long: drops the body, which cancels what it awaits.
///
/// ```ignore
/// #[timeout("500ms")]             // or #[timeout(ms = 500)]
/// async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
///     Ok(client.get(key).await?)
/// }
/// ```
///
/// | knob | default | meaning |
/// |---|---|---|
/// | `after`, or the first argument without a name | 1 s | the time; any expression, also of the arguments and of `self` |
/// | `ms` | | the time in milliseconds |
/// | `policy` | | a `Timeout`, whose time `after` or `ms` beside it overrides |
///
/// Above a `#[retry]` it bounds the whole, below it each attempt. The code inside sees the time at which
/// it will be over as `resilient_runtime::deadline()`.
#[proc_macro_attribute]
pub fn timeout(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::expand("timeout", args.into(), item.into()).into()
}

/// Begins another attempt while the first is slow, and takes the answer of whichever is first.
///
/// ```ignore
/// #[hedge("p95")]                 // or #[hedge("20ms")]
/// async fn get(replicas: &Replicas, key: &str) -> Result<Vec<u8>, Status> {
///     Ok(replicas.any().get(key).await?)
/// }
/// ```
///
/// **Only for what may run twice**, and at the same time: reads, and writes that are idempotent. It helps
/// most where an attempt can reach another replica than the first.
///
/// | knob | default | meaning |
/// |---|---|---|
/// | `after`, or the first argument without a name | `"p95"` | when a hedge begins: a percentile of the latencies measured here, from `"p1"` to `"p99.99"`; a duration; or an expression of a `Duration` or a `HedgeAfter` |
/// | `max` | 1 | hedges beside the first attempt, each `after` the one before it |
/// | `min_samples` | 100 | no hedge on fewer measured calls; a fixed duration needs none |
/// | `budget` | 0.1, or twice the share beyond the percentile | hedges as a share of the calls; less than twice that share (0.05 with `"p95"`) is spent on calls that would have ended soon, and not there for those that hang |
/// | `clone(a, b)` | none | arguments that the body consumes: each attempt gets its own copy |
/// | `policy` | none | a `Hedge` that says what no knob says |
///
/// # Errors
///
/// The first `Ok` wins. An error is returned once no attempt runs any more, and is the last one to
/// come; an attempt that fails before a hedge has begun is not hedged, for that is the work of a `#[retry]`.
///
/// # Cancel safety
///
/// Attempts that lose are dropped at once, which cancels what they await; so are all of them with the call.
///
/// # What an attempt is given
///
/// Attempts run in one task, by turns, and share what the body borrows: an argument that is a `&mut` is a
/// mistake, and so is `&mut self`. An argument that the body consumes is named in `clone(..)`; a `mut`
/// one is copied for each attempt. Until a hedge begins nothing is copied twice, and nothing allocated.
///
/// No hedge begins past the call's deadline, nor while a circuit breaker around or inside is not
/// closed: what is overloaded is not helped by more load.
#[proc_macro_attribute]
pub fn hedge(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::expand("hedge", args.into(), item.into()).into()
}

/// Refuses calls at once while the service they go to is known to be down.
///
/// ```ignore
/// #[circuit_breaker(failure_rate = 0.6, window = "30s", open_for = "10s")]
/// async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
///     Ok(client.get(key).await?)
/// }
/// ```
///
/// | knob | default | meaning |
/// |---|---|---|
/// | `failure_rate` | 0.5 | opens at this share of failures, or above |
/// | `min_calls` | 20 | no decision on fewer results |
/// | `window` | 10 s | rolling time, or a number of calls |
/// | `consecutive_failures` | none | opens at so many in a row; alone, it replaces the rate |
/// | `slow_call` | none | a call that takes longer is slow |
/// | `slow_call_rate` | 1.0 | opens at this share of slow calls, or above |
/// | `open_for` | 5 s | then a probe is admitted |
/// | `open_factor`, `open_max` | 2.0, 60 s | growth of `open_for` with each reopening |
/// | `half_open_calls` | 1 | probes; that many successes close it, one failure reopens it |
/// | `half_open_max` | 60 s | a probe that takes longer loses its place |
/// | `when` | by class | `\|error: &E\| bool`: whether an error is a failure |
/// | `when_ok` | none | `\|value: &T\| bool`: whether a value is |
/// | `ignore` | none | `\|error: &E\| bool`: errors that count as nothing |
/// | `on_change` | none | `fn(&StateChange)` |
/// | `state` | one per function | a `CircuitBreaker`, or with `key` a `Keyed<CircuitBreaker>`, of your own |
/// | `key`, `max_keys` | none, 10 000 | one breaker for each value, `key = host` |
///
/// The settings live in a `static`, so their expressions are constants, checked while compiling. Beside
/// `state`, which brings its own settings, only `key`, the predicates, and `name`, `crate`, `classify`
/// and `into_error` may stand.
#[proc_macro_attribute]
pub fn circuit_breaker(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::expand("circuit_breaker", args.into(), item.into()).into()
}

/// Admits so many calls in a time, and no more.
///
/// ```ignore
/// #[rate_limit(per_second = 100, burst = 20, max_wait = "50ms")]
/// async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
///     Ok(client.get(key).await?)
/// }
///
/// #[rate_limit(permits = 1000, per = "1m", key = tenant, cost = items.len())]
/// async fn store(client: &Client, tenant: &str, items: &[Item]) -> Result<(), Status> {
///     Ok(client.store(tenant, items).await?)
/// }
/// ```
///
/// | knob | default | meaning |
/// |---|---|---|
/// | `per_second` | | calls a second; or else |
/// | `permits`, `per` | | so many calls in that time |
/// | `burst` | permits of one `per` | calls at once, after a pause; at least 1 |
/// | `max_wait` | 0: refused at once | how long a call waits for its turn |
/// | `cost` | 1 | permits that a call takes: any expression that is an integer, also of the arguments |
/// | `state` | one per function | a `RateLimiter`, or with `key` a `Keyed<RateLimiter>`, of your own |
/// | `key`, `max_keys` | none, 10 000 | one rate for each value, `key = tenant` |
///
/// No span of time t admits more than `burst` + rate x t (GCRA). Calls that wait go in order; one that
/// is dropped gives its place back. A call that would have to wait longer than `max_wait`, or past its
/// deadline, is refused at once and takes nothing; it is told when to come back.
#[proc_macro_attribute]
pub fn rate_limit(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::expand("rate_limit", args.into(), item.into()).into()
}

/// Lets so many calls run at a time.
///
/// ```ignore
/// #[bulkhead(max_concurrent = 20, max_queue = 100, max_wait = "200ms")]
/// async fn dump(store: &Store) -> Result<Vec<Entry>, Status> {
///     Ok(store.entries().await?)
/// }
/// ```
///
/// | knob | default | meaning |
/// |---|---|---|
/// | `max_concurrent` | 10 | calls at a time |
/// | `max_queue` | 0: refused at once | calls that wait for a place |
/// | `max_wait` | none: until the deadline | how long a call waits; with a queue |
/// | `cost` | 1 | places that a call takes: any expression that is an integer, also of the arguments |
/// | `state` | one per function | a `Bulkhead`, or with `key` a `Keyed<Bulkhead>`, of your own |
/// | `key`, `max_keys` | none, 10 000 | places for each value, `key = tenant` |
///
/// First come, first served. A place is free the moment its call ends or is dropped; a waiting call
/// that is dropped never begins.
#[proc_macro_attribute]
pub fn bulkhead(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::expand("bulkhead", args.into(), item.into()).into()
}

/// Finds out how many calls can run at a time, and lets no more.
///
/// ```ignore
/// #[adaptive_concurrency(side = "server")]
/// async fn get(store: &Store, key: &str) -> Result<Vec<u8>, Status> {
///     Ok(store.get(key).await?)
/// }
/// ```
///
/// | knob | default | meaning |
/// |---|---|---|
/// | `side` | | `"server"` where calls come in and the work is done, which is `algorithm = "elasticity"`; `"client"` where they go out to a service that others call too, which is `"aimd"`; or else |
/// | `algorithm` | | `"elasticity"`, `"aimd"`, `"gradient2"`, `"vegas"`, or a type of your own |
/// | `initial` | 20 | the limit to begin with |
/// | `min`, `max` | 1, 1000 | the least and the most that it can become |
/// | `max_queue` | 0: refused at once | calls that wait for a place |
/// | `max_wait` | none: until the deadline | how long a call waits; with a queue |
/// | `state` | one per function | an `AdaptiveConcurrency`, or with `key` a `Keyed` of it, of your own |
/// | `key`, `max_keys` | none, 10 000 | one limit for each value, `key = host` |
///
/// One of `side` and `algorithm` must be said, for what is right for a server is wrong for a client. A
/// `policy` holds no algorithm; a `state` brings its own.
#[proc_macro_attribute]
pub fn adaptive_concurrency(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::expand("adaptive_concurrency", args.into(), item.into()).into()
}

/// Injects errors, delays and panics, to see what the code around makes of them.
///
/// ```ignore
/// #[retry]
/// #[fault(error = Status::unavailable("injected"), error_rate = 0.1, latency = "100ms", latency_rate = 0.05)]
/// async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
///     Ok(client.get(key).await?)
/// }
/// ```
///
/// | knob | default | meaning |
/// |---|---|---|
/// | `error` | a `PolicyError` | the error in place of the call: an `E`, made when it is injected, before the body would take over the arguments |
/// | `error_rate` | 1.0 with `error`, else 0.0 | the share of calls that get it |
/// | `latency` | none | a pause before the call |
/// | `latency_rate` | 1.0 | the share of calls that pause |
/// | `panic_rate` | 0.0 | the share of calls that panic |
/// | `seed` | random | the same seed injects the same again |
/// | `policy` | none | a `Fault` that says what no knob says; one without a rate of errors has 1.0 beside `error` |
///
/// **It does nothing unless it is switched on**, by `RESILIENT_FAULTS=on` in the environment or by
/// `faults::enable()`; without debug assertions also `RESILIENT_FAULTS_IN_RELEASE=allow` or
/// `faults::allow_in_release()` is needed. Each share is drawn for itself. Any knob may be an
/// expression, also of the arguments and of `self`, evaluated for each call before the body runs.
#[proc_macro_attribute]
pub fn fault(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::expand("fault", args.into(), item.into()).into()
}

/// Answers in another way when a call has failed.
///
/// ```ignore
/// #[fallback(with = stale)]
/// async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
///     Ok(client.get(key).await?)
/// }
///
/// async fn stale(client: &Client, key: &str, error: Status) -> Result<Vec<u8>, Status> {
///     client.last_seen(key).ok_or(error)
/// }
/// ```
///
/// | knob | default | meaning |
/// |---|---|---|
/// | `with` | | a function, async or not, of the same arguments (`self` first) and then the error |
/// | `value` | | or an expression, a `Result`, which may use the arguments |
/// | `when` | by class | `\|error: &E\| bool`: which errors it is for; a policy error is seen converted |
/// | `when_ok` | none | `\|value: &T\| bool`: values that are replaced too (beside `value`) |
/// | `clone(a, b)` | none | arguments that the body consumes: it gets a copy, `with` the original |
///
/// It belongs on top. Under a `#[retry]`, a `#[hedge]` or a `#[circuit_breaker]` it must say `when`, for it would hide
/// every failure from them.
#[proc_macro_attribute]
pub fn fallback(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::expand("fallback", args.into(), item.into()).into()
}

/// A whole stack in one attribute, the first layer outermost.
///
/// ```ignore
/// #[resilient(fallback(with = stale), retry(count = 3), timeout(ms = 500))]
/// async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
///     Ok(client.get(key).await?)
/// }
/// ```
///
/// `#[resilient(standard)]` is a timeout of 30 s over all, a retry, a circuit breaker and a timeout of 10 s
/// for each attempt. Layers that are named after `standard` replace its own: of the two timeouts, one
/// that is named after a `retry` is that of the attempt, else the first is the total. A total of 10 s or
/// less leaves the attempts without a timeout of their own.
///
/// # On an `impl`
///
/// ```ignore
/// #[resilient(rate_limit(per_second = 500), adaptive_concurrency(side = "server"), timeout("2s"))]
/// #[tonic::async_trait]
/// impl CacheService for Store {
///     async fn get(&self, request: Request<Key>) -> Result<Response<Value>, Status> { .. }
///
///     #[bulkhead(max_concurrent = 2)]     // has this in place of the stack of the `impl`
///     async fn dump(&self, request: Request<()>) -> Result<Response<Entries>, Status> { .. }
///
///     #[resilient(skip)]                  // has none
///     async fn ping(&self, request: Request<()>) -> Result<Response<()>, Status> { .. }
/// }
/// ```
///
/// The stack goes round every async method, below or above `#[async_trait]`; sync methods are left
/// alone. What a method says of itself stands in its place, also by `#[cfg_attr(..)]`: in the place of all
/// of it, `into_error` and `classify` included, but for `crate`.
///
/// | knob | default | meaning |
/// |---|---|---|
/// | `scope`, in a layer with state | `"impl"` for `rate_limit`, `bulkhead` and `adaptive_concurrency`, `"method"` for `circuit_breaker` and the budget of `retry` | one state for all methods, or one for each |
/// | `name` | | a text that stands before each method's name: `name = "cache"` gives `cache::get` |
///
/// A generic `impl` has one state for all its instantiations, as a generic function has.
#[proc_macro_attribute]
pub fn resilient(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::expand("resilient", args.into(), item.into()).into()
}
