#![deny(warnings)]
#![allow(dead_code, unused_macros)]

//! What the attributes write is what it was, whatever the names in it mean to the user.

use resilient_runtime::resilient;

mod core {}
mod std {}
mod inventory {}

struct Some;
struct None;
struct Ok;
struct Err;
struct Break;
struct Continue;
struct Duration;
struct ControlFlow;
struct Option;
struct Failure;
struct Site;
struct Registration;

trait Clone {}
trait Fn {}

macro_rules! file {
    () => {
        compile_error!("the user's")
    };
}

macro_rules! line {
    () => {
        compile_error!("the user's")
    };
}

macro_rules! submit {
    ($($site:tt)*) => {
        compile_error!("the user's")
    };
}

type Result = ::std::result::Result<u64, ::std::io::Error>;

fn site() {}
fn path_of() {}
fn judged() {}

#[resilient(
    fallback(value = Result::Ok(0), when = |_| false),
    timeout("2s"),
    retry(delay_ms = 5, clone(own, value)),
    timeout(ms = 500),
    circuit_breaker(open_for = "2s"),
    bulkhead(key = key, max_wait_ms = 5, max_queue = 5),
    fault(error = ::std::io::ErrorKind::NotFound.into(), error_rate = 0.1),
    rate_limit(per_second = 5)
)]
async fn stack<T: ::std::clone::Clone>(key: &str, mut own: u64, value: T) -> Result {
    own += 1;
    drop((key.len(), value));
    Result::Ok(own)
}

#[resilient(hedge(clone(value)), timeout("1s"))]
async fn hedged<T: ::std::clone::Clone + Send + Sync>(value: T) -> Result {
    drop(value);
    Result::Ok(1)
}

struct Store;

#[resilient(circuit_breaker(scope = "impl", open_for = "2s"), name = "store")]
impl Store {
    async fn get(&self) -> Result {
        Result::Ok(1)
    }
}

fn main() {
    (site(), path_of(), judged());
    drop((stack("", 1, 1), hedged(1), Store.get()));
}
