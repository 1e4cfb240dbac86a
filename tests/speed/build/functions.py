"""Many functions: bare, below five attributes, below `#[instrument]`, and with the same stack written by hand."""

from textwrap import indent
from typing import NamedTuple

from dependencies import BY_HAND, OURS, TRACING, tokio

BODY = """\
let value = store.fetch(key).await?;
if value == NUMBER {
    return Err(Failed::Missing);
}
Ok(value + NUMBER)
"""

START = """\
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

#[derive(Debug)]
pub struct Store(u64);

impl Store {
    #[inline(never)]
    async fn fetch(&self, key: u64) -> Result<u64, Failed> {
        if key == self.0 { Err(Failed::Unavailable) } else { Ok(key) }
    }
}

#[derive(Debug)]
pub enum Failed {
    Missing,
    Unavailable,
    Refused,
}

type Calling<'a> = Pin<&'a mut dyn Future<Output = Result<u64, Failed>>>;

#[inline(never)]
fn polled(call: Calling<'_>) -> u64 {
    match call.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(value)) => value,
        _ => 0,
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let store = Store(std::env::args().count() as u64);
    let sum = CALLS.iter().fold(0, |sum, call| call(&store, sum));
    println!("{sum}");
}
"""

# How each is called: with a caller of its own, so that each is there, and no function grows with their number.
CALLER = """\
fn call_NUMBER(store: &Store, key: u64) -> u64 {
    polled(pin!(get_NUMBER(store, key)))
}
"""

SIGNATURE = "async fn get_NUMBER(store: &Store, key: u64) -> Result<u64, Failed>"

ATTRIBUTES = """\
#[retry(count = 3, backoff = "fib")]
#[timeout("500ms")]
#[circuit_breaker(failure_rate = 0.6)]
#[bulkhead(max_concurrent = 100)]
#[rate_limit(per_second = 1_000)]
"""

OURS_START = """
use resilient_runtime::{PolicyError, bulkhead, circuit_breaker, rate_limit, retry, timeout};

impl From<PolicyError> for Failed {
    fn from(_: PolicyError) -> Self {
        Failed::Refused
    }
}
"""

BY_HAND_START = """
use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use failsafe::backoff::{self, Constant};
use failsafe::failure_policy::{ConsecutiveFailures, consecutive_failures};
use failsafe::futures::CircuitBreaker as _;
use failsafe::{Config, StateMachine};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Semaphore;
"""

# What the limits refuse is no failure of the service.
BY_HAND_FUNCTION = """\
SIGNATURE {
    static BREAKER: LazyLock<StateMachine<ConsecutiveFailures<Constant>, ()>> = LazyLock::new(|| {
        let policy = consecutive_failures(5, backoff::constant(Duration::from_secs(5)));
        Config::new().failure_policy(policy).build()
    });
    static PLACES: Semaphore = Semaphore::const_new(100);
    static LIMITER: LazyLock<DefaultDirectRateLimiter> =
        LazyLock::new(|| RateLimiter::direct(Quota::per_second(NonZeroU32::new(1_000).unwrap())));

    let attempt = || async {
        let admitted = BREAKER.call_with(|error: &Failed| !matches!(error, Failed::Refused), async {
            let _place = PLACES.try_acquire().map_err(|_| Failed::Refused)?;
            LIMITER.check().map_err(|_| Failed::Refused)?;
BODY
        });
        match tokio::time::timeout(Duration::from_millis(500), admitted).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(failsafe::Error::Inner(error))) => Err(error),
            Ok(Err(failsafe::Error::Rejected)) | Err(_) => Err(Failed::Refused),
        }
    };
    attempt.retry(ExponentialBuilder::default().with_jitter().with_max_times(2)).await
}
""".replace("SIGNATURE", SIGNATURE).replace("BODY\n", indent(BODY, 12 * " "))

PLAIN = f"{SIGNATURE} {{\n{indent(BODY, 4 * ' ')}}}\n"


class Kind(NamedTuple):
    name: str
    title: str
    dependencies: str
    start: str
    function: str

    def program(self, count):
        functions = "\n".join((self.function + CALLER).replace("NUMBER", str(number)) for number in range(count))
        calls = ", ".join(f"call_{number}" for number in range(count))
        return f"{self.start}\n{START}\nstatic CALLS: [fn(&Store, u64) -> u64; {count}] = [{calls}];\n\n{functions}"


TOKIO = tokio("rt", "time")
KINDS = [
    Kind("bare", "bare", TOKIO, "", PLAIN),
    Kind("instrumented", "`#[tracing::instrument]`", TOKIO + TRACING, "", "#[tracing::instrument]\n" + PLAIN),
    Kind("annotated", "five attributes", TOKIO + OURS, OURS_START, ATTRIBUTES + PLAIN),
    Kind("by-hand", "by hand: backon, tokio `timeout`, failsafe, `Semaphore`, governor",
         tokio("rt", "time", "sync") + BY_HAND, BY_HAND_START, BY_HAND_FUNCTION),
]
