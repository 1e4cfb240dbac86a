//! Every kind of free function works under the attributes, and means what it meant without them.

mod kinds;

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use kinds::{Down, Flaky};
use resilient_runtime::{circuit_breaker, fallback, resilient, retry, timeout};

#[retry]
async fn by_reference(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_twice_succeeds_at_the_third_attempt() {
    let service = Flaky::failing(2);
    assert_eq!(by_reference(&service).await, Ok(3));
    assert_eq!(service.calls(), 3);
}

#[fallback(with = stale)]
#[timeout("2s")]
#[retry(count = 3, backoff = "fib")]
#[timeout(ms = 500)]
#[circuit_breaker(failure_rate = 0.6)]
async fn five_layers(service: &Flaky, key: &str) -> Result<Vec<u8>, Down> {
    service.call().await?;
    Ok(key.as_bytes().to_vec())
}

async fn stale(_service: &Flaky, key: &str, error: Down) -> Result<Vec<u8>, Down> {
    Ok(format!("{key} is stale: {error}").into_bytes())
}

#[tokio::test(start_paused = true)]
async fn five_layers_answer_from_the_innermost_that_can() {
    let fine = Flaky::failing(1);
    assert_eq!(five_layers(&fine, "a").await, Ok(b"a".to_vec()));
    let dead = Flaky::failing(u32::MAX);
    assert_eq!(
        five_layers(&dead, "a").await,
        Ok(b"a is stale: down".to_vec())
    );
    assert_eq!(dead.calls(), 3);
}

#[resilient(retry(count = 2), timeout("1s"))]
async fn in_one_attribute(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

#[resilient(standard, retry(count = 2))]
async fn standard(service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

#[tokio::test(start_paused = true)]
async fn resilient_is_a_stack_too() {
    assert_eq!(in_one_attribute(&Flaky::failing(1)).await, Ok(2));
    assert_eq!(in_one_attribute(&Flaky::failing(2)).await, Err(Down::Own));
    assert_eq!(standard(&Flaky::failing(1)).await, Ok(2));
    assert_eq!(standard(&Flaky::failing(2)).await, Err(Down::Own));
}

#[retry]
#[timeout]
async fn generic<T, K>(service: &Flaky, value: &T, key: K) -> Result<String, Down>
where
    T: Display + ?Sized,
    K: Into<String> + Clone,
{
    service.call().await?;
    Ok(format!("{value}{}", key.clone().into()))
}

#[retry]
async fn const_generic<const N: usize>(service: &Flaky, bytes: [u8; N]) -> Result<usize, Down> {
    service.call().await?;
    Ok(bytes.len() + N)
}

#[retry]
async fn impl_trait_argument(
    service: &Flaky,
    keys: &(impl IntoIterator<Item = u32> + Clone),
) -> Result<u32, Down> {
    service.call().await?;
    Ok(keys.clone().into_iter().sum())
}

#[retry]
#[circuit_breaker]
async fn impl_trait_answer(service: &Flaky) -> Result<impl Iterator<Item = u32> + use<>, Down> {
    service.call().await?;
    Ok(0..3)
}

#[tokio::test(start_paused = true)]
async fn generics_keep_their_bounds() {
    assert_eq!(
        generic(&Flaky::failing(1), "a", "b").await,
        Ok("ab".to_owned())
    );
    assert_eq!(
        generic(&Flaky::failing(1), &7_u8, String::new()).await,
        Ok("7".to_owned())
    );
    assert_eq!(const_generic(&Flaky::failing(1), [0; 4]).await, Ok(8));
    assert_eq!(
        impl_trait_argument(&Flaky::failing(1), &vec![1, 2]).await,
        Ok(3)
    );
    let answer = impl_trait_answer(&Flaky::failing(1)).await;
    assert_eq!(answer.map(Iterator::collect::<Vec<_>>), Ok(vec![0, 1, 2]));
}

#[retry]
async fn elided<'a>(service: &Flaky, names: &'a [String], _other: &str) -> Result<&'a str, Down> {
    service.call().await?;
    names.first().map(String::as_str).ok_or(Down::Own)
}

#[retry]
#[timeout]
async fn borrowed(map: &HashMap<u32, String>) -> Result<&str, Down> {
    map.get(&1).map(String::as_str).ok_or(Down::Own)
}

#[derive(Debug, PartialEq)]
struct Missing<'k>(&'k str);

#[retry(count = 2)]
async fn borrowing_error<'k>(map: &HashMap<String, u32>, key: &'k str) -> Result<u32, Missing<'k>> {
    map.get(key).copied().ok_or(Missing(key))
}

