use std::collections::VecDeque;
use std::iter;
use std::thread;

use proptest::prelude::*;

use super::*;

fn tally(ring: &Ring, generation: u64, calls: u32) -> (u32, u32, u32) {
    let tally = ring.tally(generation, calls).expect("the period stands");
    (tally.calls, tally.failed, tally.slow)
}

/// What a window should hold.
fn counted(model: &VecDeque<(bool, bool)>) -> (u32, u32, u32) {
    let of =
        |pick: fn(&(bool, bool)) -> bool| model.iter().filter(|call| pick(call)).count() as u32;
    (model.len() as u32, of(|call| call.0), of(|call| call.1))
}

fn remember(model: &mut VecDeque<(bool, bool)>, calls: u32, call: (bool, bool)) {
    model.push_back(call);
    if model.len() > calls as usize {
        model.pop_front();
    }
}

proptest! {
    #[test]
    fn equals_a_queue_of_the_last_calls(
        calls in 1_u32..70,
        runs in prop::collection::vec((any::<bool>(), any::<bool>(), 0_u32..50, 0_u32..40), 0..40),
    ) {
        let ring = Ring::new();
        let (mut generation, mut model) = (0, VecDeque::new());
        for (failed, slow, length, end) in runs {
            for _ in 0..length {
                let told = ring.record(generation, calls, failed, slow);
                remember(&mut model, calls, (failed, slow));
                prop_assert_eq!(tally(&ring, generation, calls), counted(&model));
                prop_assert_eq!(told.is_some(), failed || slow);
                let told = told.unwrap_or_else(|| ring.tally(generation, calls).unwrap());
                prop_assert_eq!((told.calls, told.failed, told.slow), counted(&model));
            }
            if end == 0 {
                generation += 1;
                ring.reset(generation);
                model.clear();
            }
        }
    }
}

#[test]
fn is_exact_in_the_largest_window_and_after_its_counts_have_wrapped() {
    let (ring, calls) = (Ring::new(), Window::MAX_CALLS);
    for _ in 0..calls {
        ring.record(0, calls, true, true);
    }
    assert_eq!(tally(&ring, 0, calls), (calls, calls, calls));
    for _ in 0..1_000_000 {
        ring.record(0, calls, true, false);
    }
    assert_eq!(tally(&ring, 0, calls), (calls, calls, 0));
    for n in 1..=calls {
        ring.record(0, calls, false, false);
        assert_eq!(tally(&ring, 0, calls), (calls, calls - n, 0));
    }
    ring.record(0, calls, true, false);
    assert_eq!(tally(&ring, 0, calls), (calls, 1, 0));
}

#[test]
fn goes_on_when_the_sequence_wraps() {
    let ring = Ring::new();
    ring.record(0, 3, true, false);
    // As after 2^24 - 4 calls.
    let wrapping = Head::pack(0, true, SEQUENCE_MASK - 3, 0, 1);
    ring.head.store(wrapping.0, Release);
    let mut model = VecDeque::new();
    for n in 0..20 {
        let call = (n % 3 == 0, n % 2 == 0);
        ring.record(0, 3, call.0, call.1);
        remember(&mut model, 3, call);
        if n >= 3 {
            assert_eq!(tally(&ring, 0, 3), counted(&model), "call {n}");
        }
    }
}

#[test]
fn a_record_of_another_period_is_dropped() {
    let ring = Ring::new();
    ring.reset(5);
    assert_eq!(ring.record(4, 10, true, true), None);
    assert_eq!(ring.tally(4, 10), None);
    assert_eq!(tally(&ring, 5, 10), (0, 0, 0));
}

#[test]
fn a_window_is_clean_when_it_is_full_of_clean_calls() {
    let ring = Ring::new();
    for n in 0..10 {
        assert!(!ring.is_clean(0), "{n} calls do not fill it");
        ring.record(0, 10, false, false);
    }
    assert!(ring.is_clean(0));
    assert!(!ring.is_clean(1), "another period");
    for (failed, slow) in [(true, false), (false, true)] {
        ring.record(0, 10, failed, slow);
        for _ in 0..10 {
            assert!(!ring.is_clean(0));
            ring.record(0, 10, false, false);
        }
        assert!(ring.is_clean(0));
    }
}

