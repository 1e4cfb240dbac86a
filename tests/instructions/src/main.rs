//! Calls one of the guarded paths so many times. `tests/instructions/run` counts the instructions.
//!
//! ```text
//! resilient-instructions                  the names of the paths
//! resilient-instructions PATH CALLS       that many calls of one
//! ```

mod paths;

use std::hint::black_box;
use std::thread;

use paths::{FAILS, Failed};
use tokio::runtime::Builder;

type Path = (&'static str, fn(u64));

const PATHS: &[Path] = &[
    ("bare", |calls| good(calls, paths::bare)),
    ("retry", |calls| good(calls, paths::retried)),
    ("timeout", |calls| good(calls, paths::timed)),
    ("breaker-calls", |calls| {
        good(calls, paths::breaker_of_calls)
    }),
    ("breaker-time", |calls| good(calls, paths::breaker_of_time)),
    ("breaker-runs", |calls| good(calls, paths::breaker_of_runs)),
    ("breaker-calls-mixed", |calls| {
        mixed(calls, paths::breaker_of_calls)
    }),
    ("breaker-time-mixed", |calls| {
        mixed(calls, paths::breaker_of_time)
    }),
    ("breaker-runs-mixed", |calls| {
        mixed(calls, paths::breaker_of_runs)
    }),
    ("breaker-open", |calls| refused(calls, paths::open)),
    ("rate-limit", |calls| good(calls, paths::limited)),
    ("rate-limit-keys", |calls| {
        good(calls, paths::limited_by_key)
    }),
    ("bulkhead", |calls| good(calls, paths::bulkheaded)),
    ("adaptive-concurrency", |calls| good(calls, paths::adaptive)),
    ("fault-off", |calls| good(calls, paths::faulty)),
    ("fallback", |calls| good(calls, paths::with_fallback)),
    ("hedge", |calls| good(calls, paths::hedged)),
    ("stack", |calls| good(calls, paths::stacked)),
];

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match &*arguments {
        [] => PATHS.iter().for_each(|(name, _)| println!("{name}")),
        [path, calls] => {
            let (_, call) = PATHS.iter().find(|(name, _)| name == path).expect("a path");
            let calls = calls.parse().expect("a number of calls");
            // How a copy goes depends on where the stack lies: the main thread's begins below the environment.
            thread::spawn(move || call(calls))
                .join()
                .expect("the answers that were due");
        }
        _ => panic!("usage: resilient-instructions [PATH CALLS]"),
    }
}

/// No call fails.
fn good(calls: u64, call: impl AsyncFn(u64) -> Result<u64, Failed>) {
    assert_eq!(answered(calls, 1, 2, call), calls);
}

/// One call in [`FAILS`] fails.
fn mixed(calls: u64, call: impl AsyncFn(u64) -> Result<u64, Failed>) {
    assert_eq!(answered(calls, 1, 1, call), calls - calls / FAILS);
}

/// The first call fails, and all the rest are refused for it.
fn refused(calls: u64, call: impl AsyncFn(u64) -> Result<u64, Failed>) {
    assert_eq!(answered(calls, 0, 1, call), 0);
}

/// How many calls are answered with `Ok`, of so many whose numbers begin with `first` and are `step` apart.
#[inline(never)]
fn answered(
    calls: u64,
    first: u64,
    step: u64,
    call: impl AsyncFn(u64) -> Result<u64, Failed>,
) -> u64 {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(async {
        let mut answered = 0;
        let mut number = first;
        for _ in 0..calls {
            answered += u64::from(call(black_box(number)).await.is_ok());
            number += step;
        }
        answered
    })
}