#[tokio::test(start_paused = true)]
async fn answers_and_errors_may_borrow() {
    let names = vec!["first".to_owned()];
    assert_eq!(elided(&Flaky::failing(1), &names, "").await, Ok("first"));
    let map = HashMap::from([(1, "one".to_owned())]);
    assert_eq!(borrowed(&map).await, Ok("one"));
    assert_eq!(
        borrowing_error(&HashMap::new(), "k").await,
        Err(Missing("k"))
    );
}

#[retry]
async fn exclusive(service: &Flaky, seen: &mut Vec<u32>) -> Result<u32, Down> {
    seen.push(seen.len() as u32);
    service.call().await
}

#[timeout]
async fn exclusive_answer<'a>(names: &'a mut [String]) -> Result<&'a mut String, Down> {
    names.last_mut().ok_or(Down::Own)
}

#[tokio::test(start_paused = true)]
async fn exclusive_borrows_are_made_anew() {
    let mut seen = Vec::new();
    assert_eq!(exclusive(&Flaky::failing(2), &mut seen).await, Ok(3));
    assert_eq!(seen, [0, 1, 2]);
    let mut names = vec!["a".to_owned()];
    exclusive_answer(&mut names).await.unwrap().push('b');
    assert_eq!(names, ["ab"]);
}

#[retry]
async fn patterns(
    service: &Flaky,
    (a, b): (u32, u32),
    [first, ..]: [u32; 3],
    _: u32,
    _unused: String,
    &c: &u32,
) -> Result<u32, Down> {
    service.call().await?;
    Ok(a + b + first + c)
}

#[retry]
async fn mutable(service: &Flaky, mut n: u32, (mut m, k): (u32, u32)) -> Result<u32, Down> {
    n += 1;
    m += k;
    service.call().await?;
    Ok(n + m)
}

#[retry]
async fn mutable_reference(service: &Flaky, mut words: &[&str]) -> Result<usize, Down> {
    words = &words[1..];
    service.call().await?;
    Ok(words.len())
}

#[tokio::test(start_paused = true)]
async fn no_attempt_sees_what_the_one_before_did_to_a_mut_argument() {
    let service = Flaky::failing(2);
    assert_eq!(
        patterns(&service, (1, 2), [3, 0, 0], 9, String::new(), &4).await,
        Ok(10)
    );
    assert_eq!(mutable(&Flaky::failing(2), 1, (10, 5)).await, Ok(17));
    assert_eq!(
        mutable_reference(&Flaky::failing(2), &["a", "b", "c"]).await,
        Ok(2)
    );
}

#[retry]
async fn owned_by_reference(service: &Flaky, key: String) -> Result<usize, Down> {
    service.call().await?;
    Ok(key.len())
}

#[retry(clone(key, wrapped))]
async fn owned_and_consumed(
    service: &Flaky,
    key: String,
    Wrapped(wrapped): Wrapped,
) -> Result<Vec<u8>, Down> {
    let mut bytes = key.into_bytes();
    bytes.extend(wrapped);
    service.call().await?;
    Ok(bytes)
}

struct Wrapped(Vec<u8>);

#[timeout]
#[circuit_breaker]
async fn consumed_once(key: String) -> Result<Vec<u8>, Down> {
    Ok(key.into_bytes())
}

#[fallback(with = consumed_stale, clone(key))]
async fn consumed_with_fallback(service: &Flaky, key: String) -> Result<Vec<u8>, Down> {
    let bytes = key.into_bytes();
    service.call().await?;
    Ok(bytes)
}

fn consumed_stale(_service: &Flaky, key: String, _error: Down) -> Result<Vec<u8>, Down> {
    Ok(format!("stale {key}").into_bytes())
}

#[tokio::test(start_paused = true)]
async fn owned_arguments_are_used_by_reference_or_copied() {
    assert_eq!(
        owned_by_reference(&Flaky::failing(1), "abc".to_owned()).await,
        Ok(3)
    );
    let wrapped = Wrapped(b"d".to_vec());
    let answer = owned_and_consumed(&Flaky::failing(2), "abc".to_owned(), wrapped).await;
    assert_eq!(answer, Ok(b"abcd".to_vec()));
    assert_eq!(consumed_once("a".to_owned()).await, Ok(b"a".to_vec()));
    let answer = consumed_with_fallback(&Flaky::failing(1), "a".to_owned()).await;
    assert_eq!(answer, Ok(b"stale a".to_vec()));
}

#[retry(count = 4)]
async fn control_flow(service: &Flaky, stop_at: u32) -> Result<u32, Down> {
    let mut rounds = 0;
    let found = loop {
        rounds += 1;
        let mut sum = 0;
        for n in 0.. {
            if n == stop_at {
                break;
            }
            sum += n;
        }
        let twice = |n: u32| n * 2;
        let found = 'found: {
            if sum > 100 {
                break 'found sum;
            }
            twice(sum)
        };
        if rounds == 2 {
            break found;
        }
    };
    if found == 0 {
        return Ok(0);
    }
    service.call().await?;
    let inner = async { Ok::<_, Down>(found) };
    inner.await
}

