use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering::*};
use std::thread;
use std::time::{Duration, Instant as StdInstant};

use proptest::prelude::*;
use tokio::time::Instant;

use super::*;
use crate::adaptive_concurrency::{
    AdaptiveConcurrency, AdaptiveConcurrencySettings, Aimd, Elasticity, Gradient2, LimitPermit,
    LimitWindow, Vegas,
};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn start() -> Instant {
    Instant::from_std(StdInstant::now())
}

thread_local! {
    static SEEN: RefCell<Vec<LimitWindow>> = const { RefCell::new(Vec::new()) };
    static ANSWER: RefCell<Option<LimitUpdate>> = const { RefCell::new(None) };
}

/// Notes what it is told, and answers what the test says.
struct Note;

impl LimitAlgorithm for Note {
    const NEW: Self = Note;

    fn update(&mut self, window: &LimitWindow) -> LimitUpdate {
        SEEN.with_borrow_mut(|seen| seen.push(*window));
        ANSWER
            .with_borrow(|answer| *answer)
            .unwrap_or(LimitUpdate::new(window.limit.into()))
    }
}

fn seen() -> Vec<LimitWindow> {
    SEEN.with_borrow(Clone::clone)
}

fn answer(update: LimitUpdate) {
    ANSWER.set(Some(update));
}

fn of<A: LimitAlgorithm>(initial: u32) -> AdaptiveConcurrency<A> {
    AdaptiveConcurrency::with(AdaptiveConcurrencySettings::new().initial(initial))
}

fn enter<A: LimitAlgorithm>(limit: &AdaptiveConcurrency<A>, at: Instant) -> LimitPermit<'_, A> {
    limit.try_acquire_at(at).expect("there is a place")
}

/// Calls one after another, each of that length.
fn calls<A: LimitAlgorithm>(
    limit: &AdaptiveConcurrency<A>,
    mut at: Instant,
    count: u32,
    each: Duration,
) -> Instant {
    for _ in 0..count {
        let permit = enter(limit, at);
        at += each;
        permit.record_at(LimitOutcome::Sample, at);
    }
    at
}

#[test]
fn a_window_tells_what_happened_in_it() {
    let limit = of::<Note>(2);
    let t = start();
    let first = enter(&limit, t);
    let second = enter(&limit, t);
    assert!(limit.try_acquire_at(t).is_err());
    first.record_at(LimitOutcome::Sample, t + 30 * MS);
    second.record_at(LimitOutcome::Dropped, t + 40 * MS);
    enter(&limit, t + 40 * MS).record_at(LimitOutcome::Ignored, t + 50 * MS);
    calls(&limit, t + 50 * MS, 8, 10 * MS);

    let [window] = seen()[..] else {
        panic!("one window: {:?}", seen());
    };
    assert_eq!(window.limit, 2);
    assert_eq!(
        (window.min_limit, window.initial_limit, window.max_limit),
        (1, 2, 1000)
    );
    assert_eq!((window.samples, window.dropped, window.refused), (9, 1, 1));
    assert_eq!(window.max_in_flight, 2);
    assert_eq!(window.duration, 130 * MS);
    assert_eq!(window.latency, 110 * MS / 9);
    assert_eq!(window.min_latency, 10 * MS);
    assert!(
        (window.log_latency - (1e7_f64).log2()).abs() < 0.3,
        "{window:?}"
    );
    assert!((window.throughput() - 9.0 / 0.130).abs() < 1e-6);
    assert!((window.concurrency() - 0.110 / 0.130).abs() < 1e-6);
    assert!((window.refusal_rate() - 1.0 / 11.0).abs() < 1e-9);
    assert!((window.drop_rate() - 0.1).abs() < 1e-9);
}

#[test]
fn nothing_counts_until_a_new_limit_has_settled() {
    answer(LimitUpdate::new(5.0).after(50 * MS).lasting(100 * MS));
    let limit = of::<Note>(20);
    let t = calls(&limit, start(), 11, 10 * MS);
    assert_eq!(seen().len(), 1);
    assert_eq!(limit.limit(), 5);
    calls(&limit, t, 15, 10 * MS);
    let window = seen()[1];
    assert_eq!((window.samples, window.duration), (11, 100 * MS));
}

#[test]
fn a_window_without_enough_calls_ends_all_the_same() {
    answer(LimitUpdate::new(7.0).of_samples(1000, 300 * MS));
    let limit = of::<Note>(20);
    let t = calls(&limit, start(), 10, 10 * MS);
    calls(&limit, t, 4, 100 * MS);
    assert_eq!(seen()[1].samples, 3);
}

