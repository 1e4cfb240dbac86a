//! Whatever stands in a file, and whatever else happens meanwhile: nothing is half-applied, and no call is lost.

#[path = "../../behaviour/common/mod.rs"]
mod common;
mod configured;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use common::{Error, breaker, layer};
use configured::{File, everything, stands};
use futures::FutureExt;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use resilient_runtime::{
    LayerKind, Reading, bulkhead, circuit_breaker, fallback, hedge, rate_limit, registry, retry,
    testing, timeout,
};

#[fallback(name = "fuzz::stack", value = Ok(()))]
#[timeout("4s")]
#[retry]
#[hedge(after = "100ms")]
#[timeout("1s")]
#[circuit_breaker]
#[rate_limit(per_second = 5, key = tenant)]
#[allow(dead_code)]
async fn stack(tenant: &str) -> Result<(), Error> {
    Ok(())
}

#[retry(name = "fuzz::other", key = host)]
#[bulkhead(max_concurrent = 3)]
#[allow(dead_code)]
async fn other(host: &str) -> Result<(), Error> {
    Ok(())
}

const VALID: &str = r#"enabled = true
["*".timeout]
after = "5s"
["fuzz::*".retry]
count = 5
delay_ms = 100
jitter = 0.25
["fuzz::stack"]
circuit_breaker = { enabled = false, window = 50, failure_rate = 0.7 }
retry.budget.capacity = 20
"timeout#2".after = "250ms"
hedge = { after = "p99", max = 2 }
fallback.enabled = true
["fuzz::stack".rate_limit.keys."one"]
permits = 500
per = "1m 30s"
["fuzz::other".retry.budget.keys.one]
ratio = 0.5
[ "fuzz::other".bulkhead ]
max_wait = "1s"
max_queue = 0x10
"#;

/// Applies it in a world of its own, over other settings, and sees that it was all or nothing.
fn all_or_nothing(text: &[u8]) -> Result<(), TestCaseError> {
    let outcome = testing::isolated(async {
        layer("fuzz::other", LayerKind::Retry)
            .set("count", 9.into())
            .unwrap();
        let file = File::of("[\"fuzz::stack\"]\nretry.count = 8\ntimeout.enabled = false");
        file.config().apply().unwrap();
        let before = everything();
        file.write(text);
        let first = file.config().apply();
        let after = everything();
        match &first {
            Ok(applied) => prop_assert!(after != before, "{applied}"),
            Err(error) => {
                prop_assert_eq!(&after, &before);
                prop_assert!(!error.mistakes().is_empty());
                prop_assert!(!error.to_string().is_empty());
            }
        }
        prop_assert_eq!(file.config().apply(), first);
        prop_assert_eq!(everything(), after, "the same again changes nothing");
        Ok(())
    });
    outcome.now_or_never().expect("it waits for nothing")
}

fn knob() -> impl Strategy<
    Value = (
        &'static str,
        LayerKind,
        &'static str,
        &'static str,
        &'static str,
    ),
> {
    use LayerKind::{Bulkhead, CircuitBreaker, Hedge, RateLimit, Retry, Timeout};
    select(vec![
        ("fuzz::stack", Retry, "count", "7", "7"),
        ("fuzz::stack", Retry, "delay", "\"1s\"", "1s"),
        ("fuzz::stack", Retry, "jitter", "\"none\"", "none"),
        ("fuzz::stack", Timeout, "after", "\"3s\"", "3s"),
        ("fuzz::stack", Hedge, "after", "\"p90\"", "p90"),
        ("fuzz::stack", CircuitBreaker, "window", "\"7s\"", "7s"),
        ("fuzz::stack", RateLimit, "burst", "70", "70"),
        ("fuzz::other", Retry, "factor", "7.5", "7.5"),
        ("fuzz::other", Bulkhead, "max_concurrent", "77", "77"),
    ])
}

