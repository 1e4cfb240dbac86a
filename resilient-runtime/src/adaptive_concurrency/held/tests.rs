use super::*;

const LONG: Nanos = 400;

/// Sets a mark, with so many in flight.
fn mark(held: &Held, now: Nanos, in_flight: u32) {
    assert!(held.is_due(now));
    held.mark(now, in_flight, Some(LONG));
}

#[test]
fn a_call_is_held_when_it_has_lasted_long_and_until_it_ends() {
    let held = Held::new();
    let old = held.marks();
    for step in 0..=4 {
        assert_eq!(held.count(3), 0, "{step}");
        mark(&held, step * LONG / 4, 3);
    }
    assert_eq!(held.count(3), 3);
    held.ended(old);
    assert_eq!(held.count(2), 2);
}

#[test]
fn calls_that_come_and_go_are_not_held() {
    let held = Held::new();
    for step in 0..20 {
        let ends = held.marks();
        mark(&held, step * LONG / 4, 5);
        for _ in 0..5 {
            held.ended(ends);
        }
        assert_eq!(held.count(5), 0);
    }
}

#[test]
fn a_mark_is_not_set_before_its_time_nor_twice() {
    let held = Held::new();
    mark(&held, 1_000, 5);
    assert!(!held.is_due(1_000 + LONG / 4 - 1));
    held.mark(1_000 + LONG / 4 - 1, 5, Some(LONG));
    assert_eq!(held.marks(), 1);
    held.mark(1_000 + LONG / 4, 5, None);
    assert_eq!(held.marks(), 2);
    assert!(!held.is_due(1_000 + LONG / 4 + LONG_AT_FIRST / 4 - 1));
}

#[test]
fn what_is_carried_is_held_at_once_and_by_no_mark() {
    let held = Held::new();
    held.carry(2);
    assert_eq!(held.count(5), 2);
    for step in 0..=4 {
        mark(&held, step * LONG / 4, 5);
    }
    assert_eq!(held.count(5), 5);
    held.carry_no_longer(2);
    assert_eq!(held.count(3), 3);
}

#[test]
fn a_new_start_forgets_the_calls_and_what_their_ends_say_is_no_harm() {
    let held = Held::new();
    let old = held.marks();
    for step in 0..=4 {
        mark(&held, step * LONG / 4, 1);
    }
    held.carry(1);
    held.forget();
    assert_eq!(held.count(2), 1);
    held.ended(old);
    assert_eq!(held.count(1), 1);
}
