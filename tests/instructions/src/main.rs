//! Makes calls of one kind, for `run` to count the instructions of.
//!
//! What is counted is the difference between two numbers of calls, so neither the start of the program nor a first
//! call matters.

mod paths;

use std::env::args;
use std::hint::black_box;
use std::process::ExitCode;

use tokio::runtime::Builder;

use self::paths::{Answer, BAD};

/// Once before the calls that count: what makes the state that the path is named after.
const FAILURES: u64 = 20;

macro_rules! kinds {
    ($($kind:ident $(after $failures:expr)?,)+) => {
        const KINDS: &[&str] = &[$(stringify!($kind),)+];

        async fn make(kind: &str, calls: u64) -> Option<()> {
            match kind {
                $(stringify!($kind) => {
                    $(for _ in 0..$failures {
                        let _ = paths::$kind(BAD).await;
                    })?
                    repeat(calls, paths::$kind).await;
                })+
                _ => return None,
            }
            Some(())
        }
    };
}

kinds! {
    bare,
    retried,
    limited,
    breaker_of_calls,
    breaker_of_calls_with_failures after 1,
    breaker_of_time,
    breaker_in_a_row,
    open_breaker after FAILURES,
    rated,
    rated_by_key,
    placed,
    adapted,
    faulty,
    with_fallback,
    hedged,
    stack,
}

#[inline(never)]
async fn repeat<F: Future<Output = Answer>>(calls: u64, call: impl Fn(u64) -> F) {
    for question in 0..calls {
        let _ = black_box(call(black_box(question)).await);
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = args().skip(1).collect();
    let (Some(kind), Some(calls)) = (words.first(), words.get(1)) else {
        // Whoever counts asks what there is.
        println!("{}", KINDS.join("\n"));
        return ExitCode::SUCCESS;
    };
    let Ok(calls) = calls.parse() else {
        eprintln!("`{calls}` is no number of calls");
        return ExitCode::FAILURE;
    };
    let runtime = Builder::new_current_thread().enable_time().build();
    let made = runtime.map(|runtime| runtime.block_on(make(kind, calls)));
    match made {
        Ok(Some(())) => ExitCode::SUCCESS,
        Ok(None) => {
            eprintln!("there is no kind of calls `{kind}`");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("no runtime: {error}");
            ExitCode::FAILURE
        }
    }
}