#[test]
fn the_valid_file_is_valid() {
    let applied = testing::isolated(async { File::of(VALID).config().apply() });
    let applied = applied
        .now_or_never()
        .unwrap()
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((applied.settings, applied.functions), (22, 3));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_bytes_are_all_taken_or_not_at_all(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        all_or_nothing(&bytes)?;
    }

    #[test]
    fn any_text_is_all_taken_or_not_at_all(text in "[\\[\\]\"'{}=.,a-z0-9*# \n]{0,120}") {
        all_or_nothing(text.as_bytes())?;
    }

    #[test]
    fn a_valid_file_with_other_characters_is_all_taken_or_not_at_all(
        changes in prop::collection::vec((any::<Index>(), select(&b"\"[]{}=.*#\n 019aems_-:\xff"[..])), 1..4),
    ) {
        let mut text = VALID.as_bytes().to_vec();
        for (at, byte) in &changes {
            let at = at.index(text.len());
            text[at] = *byte;
        }
        all_or_nothing(&text)?;
    }

    #[test]
    fn a_valid_file_with_lines_missing_twice_or_elsewhere_is_all_taken_or_not_at_all(
        lines in prop::collection::vec(any::<Index>(), 1..25),
    ) {
        let all: Vec<_> = VALID.lines().collect();
        let text: Vec<_> = lines.iter().map(|line| all[line.index(all.len())]).collect();
        all_or_nothing(text.join("\n").as_bytes())?;
    }

    #[test]
    fn each_knob_that_is_taken_is_as_it_was_said(knobs in prop::collection::vec(knob(), 1..6)) {
        let mut text = String::new();
        let mut said: Vec<_> = knobs;
        said.sort_by_key(|(site, kind, knob, ..)| (*site, kind.name(), *knob));
        said.dedup();
        let site = |name: &str, text: &mut String| {
            text.push_str(&format!("[\"{name}\"]\n"));
            for (site, kind, knob, written, _) in &said {
                if *site == name {
                    text.push_str(&format!("{kind}.{knob} = {written}\n"));
                }
            }
        };
        site("fuzz::stack", &mut text);
        site("fuzz::other", &mut text);
        let outcome = testing::isolated(async {
            let applied = File::of(&text).config().apply();
            prop_assert_eq!(applied.map(|applied| applied.settings), Ok(said.len()));
            for (site, kind, knob, _, shown) in &said {
                prop_assert_eq!(stands(layer(site, *kind), knob), format!("{shown} by file"));
            }
            Ok(())
        });
        outcome.now_or_never().unwrap()?;
    }
}

#[test]
fn a_reload_in_the_middle_of_load_loses_no_call_and_no_count() {
    const THREADS: u32 = 4;
    const CALLS: u32 = 5000;

    #[retry(name = "loaded", count = 2)]
    #[timeout("30s")]
    #[circuit_breaker(window = 60000, min_calls = 60000)]
    #[rate_limit(per_second = 4000000000)]
    #[bulkhead(max_concurrent = 1, max_queue = 1000)]
    async fn ask(calls: &AtomicU32) -> Result<(), Error> {
        calls.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    let file = File::of("");
    let texts = [
        "[loaded]\nbulkhead.max_concurrent = 3\ncircuit_breaker.failure_rate = 0.9\nretry.count = 5\nretry.budget.capacity = 7",
        "[loaded]\ntimeout.after = \"20s\"\nrate_limit.burst = 3000000000\ncircuit_breaker.slow_call = \"9s\"",
        "",
        "[loaded]\nbulkhead.max_concurrent = 0",
    ];
    let calls = AtomicU32::new(0);
    let done = AtomicBool::new(false);
    let reloads = thread::scope(|scope| {
        let callers = (0..THREADS).map(|_| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build();
                let runtime = runtime.unwrap();
                for _ in 0..CALLS {
                    assert_eq!(runtime.block_on(ask(&calls)), Ok(()));
                }
            })
        });
        let callers: Vec<_> = callers.collect();
        let reloader = scope.spawn(|| {
            let mut reloads = 0;
            while !done.load(Ordering::Relaxed) {
                for (at, text) in texts.iter().enumerate() {
                    file.write(text);
                    assert_eq!(file.config().apply().is_ok(), at < 3);
                    reloads += 1;
                }
            }
            reloads
        });
        for caller in callers {
            caller.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        reloader.join().unwrap()
    });
    assert!(reloads >= texts.len());
    assert_eq!(calls.into_inner(), THREADS * CALLS);
    assert_eq!(common::counted(breaker("loaded")), (THREADS * CALLS, 0));
    let Some(Reading::Places {
        in_use, waiting, ..
    }) = layer("loaded", LayerKind::Bulkhead).reading()
    else {
        panic!()
    };
    assert_eq!((in_use, waiting), (0, 0));
    let budget = registry()
        .site("loaded")
        .unwrap()
        .layer(LayerKind::Retry)
        .unwrap()
        .reading();
    let Some(Reading::Budget { tokens, .. }) = budget else {
        panic!()
    };
    assert_eq!(tokens, 100.0);
}