#[tokio::test(start_paused = true)]
async fn control_flow_stays_inside_the_attempt() {
    assert_eq!(control_flow(&Flaky::failing(9), 0).await, Ok(0));
    assert_eq!(control_flow(&Flaky::failing(2), 4).await, Ok(12));
    assert_eq!(control_flow(&Flaky::failing(0), 20).await, Ok(190));
}

#[retry]
async fn recursive(service: &Flaky, depth: u32) -> Result<u32, Down> {
    if depth == 0 {
        return service.call().await;
    }
    let below: Pin<Box<dyn Future<Output = Result<u32, Down>> + '_>> =
        Box::pin(recursive(service, depth - 1));
    Ok(below.await? + 1)
}

#[tokio::test(start_paused = true)]
async fn recursion_goes_through_a_box() {
    assert_eq!(recursive(&Flaky::failing(1), 3).await, Ok(5));
}

type Answer<T> = Result<T, Down>;

#[retry]
#[circuit_breaker]
async fn own_alias(service: &Flaky) -> Answer<u32> {
    service.call().await
}

#[retry]
#[timeout]
async fn io_alias(service: &Flaky) -> std::io::Result<u32> {
    service.call().await.map_err(std::io::Error::other)
}

#[retry]
async fn anyhow_alias(service: &Flaky) -> anyhow::Result<u32> {
    Ok(service.call().await?)
}

#[retry]
#[timeout]
async fn nothing_to_say(service: &Flaky) -> Result<(), Down> {
    service.call().await?;
    Ok(())
}

#[retry]
async fn never_ok(service: &Flaky) -> Result<std::convert::Infallible, Down> {
    service.call().await?;
    Err(Down::Own)
}

#[tokio::test(start_paused = true)]
async fn a_result_works_under_any_alias() {
    assert_eq!(own_alias(&Flaky::failing(1)).await, Ok(2));
    assert_eq!(io_alias(&Flaky::failing(1)).await.unwrap(), 2);
    assert_eq!(anyhow_alias(&Flaky::failing(1)).await.unwrap(), 2);
    assert_eq!(nothing_to_say(&Flaky::failing(1)).await, Ok(()));
    assert_eq!(never_ok(&Flaky::failing(0)).await, Err(Down::Own));
}

const fn is_send<T: Send>(future: T) -> T {
    future
}

#[timeout("2s")]
#[retry(clone(cell))]
#[timeout]
#[circuit_breaker]
async fn sent(service: &Flaky, cell: Cell<u32>) -> Result<u32, Down> {
    service.call().await?;
    Ok(cell.get())
}

#[fallback(value = Ok(0))]
#[timeout]
#[circuit_breaker]
async fn cell_once(cell: Cell<u32>) -> Result<u32, Down> {
    tokio::task::yield_now().await;
    Ok(cell.get())
}

// The answer is not `Send`, and lives over no await: so the bare function is.
#[fallback(with = unsendable_stale)]
#[retry]
#[timeout]
async fn unsendable_answer(service: &Flaky) -> Result<Rc<u32>, Down> {
    let answer = service.call().await?;
    Ok(Rc::new(answer))
}

async fn unsendable_stale(service: &Flaky, _: Down) -> Result<Rc<u32>, Down> {
    let answer = service.call().await?;
    Ok(Rc::new(answer))
}

#[fallback(with = local_stale)]
#[retry]
#[timeout]
#[circuit_breaker]
async fn local(service: Rc<Flaky>) -> Result<u32, Down> {
    service.call().await
}

async fn local_stale(service: Rc<Flaky>, _: Down) -> Result<u32, Down> {
    service.call().await
}

#[tokio::test(start_paused = true)]
async fn what_was_send_is_send_and_what_was_not_works() {
    assert_eq!(is_send(sent(&Flaky::failing(1), Cell::new(5))).await, Ok(5));
    assert_eq!(is_send(cell_once(Cell::new(5))).await, Ok(5));
    let service = Flaky::failing(1);
    let future = is_send(unsendable_answer(&service));
    assert_eq!(future.await.as_deref(), Ok(&2));
    assert_eq!(local(Rc::new(Flaky::failing(3))).await, Ok(4));
}

