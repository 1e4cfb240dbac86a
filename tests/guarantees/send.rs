//! What may cross threads: a table that the compiler checks.
#![allow(clippy::let_underscore_future)]

use std::cell::Cell;
use std::future::Ready;
use std::rc::Rc;
use std::sync::Arc;

use resilient_runtime::{
    Attempts, BreakerCall, BreakerPermit, CircuitBreaker, Event, Failure, FallingBack, HedgeCall,
    Hedger, Judged, JudgedFuture, Pause, PolicyError, RetryBudget, Retrying, Rules, Site,
    Subscription, TimeoutCall, circuit_breaker, fallback, hedge, retry, timeout,
};
use tonic::Status;

fn assert_send<T: Send>(_: T) {}

const fn send<T: ?Sized + Send>() {}
const fn sync<T: ?Sized + Sync>() {}

/// A type that may neither be sent nor shared.
type Local = Rc<Cell<u8>>;
type Outcome = Result<u8, Status>;
type Call = Ready<Outcome>;

/// Implemented once for every type, and once more for what is `Send`: naming the
/// method is ambiguous, and so an error, for a type that is.
trait AmbiguousIfSend<A> {
    fn check() {}
}

impl<T: ?Sized> AmbiguousIfSend<()> for T {}
impl<T: ?Sized + Send> AmbiguousIfSend<u8> for T {}

macro_rules! not_send {
    ($type:ty) => {
        let _ = <$type as AmbiguousIfSend<_>>::check;
    };
}

#[test]
fn public_types_are_as_sendable_as_what_they_hold() {
    send::<CircuitBreaker>();
    sync::<CircuitBreaker>();
    send::<BreakerPermit<'static>>();
    sync::<BreakerPermit<'static>>();
    send::<Attempts<'_>>();
    sync::<Attempts<'_>>();
    send::<Pause>();
    send::<RetryBudget>();
    sync::<RetryBudget>();
    send::<Hedger>();
    sync::<Hedger>();
    send::<PolicyError>();
    sync::<PolicyError>();
    sync::<Site>();
    send::<Event>();
    send::<Subscription>();
    sync::<Subscription>();
    send::<Failure<Status>>();
    send::<Judged<Status>>();
    send::<Rules<Outcome>>();

    send::<TimeoutCall<Call>>();
    send::<BreakerCall<'static, Call, Rules<Outcome>>>();
    send::<Retrying<'_, fn() -> Call, Call, Rules<Outcome>>>();
    send::<HedgeCall<'static, fn() -> Call, Call>>();
    send::<FallingBack<Call, fn(Status) -> Call, Call>>();
    send::<JudgedFuture<Call, fn(&Status)>>();

    // What a rule returns does not live in the future.
    send::<Rules<Local>>();

    not_send!(TimeoutCall<Local>);
    not_send!(HedgeCall<'static, fn() -> Local, Local>);
    not_send!(BreakerCall<'static, Local, Rules<Outcome>>);
    not_send!(FallingBack<Local, (), ()>);
    not_send!(Failure<Local>);
}

#[fallback(value = Ok(0), when = |_| true)]
#[timeout("2s")]
#[retry(count = 3)]
#[timeout(ms = 500)]
#[circuit_breaker]
async fn stack(numbers: &[u8], name: String) -> Outcome {
    tokio::task::yield_now().await;
    Ok(numbers[0] + name.len() as u8)
}

#[timeout(ms = 500)]
#[circuit_breaker]
async fn once(numbers: &mut Vec<u8>, name: String) -> Outcome {
    numbers.push(name.len() as u8);
    tokio::task::yield_now().await;
    Ok(numbers[0])
}

#[retry(count = 3)]
async fn returns_local(number: u8) -> Result<Local, Status> {
    tokio::task::yield_now().await;
    Ok(Rc::new(Cell::new(number)))
}

#[retry(count = 3)]
#[timeout(ms = 500)]
async fn holds_local() -> Outcome {
    let local: Local = Rc::default();
    tokio::task::yield_now().await;
    Ok(local.get())
}

#[retry(count = 3, clone(counter))]
async fn owns_a_cell(counter: Cell<u8>) -> Outcome {
    tokio::task::yield_now().await;
    Ok(counter.get())
}

#[timeout("2s")]
#[retry(count = 3)]
#[hedge(clone(name, tags))]
#[timeout(ms = 500)]
#[circuit_breaker]
async fn hedged(numbers: &[u8], name: String, tags: Vec<u8>) -> Outcome {
    tokio::task::yield_now().await;
    Ok(numbers[0] + name.len() as u8 + tags.len() as u8)
}

#[hedge]
async fn hedged_returns_local(number: u8) -> Result<Local, Status> {
    tokio::task::yield_now().await;
    Ok(Rc::new(Cell::new(number)))
}

#[hedge]
async fn hedged_holds_local() -> Outcome {
    let local: Local = Rc::default();
    tokio::task::yield_now().await;
    Ok(local.get())
}

#[test]
fn an_annotated_function_is_send_where_the_bare_one_is() {
    assert_send(stack(&[1], String::new()));
    assert_send(once(&mut vec![1], String::new()));
    assert_send(hedged(&[1], String::new(), Vec::new()));
    assert_send(hedged_returns_local(1));
    drop(hedged_holds_local());
    // Its outcome is not held over a pause.
    assert_send(returns_local(1));
    // Each attempt owns its copy, so a `Cell` need not be shared.
    assert_send(owns_a_cell(Cell::new(1)));
    // Compiles, and is as local as the bare function.
    drop(holds_local());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_annotated_function_can_be_spawned() {
    let numbers: Arc<[u8]> = Arc::from([3_u8]);
    let task = tokio::spawn(async move { stack(&numbers, "four".to_owned()).await });
    assert_eq!(task.await.unwrap().unwrap(), 7);
}
