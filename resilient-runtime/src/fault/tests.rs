//! Injection as callers see it, each test in a world of its own.

#[cfg(feature = "tracing")]
mod told;

use std::future::pending;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use tokio::time::Instant;

use super::*;
use crate::classify::ErrorClass;
use crate::context;
use crate::error::PolicyErrorKind;
use crate::event::EventKind;
use crate::site::{Layer, Site};
use crate::testing::{events, isolated};
use crate::timeout::Timeout;
use crate::verdict::{Cause, Failing, Failure, Judged, Verdict};

async fn active<F: Future>(future: F) -> F::Output {
    isolated(async {
        faults::allow_in_release();
        faults::enable();
        future.await
    })
    .await
}

async fn answers() -> io::Result<u32> {
    Ok(7)
}

fn injected<T>(outcome: &Result<T, Failure<io::Error>>) -> bool {
    match outcome {
        Err(Failure::Policy(error)) => error.kind() == PolicyErrorKind::FaultInjected,
        _ => false,
    }
}

const SECOND: Duration = Duration::from_secs(1);
const ALL: Fault = Fault::new().error_rate(1.0).latency(SECOND).panic_rate(1.0);

#[tokio::test(start_paused = true)]
async fn nothing_happens_while_it_is_switched_off() {
    let began = Instant::now();
    isolated(async {
        let injector = FaultInjector::new(ALL);
        for _ in 0..3 {
            faults::disable();
            assert_eq!(injector.call(answers()).await.unwrap(), 7);
        }
        assert_eq!(injector.counts(), FaultCounts::default());
        assert_eq!(faults::counts(), FaultCounts::default());
    })
    .await;
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn an_injected_error_takes_the_place_of_the_call() {
    active(async {
        let injector = FaultInjector::new(Fault::new().error_rate(1.0)).named("store");
        let outcome = injector
            .call(async {
                panic!("it must not be made");
                #[allow(unreachable_code)]
                answers().await
            })
            .await;
        assert!(injected(&outcome));
        let Err(Failure::Policy(error)) = outcome else {
            unreachable!()
        };
        assert_eq!(error.site(), "store");
    })
    .await;
}

#[tokio::test]
async fn an_error_of_the_callers_own_is_made_when_it_is_injected_and_judged() {
    active(async {
        let made = AtomicU32::new(0);
        let error = || {
            made.fetch_add(1, Relaxed);
            judged_error(io::Error::from(io::ErrorKind::NotFound), |_| {
                Verdict::of_class(ErrorClass::CallerFault, None)
            })
        };
        let body = || crate::verdict::judged(answers(), |_| unreachable!());
        let never = FaultInjector::new(Fault::new());
        assert_eq!(never.call_error(body(), error).await.unwrap(), 7);
        assert_eq!(made.load(Relaxed), 0);
        let always = FaultInjector::new(Fault::new().error_rate(1.0));
        let error: Judged<io::Error> = always.call_error(body(), error).await.unwrap_err();
        assert_eq!(made.load(Relaxed), 1);
        assert_eq!(error.verdict().cause, Cause::Error(ErrorClass::CallerFault));
        assert_eq!(error.into_error().kind(), io::ErrorKind::NotFound);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_latency_comes_before_the_call_and_before_what_takes_its_place() {
    active(async {
        let began = Instant::now();
        let slow = FaultInjector::new(Fault::new().latency(SECOND));
        let at = slow.call(async { Ok::<_, io::Error>(began.elapsed()) });
        assert_eq!(at.await.unwrap(), SECOND);

        let fails = FaultInjector::new(Fault::new().latency(SECOND).error_rate(1.0));
        assert!(injected(&fails.call(answers()).await));
        assert_eq!(began.elapsed(), SECOND * 2);

        let panics = FaultInjector::new(ALL);
        let unwound = AssertUnwindSafe(panics.call(answers()))
            .catch_unwind()
            .await;
        assert!(unwound.is_err());
        assert_eq!(began.elapsed(), SECOND * 3);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_latency_is_the_calls_own_time() {
    active(async {
        let slow = FaultInjector::new(Fault::new().latency(SECOND));
        let before = context::waits();
        let outcome = Timeout::new(SECOND / 2).call(slow.call(answers())).await;
        assert!(matches!(outcome, Err(Failure::Policy(error))
            if error.kind() == PolicyErrorKind::TimedOut { after: SECOND / 2 }));
        assert_eq!(context::waits(), before);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn only_so_many_are_held_up_at_a_time() {
    active(async {
        faults::set_max_active_delays(2);
        let slow = FaultInjector::new(Fault::new().latency(SECOND));
        let began = Instant::now();
        let calls = (0..5).map(|_| slow.call(async { Ok::<_, io::Error>(began.elapsed()) }));
        let at: Vec<_> = join_all(calls)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(at.iter().filter(|at| **at == SECOND).count(), 2);
        assert_eq!(at.iter().filter(|at| at.is_zero()).count(), 3);
        let counts = slow.counts();
        assert_eq!((counts.delays, counts.delays_left_out), (2, 3));

        // One that is dropped makes room, as does one that has ended.
        let mut dropped = Box::pin(slow.call(answers()));
        let mut kept = Box::pin(slow.call(answers()));
        assert!(dropped.as_mut().now_or_never().is_none());
        assert!(kept.as_mut().now_or_never().is_none());
        drop(dropped);
        assert!(slow.call(answers()).now_or_never().is_none());
        assert_eq!(faults::counts().delays_left_out, 3);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_in_its_latency_never_begins() {
    active(async {
        let slow = FaultInjector::new(Fault::new().latency(SECOND));
        let begun = AtomicU32::new(0);
        let call = slow.call(async {
            begun.fetch_add(1, Relaxed);
            answers().await
        });
        assert!(tokio::time::timeout(SECOND / 2, call).await.is_err());
        tokio::time::sleep(SECOND).await;
        assert_eq!(begun.load(Relaxed), 0);
    })
    .await;
}

#[tokio::test]
async fn faults_are_counted_where_they_were_injected_and_in_all() {
    active(async {
        let [fails, panics] =
            [Fault::new().error_rate(1.0), Fault::new().panic_rate(1.0)].map(FaultInjector::new);
        for _ in 0..3 {
            let _ = fails.call(answers()).await;
        }
        let _ = AssertUnwindSafe(panics.call(answers()))
            .catch_unwind()
            .await;
        let read = |counts: FaultCounts| (counts.errors, counts.delays, counts.panics);
        assert_eq!(read(fails.counts()), (3, 0, 0));
        assert_eq!(read(panics.counts()), (0, 0, 1));
        assert_eq!(read(faults::counts()), (3, 0, 1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn each_fault_is_an_event() {
    active(async {
        let fails = FaultInjector::new(Fault::new().latency(SECOND).error_rate(1.0)).named("store");
        let (_, events) = events(fails.call(answers())).await;
        let told: Vec<_> = events
            .iter()
            .map(|event| (event.site(), event.kind().clone()))
            .collect();
        let fault = |kind| ("store", EventKind::FaultInjected(kind));
        assert_eq!(
            told,
            [fault(FaultKind::Latency(SECOND)), fault(FaultKind::Error)]
        );
        let panics = FaultInjector::new(Fault::new().panic_rate(1.0));
        let call = AssertUnwindSafe(panics.call(answers())).catch_unwind();
        let (_, events) = crate::testing::events(call).await;
        assert_eq!(
            events[0].kind(),
            &EventKind::FaultInjected(FaultKind::Panic)
        );
    })
    .await;
}

/// Which of the calls failed, as they were numbered.
async fn failed(injector: &FaultInjector, calls: u32) -> Vec<bool> {
    let mut failed = Vec::new();
    for _ in 0..calls {
        failed.push(injector.call(answers()).await.is_err());
    }
    failed
}

#[tokio::test]
async fn a_seed_replays_and_another_differs() {
    let fault = Fault::new().error_rate(0.3);
    let run = |fault| active(async move { failed(&FaultInjector::new(fault), 100).await });
    let first = run(fault.seed(1)).await;
    assert_eq!(run(fault.seed(1)).await, first);
    assert_ne!(run(fault.seed(2)).await, first);
    // Without one, a test of its own has always the same.
    assert_eq!(run(fault).await, run(fault).await);
}

#[test]
fn the_cap_holds_on_many_threads() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(active(async {
        faults::set_max_active_delays(100);
        let board = super::faults::board();
        let begun = std::thread::scope(|threads| {
            let begin = || (0..100).filter(|_| board.begin_delay()).count();
            let begun: Vec<_> = (0..8).map(|_| threads.spawn(begin)).collect();
            begun
                .into_iter()
                .map(|begun| begun.join().unwrap())
                .sum::<usize>()
        });
        assert_eq!(begun, 100);
    }));
}

#[test]
fn a_seed_decides_the_same_on_one_and_on_sixteen_threads() {
    const CALLS: u64 = 16 * 500;
    let injector = Arc::new(FaultInjector::new(
        Fault::new()
            .error_rate(0.2)
            .latency(SECOND)
            .latency_rate(0.3)
            .panic_rate(0.1)
            .seed(42),
    ));
    let drawn = |injector: &FaultInjector| {
        let sentence = injector.decide(None);
        (sentence.latency.is_some(), sentence.error, sentence.panic)
    };
    let fresh = FaultInjector::new(injector.live.get());
    let mut one: Vec<_> = (0..CALLS).map(|_| drawn(&fresh)).collect();
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let injector = Arc::clone(&injector);
            std::thread::spawn(move || -> Vec<_> {
                (0..CALLS / 16).map(|_| drawn(&injector)).collect()
            })
        })
        .collect();
    let mut sixteen: Vec<_> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    // The same calls; which thread made which is the scheduler's.
    one.sort_unstable();
    sixteen.sort_unstable();
    assert_eq!(one, sixteen);
}

#[tokio::test]
async fn knobs_change_what_is_injected_while_it_runs() {
    active(async {
        let injector = FaultInjector::new(Fault::new());
        assert!(injector.call(answers()).await.is_ok());
        injector.set("error_rate", 1.0.into()).unwrap();
        assert!(injector.call(answers()).await.is_err());
        injector.unset("error_rate").unwrap();
        assert!(injector.call(answers()).await.is_ok());
        assert!(injector.set("error_rate", 1.1.into()).is_err());
        assert!(injector.set("errors", 1.0.into()).is_err());
        injector.set("panic_rate", 1.0.into()).unwrap();
        let call = AssertUnwindSafe(injector.call(answers())).catch_unwind();
        assert!(call.await.is_err());
    })
    .await;
}

#[test]
fn all_knobs_are_listed_and_out_of_range_is_cut() {
    let injector = FaultInjector::new(
        Fault::new()
            .error_rate(1.5)
            .error_rate(f64::NAN)
            .latency(SECOND)
            .latency_rate(-1.0)
            .latency_rate(f64::NAN)
            .panic_rate(2.0)
            .panic_rate(f64::NAN)
            .seed(9),
    );
    let values: Vec<_> = injector
        .settings()
        .iter()
        .map(|setting| (setting.knob, setting.value.unwrap()))
        .collect();
    assert_eq!(
        values,
        [
            ("error_rate", 1.0.into()),
            ("latency", SECOND.into()),
            ("latency_rate", 0.0.into()),
            ("panic_rate", 1.0.into()),
            ("seed", 9_u32.into()),
        ]
    );
    injector.set("latency", (SECOND * 2).into()).unwrap();
    injector.set("latency_rate", 0.5.into()).unwrap();
    injector.set("seed", 10_u32.into()).unwrap();
    let fault = injector.live.get();
    assert_eq!(fault.latency, Some(SECOND * 2));
    assert_eq!((fault.latency_rate, fault.seed), (0.5, Some(10)));
}

#[test]
fn a_rate_of_errors_that_nobody_said_is_none_and_can_be_told_from_none() {
    let unsaid = Fault::new();
    let said = unsaid.error_rate(0.0);
    assert_eq!(unsaid.rate_of_errors(), 0.0);
    assert_eq!(unsaid.error_rate_or(1.0).rate_of_errors(), 1.0);
    assert_eq!(said.error_rate_or(1.0).rate_of_errors(), 0.0);
    assert!(format!("{unsaid:?}").contains("error_rate: 0.0"));
}

mod layer {
    use super::*;

    static SITE: Site = Site::new(|| "layer", "", 0, &[]);
    static LAYER: FaultLayer = FaultLayer::new(&SITE, Fault::new().error_rate(1.0));

    #[tokio::test]
    async fn a_layer_injects_unless_it_is_switched_off_by_itself() {
        active(async {
            assert!(injected(&LAYER.inject(answers()).await));
            LAYER.set_enabled(false);
            assert!(LAYER.inject(answers()).await.is_ok());
            let layer: &dyn Layer = &LAYER;
            assert_eq!(layer.state::<FaultInjector>().unwrap().counts().errors, 1);
        })
        .await;
    }

    #[tokio::test]
    async fn what_a_call_worked_out_takes_the_place_of_what_was_written() {
        active(async {
            let none = LAYER.code().error_rate(0.0);
            assert!(LAYER.inject_with(none, answers()).await.is_ok());
            // And is overridden by hand as that is.
            LAYER.set("error_rate", 1.0.into()).unwrap();
            assert!(injected(&LAYER.inject_with(none, answers()).await));
            assert!(LAYER.draw_with(none).await);
            LAYER.unset("error_rate").unwrap();
            assert!(!LAYER.draw_with(none).await);
            assert!(LAYER.draw().await);
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn it_asks_when_it_is_polled_and_not_before() {
        active(async {
            drop(LAYER.inject(pending::<io::Result<u32>>()));
            drop(LAYER.draw());
            assert_eq!(faults::counts().errors, 0);
        })
        .await;
    }
}
