//! `#[circuit_breaker]`: when it opens, and what it says then.

mod common;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::{Calls, Error, breaker, counted, fail, ms, succeed};
use resilient_runtime::{
    BreakerState, CallOutcome, ChangeCause, CircuitBreakerSettings, PolicyErrorKind, StateChange,
    Window, circuit_breaker,
};
use tokio::time::sleep;

/// Functions whose breaker is reached by their name.
macro_rules! guarded {
    ($($name:ident: [$($knobs:tt)*];)*) => {$(
        #[circuit_breaker(name = stringify!($name), $($knobs)*)]
        #[allow(dead_code)]
        async fn $name() -> Result<(), Error> {
            Ok(())
        }
    )*};
}

fn is_open(site: &str) -> bool {
    breaker(site).state() == BreakerState::Open
}

#[tokio::test(start_paused = true)]
async fn by_default_it_opens_at_half_of_twenty_calls() {
    #[circuit_breaker(name = "default")]
    async fn ask(calls: &Calls, outcome: Result<(), Error>) -> Result<(), Error> {
        calls.note();
        outcome
    }

    let calls = Calls::new();
    for _ in 0..10 {
        let _ = ask(&calls, Ok(())).await;
    }
    for _ in 0..9 {
        let _ = ask(&calls, Err(Error::Transient)).await;
        assert!(!is_open("default"));
    }
    assert_eq!(
        ask(&calls, Err(Error::Transient)).await,
        Err(Error::Transient)
    );
    assert!(is_open("default"));

    // The body is not reached any more, and the error says when to come back.
    let Err(Error::Policy(error)) = ask(&calls, Ok(())).await else {
        panic!("it is open")
    };
    assert_eq!(calls.count(), 20);
    assert_eq!(
        error.kind(),
        PolicyErrorKind::CircuitOpen {
            retry_after: ms(5000)
        }
    );
    assert_eq!(error.site(), "default");
    assert_eq!(
        error.to_string(),
        "default: circuit breaker open, retry after 5s"
    );
    sleep(ms(1200)).await;
    let kind = ask(&calls, Ok(())).await.unwrap_err().kind();
    assert_eq!(
        kind,
        Some(PolicyErrorKind::CircuitOpen {
            retry_after: ms(3800)
        })
    );
}

#[tokio::test(start_paused = true)]
async fn it_opens_at_the_failure_rate_or_above_it() {
    guarded! { at_rate: [failure_rate = 0.3, min_calls = 10]; }

    succeed(breaker("at_rate"), 8);
    fail(breaker("at_rate"), 2);
    assert!(!is_open("at_rate"), "20 %");
    succeed(breaker("at_rate"), 1);
    fail(breaker("at_rate"), 1);
    assert!(!is_open("at_rate"), "25 %");
    fail(breaker("at_rate"), 1);
    assert!(is_open("at_rate"), "4 of 13, above 30 %");
}

#[tokio::test(start_paused = true)]
async fn a_rate_of_zero_opens_at_any_failure_and_of_one_when_all_failed() {
    guarded! {
        zero: [failure_rate = 0.0, min_calls = 4];
        all: [failure_rate = 1, min_calls = 4];
    }

    succeed(breaker("zero"), 9);
    assert!(!is_open("zero"), "a success opens nothing");
    fail(breaker("zero"), 1);
    assert!(is_open("zero"));
    succeed(breaker("all"), 1);
    fail(breaker("all"), 50);
    assert!(!is_open("all"));
}

#[tokio::test(start_paused = true)]
async fn there_is_no_decision_on_fewer_than_min_calls() {
    guarded! { few: [min_calls = 6, failure_rate = 0.01]; }

    fail(breaker("few"), 5);
    assert!(!is_open("few"));
    fail(breaker("few"), 1);
    assert!(is_open("few"));
}

#[tokio::test(start_paused = true)]
async fn min_calls_is_never_more_than_a_window_of_calls_holds() {
    guarded! { small: [window = 4, min_calls = 50]; }

    fail(breaker("small"), 3);
    assert!(!is_open("small"));
    fail(breaker("small"), 1);
    assert!(is_open("small"));
}