#[test]
fn idle_time_belongs_to_no_window() {
    let limit = of::<Note>(20);
    let t = calls(&limit, start(), 5, 10 * MS);
    // A month later.
    calls(&limit, t + 30 * 24 * 3600 * SECOND, 1, 10 * MS);
    let window = seen()[0];
    assert_eq!((window.samples, window.duration), (5, 40 * MS));
}

#[test]
fn a_call_of_an_earlier_life_gives_its_place_back_and_says_nothing() {
    let limit = of::<Note>(20);
    let t = start();
    let hung = enter(&limit, t);
    limit.reset();
    let t = calls(&limit, t, 9, 10 * MS);
    assert_eq!(limit.in_flight(), 1);
    hung.record_at(LimitOutcome::Dropped, t + 20 * MS);
    assert_eq!(limit.in_flight(), 0);
    calls(&limit, t + 20 * MS, 1, 10 * MS);
    assert_eq!((seen()[0].samples, seen()[0].dropped), (10, 0));
}

#[test]
fn a_reset_forgets_the_limit_and_the_rule() {
    answer(LimitUpdate::new(3.0));
    let limit = of::<Note>(20);
    calls(&limit, start(), 11, 10 * MS);
    assert_eq!(limit.limit(), 3);
    limit.reset();
    assert_eq!(limit.limit(), 20);
}

#[test]
fn one_call_that_hung_is_no_measure() {
    let limit = of::<Note>(20);
    let t = start();
    let hung = enter(&limit, t);
    let t = calls(&limit, t, 11, 10 * MS);
    // Sixteen times the mean of the window before.
    hung.record_at(LimitOutcome::Sample, t + 160 * MS);
    calls(&limit, t + 160 * MS, 10, 10 * MS);
    let window = seen()[1];
    assert_eq!((window.samples, window.latency), (10, 10 * MS));
}

#[test]
fn what_most_calls_take_is_the_measure_however_long_it_is() {
    let limit = of::<Note>(20);
    let t = calls(&limit, start(), 11, 10 * MS);
    // A second and more for each window: it takes until there are ten.
    let t = calls(&limit, t, 10, 500 * MS);
    assert_eq!(
        seen()
            .iter()
            .skip(1)
            .map(|window| window.samples)
            .sum::<u32>(),
        0
    );
    calls(&limit, t, 6, 500 * MS);
    let window = seen().pop().unwrap();
    assert_eq!((window.samples, window.latency), (2, 500 * MS));
}

#[test]
fn a_few_long_calls_are_no_measure_though_nothing_else_is_answered() {
    let limit = of::<Note>(20);
    let t = calls(&limit, start(), 11, 10 * MS);
    let t = calls(&limit, t, 9, 500 * MS);
    let t = calls(&limit, t, 200, 10 * MS);
    // Those nine are forgotten.
    calls(&limit, t, 9, 500 * MS);
    assert!(
        seen().iter().all(|window| window.latency <= 10 * MS),
        "{:?}",
        seen()
    );
}

#[test]
fn a_window_tells_how_many_places_are_held_for_long() {
    let limit = of::<Note>(20);
    let t = start();
    let hung = [(); 3].map(|()| enter(&limit, t));
    let mut t = t;
    while seen().last().is_none_or(|window| window.held < 3) {
        t = calls(&limit, t, 1, 10 * MS);
        assert!(seen().len() < 20, "{:?}", seen());
    }
    assert!(seen().iter().all(|window| matches!(window.held, 0 | 3)));
    for permit in hung {
        permit.record_at(LimitOutcome::Ignored, t);
    }
    calls(&limit, t, 11, 10 * MS);
    assert_eq!(seen().last().unwrap().held, 0);
}

#[test]
fn a_clock_that_goes_back_harms_nothing() {
    let limit = of::<Elasticity>(20);
    let t = start() + 10 * SECOND;
    let permit = enter(&limit, t);
    permit.record_at(LimitOutcome::Sample, t - 5 * SECOND);
    calls(&limit, t - 3 * SECOND, 100, 10 * MS);
    assert!((1..=1000).contains(&limit.limit()));
}

#[test]
fn a_permit_that_is_dropped_gives_its_place_back() {
    let limit = of::<Aimd>(1);
    let permit = enter(&limit, start());
    assert!(limit.try_acquire_at(start()).is_err());
    drop(permit);
    assert_eq!(limit.in_flight(), 0);
    drop(enter(&limit, start()));
}

