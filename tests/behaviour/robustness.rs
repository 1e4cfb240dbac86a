//! Listeners that panic, futures that are polled on, and clocks that stand behind.

use std::future::Future as _;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Context;
use std::time::Duration;

use futures::FutureExt as _;
use futures::task::noop_waker;
use resilient_runtime::{
    BreakerMode, BreakerState, CallOutcome, CircuitBreaker, CircuitBreakerSettings, Classify,
    ErrorClass, EventKind, LayerKind, PolicyError, PolicyErrorKind, Retry, StateChange, Timeout,
    circuit_breaker, fallback, observe, registry, retry, testing, timeout,
};

fn panics(_: &StateChange) {
    panic!("a listener's own trouble");
}

const FRAIL: CircuitBreakerSettings = CircuitBreakerSettings::new()
    .consecutive_failures(1)
    .open_for(Duration::from_secs(1))
    .on_change(panics);

#[tokio::test(start_paused = true)]
async fn a_listener_that_panics_takes_no_probe_with_it() {
    let breaker = CircuitBreaker::with(FRAIL);
    breaker.try_acquire().unwrap().record(CallOutcome::Failure);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let probe = breaker.try_acquire().expect("its time is up");
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    probe.record(CallOutcome::Success);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_panics_while_a_call_unwinds_does_not_end_the_process() {
    let breaker = CircuitBreaker::with(FRAIL);
    let _observer = observe(|_| panic!("an observer's own trouble"));
    let call = breaker.call(async {
        panic!("the body's");
        #[allow(unreachable_code)]
        io::Result::Ok(())
    });
    let panicked = AssertUnwindSafe(call).catch_unwind().await.unwrap_err();
    assert_eq!(panicked.downcast_ref(), Some(&"the body's"));
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test]
#[should_panic(expected = "polled after it was ready")]
async fn a_retry_that_is_ready_does_not_begin_again() {
    let mut asked = 0;
    let mut call = pin!(Retry::new(3).run(|| {
        asked += 1;
        assert_eq!(asked, 1, "asked again");
        async { io::Result::Ok(()) }
    }));
    call.as_mut().await.unwrap();
    call.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_result_is_recorded_once_however_often_it_is_polled() {
    let breaker = CircuitBreaker::new();
    let always = std::future::poll_fn(|_| std::task::Poll::Ready(io::Result::Ok(())));
    let mut call = pin!(breaker.call(always));
    let waker = noop_waker();
    for _ in 0..3 {
        assert!(
            call.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_ready()
        );
    }
    assert_eq!(breaker.snapshot().calls, 1);
}

static OPEN: CircuitBreaker = CircuitBreaker::new();

#[timeout("5s")]
#[fallback(with = slow_then_limited, when = |_| true)]
#[circuit_breaker(state = OPEN)]
async fn refused_at_once() -> io::Result<bool> {
    Ok(false)
}

/// Lets time pass within one poll, as work that blocks does, and only then makes a
/// call with a limit of its own.
async fn slow_then_limited(_: io::Error) -> io::Result<bool> {
    let _ = tokio::time::advance(Duration::from_millis(300)).now_or_never();
    limited().await
}

#[timeout(ms = 200)]
async fn limited() -> io::Result<bool> {
    let left = resilient_runtime::deadline().unwrap() - tokio::time::Instant::now();
    Ok(left == Duration::from_millis(200))
}

#[tokio::test(start_paused = true)]
async fn a_limit_counts_from_its_own_entry_behind_a_refusal() {
    testing::isolated(async {
        OPEN.force_open();
        assert!(refused_at_once().await.unwrap(), "counted from the refusal");
    })
    .await;
}

#[derive(Debug)]
struct Never;

impl Classify for Never {
    fn class(&self) -> ErrorClass {
        ErrorClass::CallerFault
    }

    fn retry_after(&self) -> Option<Duration> {
        Some(Duration::MAX)
    }
}

#[retry(count = 3, classify = |_: &Never| ErrorClass::Transient)]
async fn asks_never_to_come_back(asked: &AtomicU32) -> Result<(), Never> {
    asked.fetch_add(1, Ordering::Relaxed);
    Err(Never)
}

#[tokio::test(start_paused = true)]
async fn a_class_by_path_leaves_retry_after_to_the_error() {
    let asked = AtomicU32::new(0);
    asks_never_to_come_back(&asked).await.unwrap_err();
    assert_eq!(asked.into_inner(), 1);
}

#[derive(Debug, thiserror::Error)]
enum ShopError {
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

static SHUT: CircuitBreaker = CircuitBreaker::new();

#[circuit_breaker(state = SHUT)]
async fn shut() -> Result<(), ShopError> {
    Ok(())
}

#[retry(count = 5)]
async fn over_shut(asked: &AtomicU32) -> Result<(), ShopError> {
    asked.fetch_add(1, Ordering::Relaxed);
    shut().await
}

#[tokio::test(start_paused = true)]
async fn a_policy_error_is_recognised_behind_a_transparent_wrapper() {
    testing::isolated(async {
        // Opened by failures: held open by hand, its wait alone would stop the retry.
        for _ in 0..20 {
            SHUT.try_acquire().unwrap().record(CallOutcome::Failure);
        }
        let asked = AtomicU32::new(0);
        over_shut(&asked).await.unwrap_err();
        assert_eq!(asked.into_inner(), 1);
    })
    .await;
}

#[timeout(ms = 100)]
async fn too_slow(begun: &AtomicU32) -> io::Result<()> {
    begun.fetch_add(1, Ordering::Relaxed);
    std::future::pending().await
}

#[retry(count = 3, when = |_| false)]
async fn must_not_run_twice(begun: &AtomicU32) -> io::Result<()> {
    too_slow(begun).await
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_says_no_is_obeyed_for_a_policy_error_of_an_inner_function() {
    let begun = AtomicU32::new(0);
    must_not_run_twice(&begun).await.unwrap_err();
    assert_eq!(begun.into_inner(), 1);
}

#[retry(count = 3, policy = FAR_APART)]
async fn far_apart() -> io::Result<()> {
    Ok(())
}

const FAR_APART: Retry = Retry::new(3).delay(Duration::from_secs(60));

#[tokio::test]
async fn what_the_code_says_does_not_stand_in_the_way_of_other_settings() {
    testing::isolated(async {
        let site = registry().site("robustness::far_apart").unwrap();
        let retry = site.layer(LayerKind::Retry).unwrap();
        retry.set("count", 5_u32.into()).unwrap();
        retry.set("jitter", "none".into()).unwrap();
        far_apart().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_switch_for_an_emergency_can_be_read() {
    testing::isolated(async {
        assert!(registry().is_enabled());
        registry().set_enabled(false);
        assert!(!registry().is_enabled());
        registry().set_enabled(true);
        assert!(registry().is_enabled());
    })
    .await;
    assert!(registry().is_enabled());
}

#[tokio::test]
async fn a_change_of_mode_is_an_event_and_names_the_breaker() {
    static NAMED: CircuitBreaker = CircuitBreaker::new().named("stock");
    let ((), events) = testing::events(testing::isolated(async {
        NAMED.observe_only();
        NAMED.observe_only();
        NAMED.reset();
    }))
    .await;
    let modes: Vec<_> = events
        .iter()
        .filter_map(|event| match event.kind() {
            EventKind::BreakerChanged(change) => Some((change.breaker(), change.mode())),
            _ => None,
        })
        .collect();
    assert_eq!(
        modes,
        [
            ("stock", BreakerMode::ObserveOnly),
            ("stock", BreakerMode::Automatic)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn policies_by_hand_bear_the_names_they_were_given() {
    let limit = Timeout::new(Duration::from_millis(10)).named("till");
    let call = || limit.call(std::future::pending::<io::Result<()>>());
    let (outcome, events) = testing::events(Retry::new(2).named("shop").run(call)).await;
    let Err(resilient_runtime::Failure::Policy(error)) = outcome else {
        panic!("not timed out: {outcome:?}");
    };
    assert_eq!(error.site(), "till");
    assert_eq!(
        error.kind(),
        PolicyErrorKind::TimedOut {
            after: Duration::from_millis(10)
        }
    );
    let sites: Vec<_> = events.iter().map(|event| event.site()).collect();
    assert!(
        sites.contains(&"shop") && sites.contains(&"till"),
        "{sites:?}"
    );
}