#[tokio::test(start_paused = true)]
async fn a_window_of_time_forgets_what_is_older() {
    guarded! {
        by_text: [window = "10s", min_calls = 4];
        by_millis: [window_ms = 10_000, min_calls = 4];
        by_value: [window = Duration::from_secs(10), min_calls = 4];
        by_window: [window = Window::Time(Duration::from_secs(10)), min_calls = 4];
    }

    let sites = ["by_text", "by_millis", "by_value", "by_window"];
    sites.iter().for_each(|site| fail(breaker(site), 3));
    sleep(ms(8900)).await;
    assert_eq!(sites.map(|site| counted(breaker(site))), [(3, 3); 4]);
    sleep(ms(1200)).await;
    assert_eq!(sites.map(|site| counted(breaker(site))), [(0, 0); 4]);
    sites.iter().for_each(|site| fail(breaker(site), 3));
    assert!(sites.iter().all(|site| !is_open(site)));
    sites.iter().for_each(|site| fail(breaker(site), 1));
    assert!(sites.iter().all(|site| is_open(site)));
}

#[tokio::test(start_paused = true)]
async fn a_window_of_calls_holds_the_last_so_many_and_knows_no_time() {
    const CALLS: u32 = 10;
    guarded! {
        literal: [window = 10, min_calls = 10, failure_rate = 0.8];
        constant: [window = CALLS, min_calls = 10, failure_rate = 0.8];
        by_calls: [window = Window::Calls(CALLS), min_calls = 10, failure_rate = 0.8];
    }

    for site in ["literal", "constant", "by_calls"] {
        fail(breaker(site), 7);
        succeed(breaker(site), 5);
        assert_eq!(counted(breaker(site)), (10, 5), "two failures are out");
        sleep(Duration::from_secs(1_000_000)).await;
        assert_eq!(counted(breaker(site)), (10, 5));
        fail(breaker(site), 8);
        assert!(is_open(site));
    }
}

#[tokio::test(start_paused = true)]
async fn consecutive_failures_alone_replace_the_rate_rule() {
    guarded! { in_a_row: [consecutive_failures = 3]; }

    for _ in 0..40 {
        fail(breaker("in_a_row"), 2);
        succeed(breaker("in_a_row"), 1);
    }
    assert!(!is_open("in_a_row"), "two thirds failed");
    fail(breaker("in_a_row"), 2);
    breaker("in_a_row")
        .try_acquire()
        .unwrap()
        .record(CallOutcome::Neutral);
    fail(breaker("in_a_row"), 1);
    assert!(is_open("in_a_row"), "what counts as nothing ends no run");
}

#[tokio::test(start_paused = true)]
async fn beside_a_rate_each_rule_opens_it_by_itself() {
    guarded! {
        rate_first: [consecutive_failures = 3, failure_rate = 0.5, min_calls = 4];
        run_first: [consecutive_failures = 3, failure_rate = 0.5, min_calls = 4];
    }

    for _ in 0..2 {
        succeed(breaker("rate_first"), 1);
        fail(breaker("rate_first"), 1);
    }
    assert!(is_open("rate_first"));
    fail(breaker("run_first"), 3);
    assert!(is_open("run_first"));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_strictly_longer_is_slow() {
    #[circuit_breaker(name = "slow", slow_call_ms = 100, min_calls = 4)]
    async fn ask(takes: Duration) -> Result<(), Error> {
        sleep(takes).await;
        Ok(())
    }

    for _ in 0..3 {
        let _ = ask(ms(100)).await;
    }
    assert_eq!(breaker("slow").snapshot().slow, 0);
    breaker("slow").reset();
    for _ in 0..3 {
        let _ = ask(ms(101)).await;
    }
    assert_eq!(breaker("slow").snapshot().slow, 3);
    assert!(!is_open("slow"));
    let _ = ask(ms(101)).await;
    assert!(is_open("slow"), "all of four were slow");
}

#[tokio::test(start_paused = true)]
async fn it_opens_at_the_slow_call_rate_or_above_it() {
    #[circuit_breaker(
        name = "slower",
        slow_call = "100ms",
        slow_call_rate = 0.4,
        min_calls = 5
    )]
    async fn ask(takes: Duration) -> Result<(), Error> {
        sleep(takes).await;
        Ok(())
    }

    for takes in [200, 50, 50, 50] {
        let _ = ask(ms(takes)).await;
    }
    assert!(!is_open("slower"));
    let _ = ask(ms(200)).await;
    assert!(is_open("slower"), "two of five");
}