#[test]
fn slots_are_allocated_at_first_use_and_once() {
    let ring = Ring::new();
    let tables = || iter::successors(ring.tables.get(), |table| table.next.get()).count();
    assert_eq!(tables(), 0);
    for generation in 0..10 {
        ring.reset(generation);
        ring.record(
            generation,
            if generation % 2 == 0 { 10 } else { 100 },
            true,
            false,
        );
    }
    assert_eq!(tables(), 2);
}

#[test]
fn slots_that_are_allocated_at_once_are_as_many_as_each_asked_for() {
    for _ in 0..500 {
        let ring = Ring::new();
        let slots = |(calls, slots)| assert_eq!(ring.table(calls).len(), slots);
        thread::scope(|scope| {
            for asked in [(1, 16), (15, 16), (16, 32), (100, 128), (65_535, 65_536)] {
                scope.spawn(move || slots(asked));
            }
        });
        let tables = iter::successors(ring.tables.get(), |table| table.next.get());
        assert_eq!(tables.count(), 4);
    }
}

#[test]
fn every_record_of_every_thread_counts() {
    const EACH: u64 = 100_000;
    let ring = Ring::new();
    thread::scope(|scope| {
        for thread in 0..8 {
            let ring = &ring;
            scope.spawn(move || {
                for n in 0..EACH {
                    // Never clean, so nothing is left out.
                    ring.record(0, Window::MAX_CALLS, (n + thread) % 4 == 0, true);
                }
            });
        }
    });
    let head = Head(ring.head.load(Acquire));
    assert_eq!(head.sequence(), 8 * EACH);
    assert_eq!(head.slow(), (8 * EACH) as u16);
    assert_eq!(head.failed(), (8 * EACH / 4) as u16);
    assert_eq!(tally(&ring, 0, Window::MAX_CALLS).0, Window::MAX_CALLS);
    // And each is in its slot.
    let table = ring.table(Window::MAX_CALLS);
    for back in 0..u64::from(Window::MAX_CALLS) {
        let sequence = 8 * EACH - back;
        assert_eq!(
            Head(Ring::slot(table, sequence).load(Acquire)).sequence(),
            sequence
        );
    }
}

#[test]
fn small_windows_stay_exact_under_threads() {
    for calls in [1, 2, 3, 15, 16] {
        let ring = Ring::new();
        thread::scope(|scope| {
            for thread in 0..8_u32 {
                let ring = &ring;
                scope.spawn(move || {
                    for n in 0..50_000_u32 {
                        let call = n.wrapping_mul(2_654_435_761).wrapping_add(thread) >> 13;
                        let told = ring.record(0, calls, call % 3 == 0, call % 5 == 0);
                        if let Some(told) = told {
                            assert!(told.calls <= calls);
                            assert!(told.failed <= told.calls && told.slow <= told.calls);
                        }
                    }
                });
            }
        });
        let mut model = VecDeque::new();
        for n in 0..2 * calls {
            ring.record(0, calls, n % 2 == 0, n % 3 == 0);
            remember(&mut model, calls, (n % 2 == 0, n % 3 == 0));
            if n >= calls {
                assert_eq!(tally(&ring, 0, calls), counted(&model), "window of {calls}");
            }
        }
    }
}

#[test]
fn no_record_of_an_ended_period_reaches_the_next() {
    let ring = Ring::new();
    let ended = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // Only failures of period 0 are recorded, period 1 is begun meanwhile.
                for _ in 0..100_000 {
                    ring.record(0, 4, true, false);
                }
            });
        }
        scope.spawn(|| {
            thread::yield_now();
            ring.reset(1);
            ended.store(1, Release);
            for n in 1..=100_000_u32 {
                ring.record(1, 4, false, true);
                assert_eq!(tally(&ring, 1, 4), (n.min(4), 0, n.min(4)));
            }
        });
    });
    assert_eq!(tally(&ring, 1, 4), (4, 0, 4));
}

#[test]
fn each_of_the_next_periods_is_told_from_this_one() {
    for later in 1..=PERIOD_MASK {
        let ring = Ring::new();
        ring.reset(later);
        assert_eq!(ring.record(0, 10, true, false), None, "{later}");
        assert_eq!(tally(&ring, later, 10), (0, 0, 0), "{later}");
    }
}