#[test]
fn a_rule_that_panics_leaves_the_limit_and_the_call_alone_and_is_asked_again() {
    struct Panics;
    static ASKED: AtomicU32 = AtomicU32::new(0);
    impl LimitAlgorithm for Panics {
        const NEW: Self = Panics;
        fn update(&mut self, _window: &LimitWindow) -> LimitUpdate {
            ASKED.fetch_add(1, Relaxed);
            panic!("the rule");
        }
    }
    let limit = of::<Panics>(4);
    let mut t = calls(&limit, start(), 9, 10 * MS);
    for asked in 1..=2 {
        t += 100 * MS;
        enter(&limit, t).record_at(LimitOutcome::Sample, t);
        assert_eq!(ASKED.load(Relaxed), asked);
        assert_eq!(limit.in_flight(), 0);
        t = calls(&limit, t, 9, MS);
    }
    assert_eq!(limit.limit(), 4);
}

#[test]
fn whatever_a_rule_says_the_limit_stays_within_its_bounds() {
    for said in [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -3.0,
        0.0,
        1e300,
        7.4,
    ] {
        answer(LimitUpdate::new(said));
        let limit = AdaptiveConcurrency::<Note>::with(
            AdaptiveConcurrencySettings::new()
                .initial(20)
                .min(5)
                .max(50),
        );
        calls(&limit, start(), 11, 10 * MS);
        let expected = match said {
            said if said.is_nan() => 20,
            said if said > 50.0 => 50,
            7.4 => 7,
            _ => 5,
        };
        assert_eq!(limit.limit(), expected, "{said}");
    }
}

#[test]
fn no_more_are_admitted_than_the_limit_on_many_threads() {
    static INSIDE: AtomicU32 = AtomicU32::new(0);
    static MOST: AtomicU32 = AtomicU32::new(0);
    let limit =
        AdaptiveConcurrency::<Aimd>::with(AdaptiveConcurrencySettings::new().initial(3).max(3));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    let Ok(permit) = limit.try_acquire() else {
                        continue;
                    };
                    MOST.fetch_max(INSIDE.fetch_add(1, SeqCst) + 1, SeqCst);
                    INSIDE.fetch_sub(1, SeqCst);
                    permit.record(LimitOutcome::Sample);
                }
            });
        }
    });
    assert!((1..=3).contains(&MOST.load(SeqCst)));
    assert_eq!(limit.in_flight(), 0);
}

/// What may happen to a limit.
#[derive(Clone, Copy, Debug)]
enum Step {
    Enter,
    End(usize, LimitOutcome),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![
        6 => Just(LimitOutcome::Sample),
        1 => Just(LimitOutcome::Dropped),
        1 => Just(LimitOutcome::Ignored),
    ];
    let step = prop_oneof![
        5 => Just(Step::Enter),
        4 => (any::<usize>(), outcome).prop_map(|(which, how)| Step::End(which, how)),
        3 => (0..50_000_u64).prop_map(Step::Wait),
        1 => (0..20_000_000_u64).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 0..2000)
}

fn books_balance<A: LimitAlgorithm>(steps: &[Step], min: u32, max: u32) {
    let limit =
        AdaptiveConcurrency::<A>::with(AdaptiveConcurrencySettings::new().min(min).max(max));
    let mut now = start();
    let mut inside = Vec::new();
    for &step in steps {
        match step {
            Step::Enter => {
                let in_force = limit.limit();
                match limit.try_acquire_at(now) {
                    Ok(permit) => {
                        assert!(inside.len() < in_force as usize);
                        inside.push(permit);
                    }
                    Err(_) => assert!(inside.len() >= in_force as usize),
                }
            }
            Step::End(which, how) => {
                if !inside.is_empty() {
                    let permit = inside.swap_remove(which % inside.len());
                    permit.record_at(how, now);
                }
            }
            Step::Wait(micros) => now += Duration::from_micros(micros),
        }
        assert!((min..=max).contains(&limit.limit()));
        assert_eq!(limit.in_flight() as usize, inside.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn places_and_bounds_hold_for_every_rule(steps in steps(), min in 1..10_u32, above in 0..40_u32) {
        books_balance::<Elasticity>(&steps, min, min + above);
        books_balance::<Aimd>(&steps, min, min + above);
        books_balance::<Gradient2>(&steps, min, min + above);
        books_balance::<Vegas>(&steps, min, min + above);
    }
}