#[tokio::test(start_paused = true)]
async fn slow_failures_count_for_both_rules() {
    #[circuit_breaker(name = "slow and bad", slow_call_ms = 100, min_calls = 100)]
    async fn ask(takes: Duration) -> Result<(), Error> {
        sleep(takes).await;
        Err(Error::Transient)
    }

    let _ = ask(ms(101)).await;
    let snapshot = breaker("slow and bad").snapshot();
    assert_eq!(
        (snapshot.calls, snapshot.failures, snapshot.slow),
        (1, 1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_policy_gives_the_settings_and_the_state_is_the_functions_own() {
    const POLICY: CircuitBreakerSettings = CircuitBreakerSettings::new()
        .consecutive_failures(2)
        .open_for(ms(300));
    guarded! {
        one: [policy = POLICY];
        other: [policy = POLICY];
        patient: [policy = POLICY, consecutive_failures = 4];
    }

    for site in ["one", "patient"] {
        fail(breaker(site), 2);
    }
    assert_eq!(
        [is_open("one"), is_open("other"), is_open("patient")],
        [true, false, false]
    );
    assert_eq!(breaker("one").snapshot().open_for_remaining, Some(ms(300)));
    fail(breaker("patient"), 2);
    assert_eq!(
        breaker("patient").snapshot().open_for_remaining,
        Some(ms(300))
    );
}

#[tokio::test(start_paused = true)]
async fn when_when_ok_and_ignore_say_what_counts() {
    #[circuit_breaker(
        name = "ruled",
        window = 100,
        min_calls = 100,
        when = |error| *error == Error::CallerFault,
        when_ok = |value| *value == 0,
        ignore = |error| *error == Error::ServerFault
    )]
    async fn ask(outcome: Result<u32, Error>) -> Result<u32, Error> {
        outcome
    }

    for (outcome, counts) in [
        (Ok(1), (1, 0)),
        (Ok(0), (2, 1)),
        (Err(Error::CallerFault), (3, 2)),
        (Err(Error::Transient), (4, 2)),
        (Err(Error::ServerFault), (4, 2)),
        (Err(Error::Overload(None)), (5, 2)),
    ] {
        assert_eq!(ask(outcome.clone()).await, outcome);
        assert_eq!(counted(breaker("ruled")), counts, "{outcome:?}");
    }
}

static CHANGES: Mutex<Vec<StateChange>> = Mutex::new(Vec::new());

/// Called inside a lock, this would never come back.
fn note(change: &StateChange) {
    let breaker = breaker(change.site());
    assert_eq!(breaker.state(), change.to());
    let _ = breaker.snapshot();
    drop(breaker.try_acquire());
    CHANGES.lock().unwrap().push(change.clone());
}

#[tokio::test(start_paused = true)]
async fn on_change_is_told_of_each_change_outside_any_lock() {
    guarded! {
        told: [consecutive_failures = 2, open_for = "1s", half_open_calls = 2, on_change = note];
    }

    let breaker = breaker("told");
    fail(breaker, 2);
    sleep(ms(1000)).await;
    fail(breaker, 1);
    sleep(ms(2000)).await;
    succeed(breaker, 2);
    breaker.force_open();
    breaker.force_open();
    breaker.reset();

    use BreakerState::{Closed, HalfOpen, Open};
    let changes = CHANGES.lock().unwrap().clone();
    let seen: Vec<_> = changes
        .iter()
        .map(|change| (change.from(), change.to(), change.open_for()))
        .collect();
    let expected = [
        (Closed, Open, Some(ms(1000))),
        (Open, HalfOpen, None),
        (HalfOpen, Open, Some(ms(2000))),
        (Open, HalfOpen, None),
        (HalfOpen, Closed, None),
        (Closed, Open, None),
        (Open, Closed, None),
    ];
    assert_eq!(seen, expected);
    assert!(changes.iter().all(|change| change.site() == "told"));
    let causes: Vec<_> = changes.iter().map(StateChange::cause).collect();
    assert!(matches!(
        causes[0],
        ChangeCause::ConsecutiveFailures { count: 2, .. }
    ));
    assert_eq!(
        causes[1..],
        [
            ChangeCause::OpenElapsed,
            ChangeCause::ProbeFailed,
            ChangeCause::OpenElapsed,
            ChangeCause::ProbesSucceeded,
            ChangeCause::ByHand,
            ChangeCause::ByHand,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn on_change_may_be_a_closure_that_captures_nothing() {
    static OPENED: AtomicU32 = AtomicU32::new(0);
    guarded! {
        by_closure: [consecutive_failures = 1, on_change = |change| {
            OPENED.fetch_add(u32::from(change.to() == BreakerState::Open), Ordering::Relaxed);
        }];
    }

    fail(breaker("by_closure"), 1);
    assert_eq!(OPENED.load(Ordering::Relaxed), 1);
}
