//! The rules, one step at a time.

mod elasticity;

use std::time::Duration;

use super::*;

const MS: Duration = Duration::from_millis(1);

fn new<A: LimitAlgorithm>() -> A {
    A::NEW
}

/// A second at that limit, every place taken, each call of that length.
fn busy(limit: u32, latency: Duration) -> LimitWindow {
    let seconds = latency.as_secs_f64();
    LimitWindow {
        limit,
        initial_limit: 20,
        min_limit: 1,
        max_limit: 1000,
        duration: Duration::from_secs(1),
        samples: (f64::from(limit) / seconds) as u32,
        latency,
        log_latency: (seconds * 1e9).log2(),
        min_latency: latency,
        dropped: 0,
        refused: 0,
        max_in_flight: limit,
        held: 0,
    }
}

/// The same, half as many again refused.
fn full(limit: u32, latency: Duration) -> LimitWindow {
    let window = busy(limit, latency);
    LimitWindow {
        refused: window.samples / 2,
        ..window
    }
}

fn dropping(window: LimitWindow, dropped: u32) -> LimitWindow {
    LimitWindow { dropped, ..window }
}

fn using(window: LimitWindow, max_in_flight: u32) -> LimitWindow {
    LimitWindow {
        max_in_flight,
        ..window
    }
}

/// The limit that comes of one window, as the core would round it.
fn next(rule: &mut impl LimitAlgorithm, window: LimitWindow) -> u32 {
    rule.update(&window).limit.round() as u32
}

#[test]
fn aimd_grows_by_one_a_window_while_it_is_used() {
    let mut rule = Aimd::NEW;
    assert_eq!(next(&mut rule, busy(20, 10 * MS)), 21);
    assert_eq!(next(&mut rule, using(busy(21, 10 * MS), 11)), 22);
    assert_eq!(next(&mut rule, using(busy(22, 10 * MS), 10)), 22);
}

#[test]
fn aimd_shrinks_by_a_tenth_however_many_are_dropped() {
    let mut rule = Aimd::NEW;
    assert_eq!(next(&mut rule, dropping(busy(30, 10 * MS), 1)), 27);
    assert_eq!(next(&mut rule, dropping(busy(27, 10 * MS), 500)), 24);
    assert_eq!(next(&mut new::<Aimd>(), dropping(busy(1, 10 * MS), 1)), 1);
}

#[test]
fn aimd_lets_one_round_trip_pass_after_a_decrease() {
    let after = |window| new::<Aimd>().update(&window).settle;
    assert_eq!(after(dropping(busy(30, 10 * MS), 1)), 10 * MS);
    assert_eq!(after(busy(30, 10 * MS)), Duration::ZERO);
}

#[test]
fn aimd_keeps_the_fraction_of_a_small_limit() {
    let mut rule = Aimd::NEW;
    // 3 · 0.9³ = 2.19, which three roundings would have left at 3.
    let limit = (0..3).fold(3, |limit, _| next(&mut rule, dropping(busy(limit, MS), 1)));
    assert_eq!(limit, 2);
}

#[test]
fn gradient2_adds_its_queue_while_latency_is_as_ever() {
    // 0.8 · 20 + 0.2 · (20 + 4)
    assert_eq!(next(&mut new::<Gradient2>(), busy(20, 10 * MS)), 21);
}

#[test]
fn gradient2_follows_a_rise_of_latency_down() {
    let mut rule = Gradient2::NEW;
    for _ in 0..20 {
        rule.update(&busy(50, 10 * MS));
    }
    // Six times the latency: the gradient is at its least, 0.8 · 50 + 0.2 · (25 + 4).
    assert_eq!(next(&mut rule, busy(50, 60 * MS)), 46);
}

#[test]
fn gradient2_honours_drops() {
    // 0.8 · 20 + 0.2 · 10
    assert_eq!(
        next(&mut new::<Gradient2>(), dropping(busy(20, 10 * MS), 1)),
        18
    );
}

#[test]
fn gradient2_goes_no_further_than_twice_what_is_in_flight() {
    assert_eq!(
        next(&mut new::<Gradient2>(), using(busy(20, 10 * MS), 10)),
        20
    );
    assert_eq!(
        next(&mut new::<Gradient2>(), using(busy(20, 10 * MS), 3)),
        20
    );
}

#[test]
fn vegas_grows_fast_without_a_queue_and_shrinks_with_a_long_one() {
    let mut rule = Vegas::NEW;
    assert_eq!(next(&mut rule, busy(10, 10 * MS)), 16);
    assert_eq!(next(&mut rule, busy(16, 11 * MS)), 17);
    assert_eq!(next(&mut rule, busy(17, 13 * MS)), 17);
    assert_eq!(next(&mut rule, busy(17, 30 * MS)), 16);
    assert_eq!(next(&mut rule, dropping(busy(16, 10 * MS), 1)), 15);
}

#[test]
fn vegas_does_not_grow_what_is_not_used() {
    assert_eq!(next(&mut new::<Vegas>(), using(busy(20, 10 * MS), 9)), 20);
    assert_eq!(next(&mut new::<Vegas>(), using(busy(20, 10 * MS), 11)), 22);
}

#[test]
fn vegas_measures_anew_what_latency_without_load_is() {
    let mut rule = Vegas::NEW;
    rule.update(&busy(40, 10 * MS));
    // The dependency is slower from here on, for good.
    let mut limit = 40;
    let mut halved = 0;
    for _ in 0..40 {
        let before = limit;
        limit = next(&mut rule, busy(limit, 100 * MS));
        if limit == before / 2 {
            halved += 1;
        }
    }
    assert_eq!(halved, 1);
    assert!(limit > 20, "it grows again: {limit}");
}
