use std::cell::Cell;
use std::io;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::{advance, sleep};

use super::*;
use crate::{Keyed, Retry, Rules, Timeout, previous_attempts};

fn reset() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

fn holding(retries: u32) -> RetryBudget {
    let settings = RetryBudgetSettings::new().capacity(retries);
    RetryBudget::with(settings.ratio(0.5).per_second(0.0))
}

async fn failing(retry: Retry, budget: &RetryBudget) -> u32 {
    let attempts = Cell::new(0);
    let outcome: io::Result<()> = retry
        .run(|| {
            attempts.set(attempts.get() + 1);
            let which = attempts.get().to_string();
            std::future::ready(Err(io::Error::new(io::ErrorKind::ConnectionReset, which)))
        })
        .within(budget)
        .await;
    // Whatever ends it, the last attempt's own error comes back.
    let last = attempts.get().to_string();
    assert_eq!(outcome.unwrap_err().to_string(), last);
    attempts.get()
}

#[tokio::test(start_paused = true)]
async fn a_retry_takes_one_out_and_a_success_brings_its_part() {
    let budget = holding(3);
    assert_eq!(failing(Retry::new(3), &budget).await, 3);
    assert_eq!(budget.tokens(), 1.0);
    // Only one is left, and then none.
    assert_eq!(failing(Retry::new(3), &budget).await, 2);
    assert_eq!(failing(Retry::new(3), &budget).await, 1);
    for tokens in [0.5, 1.0, 1.5] {
        let succeeding = || std::future::ready(io::Result::Ok(()));
        Retry::new(3).run(succeeding).within(&budget).await.unwrap();
        assert_eq!(budget.tokens(), tokens);
    }
    assert_eq!(failing(Retry::new(3), &budget).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_rejected_earns_nothing() {
    let budget = holding(2);
    let rules = Rules::<io::Result<u32>>::new().when_ok(|value| *value == 0);
    let rejected = || std::future::ready(io::Result::Ok(0));
    let outcome = Retry::new(3).run_by(rules, rejected).within(&budget).await;
    assert_eq!(outcome.unwrap(), 0);
    assert_eq!(budget.tokens(), 0.0);
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_retry_for_another_reason_nothing_is_taken() {
    let budget = holding(10);
    assert_eq!(failing(Retry::new(1), &budget).await, 1);
    let slow = Retry::new(5).constant().delay(Duration::from_secs(9));
    let slow = slow.jitter(crate::Jitter::None);
    let short = slow.max_elapsed(Duration::from_secs(1));
    assert_eq!(failing(short, &budget).await, 1);
    let rules = Rules::<io::Result<()>>::new().when(|_| false);
    let not_worth_it = || std::future::ready(io::Result::<()>::Err(reset()));
    let outcome = Retry::new(5).run_by(rules, not_worth_it).within(&budget);
    assert!(outcome.await.is_err());
    let limited = Timeout::new(Duration::from_secs(1)).call(
        slow.run(|| std::future::ready(io::Result::<()>::Err(reset())))
            .within(&budget),
    );
    assert!(limited.await.is_err());
    assert_eq!(budget.tokens(), 10.0);
}

#[tokio::test(start_paused = true)]
async fn dropped_in_its_pause_a_retry_is_given_back_and_dropped_in_its_attempt_it_is_not() {
    let budget = holding(10);
    let attempts = Cell::new(0);
    let attempt = || {
        attempts.set(attempts.get() + 1);
        let first = attempts.get() == 1;
        async move {
            if first {
                return io::Result::<()>::Err(reset());
            }
            std::future::pending().await
        }
    };
    let retry = Retry::new(3).constant().jitter(crate::Jitter::None);
    let mut call = Box::pin(retry.run(attempt).within(&budget));
    assert!((&mut call).now_or_never().is_none());
    assert_eq!((attempts.get(), budget.tokens()), (1, 9.0));
    drop(call);
    assert_eq!(budget.tokens(), 10.0);

    attempts.set(0);
    let mut call = Box::pin(retry.run(attempt).within(&budget));
    assert!((&mut call).now_or_never().is_none());
    advance(Duration::from_millis(201)).await;
    assert!((&mut call).now_or_never().is_none());
    assert_eq!(attempts.get(), 2);
    drop(call);
    assert_eq!(budget.tokens(), 9.0);
}

#[tokio::test(start_paused = true)]
async fn a_loop_of_ones_own_keeps_to_it_too() {
    let budget = holding(1);
    let mut attempts = Retry::new(9).attempts().within(&budget);
    let mut numbers = Vec::new();
    let outcome = loop {
        let attempt = async {
            numbers.push(previous_attempts());
            io::Result::<()>::Err(reset())
        };
        let outcome = attempts.attempt(attempt).await;
        match attempts.next(outcome) {
            std::ops::ControlFlow::Break(outcome) => break outcome,
            std::ops::ControlFlow::Continue(pause) => pause.await,
        }
    };
    assert!(outcome.is_err());
    drop(attempts);
    assert_eq!(numbers, [0, 1]);
    assert_eq!(budget.tokens(), 0.0);
}

/// A loop of one's own that fails once and is dropped in its second attempt.
async fn dropped_in_the_second(budget: &RetryBudget, says_when_it_begins: bool) {
    let mut attempts = Retry::new(9).attempts().within(budget);
    let first = io::Result::<()>::Err(reset());
    let std::ops::ControlFlow::Continue(pause) = attempts.next(first) else {
        panic!("no retry");
    };
    pause.await;
    if says_when_it_begins {
        let second = attempts.attempt(std::future::pending::<io::Result<()>>());
        assert!(second.now_or_never().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_loop_of_ones_own_that_is_dropped_in_an_attempt_has_made_it() {
    let budget = holding(5);
    dropped_in_the_second(&budget, true).await;
    assert_eq!(budget.tokens(), 4.0);
    // It did not say that it began, so it is still in its pause.
    dropped_in_the_second(&budget, false).await;
    assert_eq!(budget.tokens(), 4.0);
}

#[tokio::test(start_paused = true)]
async fn a_retry_of_a_loop_that_says_nothing_is_made_once_its_outcome_is_there() {
    let budget = holding(5);
    let mut attempts = Retry::new(2).attempts().within(&budget);
    assert!(attempts.next(io::Result::<()>::Err(reset())).is_continue());
    assert!(attempts.next(io::Result::<()>::Err(reset())).is_break());
    drop(attempts);
    assert_eq!(budget.tokens(), 4.0);
}

#[tokio::test(start_paused = true)]
async fn another_budget_gets_nothing_that_was_paid_to_the_one_before() {
    let (one, other) = (holding(5), holding(5));
    let mut attempts = Retry::new(9).attempts().within(&one);
    assert!(attempts.next(io::Result::<()>::Err(reset())).is_continue());
    assert!(other.try_withdraw());
    drop(attempts.within(&other));
    assert_eq!((one.tokens(), other.tokens()), (5.0, 4.0));
    other.put_back();
    assert_eq!(other.tokens(), 5.0);
}

#[tokio::test(start_paused = true)]
async fn a_new_drip_counts_from_when_it_is_set() {
    let budget = holding(100);
    while budget.try_withdraw() {}
    advance(Duration::from_secs(9)).await;
    budget.set("per_second", 10.0.into()).unwrap();
    assert_eq!(budget.tokens(), 0.0);
    advance(Duration::from_secs(1)).await;
    budget.unset("per_second").unwrap();
    assert_eq!(budget.tokens(), 10.0);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_counts_those_before_it_through_all_the_retries_around_it() {
    let seen = std::sync::Mutex::new(Vec::new());
    let inner = || async {
        sleep(Duration::from_millis(1)).await;
        seen.lock().unwrap().push(previous_attempts());
        io::Result::<()>::Err(reset())
    };
    let outcome = Retry::new(2).run(|| Retry::new(2).run(inner)).await;
    assert!(outcome.is_err());
    assert_eq!(*seen.lock().unwrap(), [0, 1, 1, 2]);
    assert_eq!(previous_attempts(), 0);
}

#[tokio::test(start_paused = true)]
async fn each_key_has_its_own() {
    let budgets = Keyed::new(holding(1));
    let (one, other) = (budgets.get("one"), budgets.get("other"));
    assert!(one.try_withdraw() && !one.try_withdraw());
    one.put_back();
    assert!(one.try_withdraw() && !one.try_withdraw());
    one.deposit();
    assert_eq!((one.tokens(), other.tokens()), (0.5, 1.0));
    let outcome: io::Result<()> = Retry::new(3)
        .run(|| std::future::ready(Err(reset())))
        .within(&other)
        .await;
    assert!(outcome.is_err());
    assert_eq!(other.tokens(), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_forgotten_once_its_budget_is_full_again() {
    let budget = RetryBudget::with(RetryBudgetSettings::new().capacity(1).per_second(1.0));
    let is_idle = || RetryBudget::is_idle(&Entry::by_hand(&budget), clock::now());
    assert!(is_idle());
    assert!(budget.try_withdraw());
    assert!(!is_idle());
    advance(Duration::from_secs(1)).await;
    assert!(is_idle());
}

#[tokio::test(start_paused = true)]
async fn settings_change_and_what_is_taken_stays_taken() {
    let budget = RetryBudget::strict();
    assert!(budget.try_withdraw());
    budget.set("capacity", 3_u32.into()).unwrap();
    assert_eq!(budget.tokens(), 2.0);
    budget.set("ratio", 0.75.into()).unwrap();
    budget.set("per_second", 0.0.into()).unwrap();
    budget.deposit();
    assert_eq!(budget.tokens(), 2.75);
    let settings = budget.settings().into_iter();
    let settings: Vec<_> = settings.map(|knob| (knob.knob, knob.value)).collect();
    assert_eq!(
        settings,
        [
            ("capacity", Some(3_u32.into())),
            ("ratio", Some(0.75.into())),
            ("per_second", Some(0.0.into())),
        ]
    );
    assert!(budget.set("ratio", (-0.1).into()).is_err());
    assert!(budget.set("ratio", f64::INFINITY.into()).is_err());
    budget.unset("capacity").unwrap();
    assert_eq!(budget.tokens(), 9.75);
}

#[test]
fn the_default_holds_a_hundred_and_the_strict_one_ten() {
    let at = crate::clock::now();
    assert_eq!(RetryBudget::new().tokens_at(at), 100.0);
    assert_eq!(RetryBudget::strict().tokens_at(at), 10.0);
    for budget in [RetryBudget::new(), RetryBudget::strict()] {
        assert!(budget.try_withdraw_at(at) && budget.try_withdraw_at(at));
        let before = budget.tokens_at(at);
        for _ in 0..10 {
            budget.deposit();
        }
        assert_eq!(budget.tokens_at(at) - before, 1.0);
        let later = at + Duration::from_secs(10);
        assert_eq!(budget.tokens_at(later) - before, 2.0);
    }
}

#[test]
fn its_debug_form_tells_name_settings_and_what_is_missing() {
    let shown = format!("{:?}", RetryBudget::strict().named("cache"));
    for part in ["cache", "capacity: 10", "missing: 0"] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[cfg(feature = "testing")]
#[tokio::test(start_paused = true)]
async fn a_test_has_its_own_and_a_refused_retry_is_an_event() {
    use crate::{EventKind, StopReason};

    static SHARED: RetryBudget = RetryBudget::strict();
    let (_, events) = crate::testing::events(crate::testing::isolated(async {
        while SHARED.try_withdraw() {}
        failing(Retry::new(3), &SHARED).await
    }))
    .await;
    let stopped = EventKind::RetryStopped {
        attempts: 1,
        why: StopReason::Budget,
    };
    assert!(events.iter().any(|event| *event.kind() == stopped));
    assert_eq!(SHARED.tokens(), 10.0);
}