#[retry]
fn boxed<'a>(
    service: &'a Flaky,
    key: &'a str,
) -> Pin<Box<dyn Future<Output = Result<String, Down>> + Send + 'a>> {
    let key = key.to_uppercase();
    Box::pin(async move {
        service.call().await?;
        Ok(key.clone())
    })
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[retry]
#[timeout]
fn boxed_under_an_alias(service: &Flaky) -> BoxFuture<'_, Result<u32, Down>> {
    Box::pin(async move { service.call().await })
}

#[retry(when = |error| *error == Down::Own)]
#[timeout]
fn bare_block(service: Arc<Flaky>, mut n: u32) -> impl Future<Output = Result<u32, Down>> {
    n += 1;
    async move {
        n += 1;
        service.call().await?;
        Ok(n)
    }
}

#[tokio::test(start_paused = true)]
async fn functions_that_end_in_an_async_block_are_async_too() {
    assert_eq!(boxed(&Flaky::failing(2), "a").await, Ok("A".to_owned()));
    assert_eq!(boxed_under_an_alias(&Flaky::failing(2)).await, Ok(3));
    assert_eq!(bare_block(Arc::new(Flaky::failing(2)), 1).await, Ok(3));
}

#[retry(count = config.count, delay = config.delay, when = |error| config.tries(error))]
#[timeout(after = config.limit)]
async fn knobs_from_arguments(config: &Config, service: &Flaky) -> Result<u32, Down> {
    service.call().await
}

struct Config {
    count: u32,
    delay: Duration,
    limit: Duration,
}

impl Config {
    fn tries(&self, error: &Down) -> bool {
        *error == Down::Own && self.count > 1
    }
}

#[tokio::test(start_paused = true)]
async fn knobs_may_name_the_arguments() {
    let config = |count| Config {
        count,
        delay: Duration::from_millis(5),
        limit: Duration::from_secs(1),
    };
    assert_eq!(
        knobs_from_arguments(&config(4), &Flaky::failing(3)).await,
        Ok(4)
    );
    assert_eq!(
        knobs_from_arguments(&config(2), &Flaky::failing(3)).await,
        Err(Down::Own)
    );
}

#[allow(unused_variables)]
#[retry]
async fn names_of_our_own(
    service: &Flaky,
    call: u32,
    retry: u32,
    attempts: u32,
    pause: u32,
    outcome: u32,
    ret: u32,
) -> Result<u32, Down> {
    const COUNT: u32 = 100;
    service.call().await?;
    Ok(call + retry + attempts + pause + outcome + ret + COUNT)
}

#[tokio::test(start_paused = true)]
async fn no_name_of_ours_meets_one_of_the_users() {
    assert_eq!(
        names_of_our_own(&Flaky::failing(1), 1, 1, 1, 1, 1, 1).await,
        Ok(106)
    );
}

#[fallback(with = stale, when = |error| *error != Down::Policy)]
#[timeout(after = limit())]
#[retry(when = |error| *error == Down::Own, when_ok = Vec::is_empty, on_retry = |attempt| assert!(attempt.attempt() < 3))]
#[timeout(ms = 500)]
#[circuit_breaker(when = |error| *error == Down::Own, ignore = |error| *error == Down::Policy)]
async fn by_rules(service: &Flaky, key: &str) -> Result<Vec<u8>, Down> {
    service.call().await?;
    Ok(key.as_bytes().to_vec())
}

fn limit() -> Duration {
    Duration::from_secs(9)
}

#[retry(when = |error| error.0.len() > 1)]
#[circuit_breaker(state = Arc::clone(breaker), into_error = missing, when_ok = |name| name.is_empty())]
async fn borrowing_by_rules<'k>(
    breaker: &Arc<resilient_runtime::CircuitBreaker>,
    names: &'k HashMap<String, String>,
    key: &'k str,
) -> Result<&'k str, Missing<'k>> {
    names.get(key).map(String::as_str).ok_or(Missing(key))
}

fn missing<'k>(_: resilient_runtime::PolicyError) -> Missing<'k> {
    Missing("")
}

#[tokio::test(start_paused = true)]
async fn calls_that_borrow_can_be_spawned() {
    let answer = tokio::spawn(async {
        let (service, key) = (Flaky::failing(2), "k".to_owned());
        let mut seen = Vec::new();
        exclusive(&service, &mut seen).await?;
        five_layers(&service, &key).await?;
        by_rules(&service, &key).await
    });
    assert_eq!(answer.await.unwrap(), Ok(b"k".to_vec()));

    let answer = tokio::spawn(async {
        let breaker = Arc::new(resilient_runtime::CircuitBreaker::new());
        let names = HashMap::from([("k".to_owned(), "name".to_owned())]);
        let key = "k".to_owned();
        borrowing_by_rules(&breaker, &names, &key)
            .await
            .map(str::len)
            .map_err(|_| ())
    });
    assert_eq!(answer.await.unwrap(), Ok(4));
}
