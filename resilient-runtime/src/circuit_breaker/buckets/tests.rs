mod stripes;

use std::collections::VecDeque;
use std::thread;

use proptest::prelude::*;

use super::cell::{COUNT_MAX, LAP_MASK, PERIOD_BITS};
use super::*;

const SECOND: u64 = 1_000_000_000;

fn counts(calls: u32, bad: u32) -> Counts {
    Counts { calls, bad }
}

proptest! {
    #[test]
    fn equals_a_queue_of_slices(
        start in prop_oneof![Just(0), 0..u64::MAX / 2],
        window in prop_oneof![1_u64..200, 1_000_u64..1_000_000, 1..=u64::MAX / 1_000],
        steps in prop::collection::vec((any::<bool>(), 0_u32..30, 0_u32..25), 0..60),
    ) {
        let (buckets, slice) = (Buckets::new(), Buckets::slice(window));
        let (mut now, mut model) = (start, VecDeque::new());
        for (bad, times, twentieths) in steps {
            now = now.saturating_add(window / 20 * u64::from(twentieths));
            for _ in 0..times {
                buckets.record(0, slice, now, bad);
                model.push_back((now, bad));
            }
            let live = |at: u64| now / slice - at / slice < SLICES as u64;
            while model.front().is_some_and(|&(at, _)| !live(at)) {
                model.pop_front();
            }
            let bad = model.iter().filter(|call| call.1).count();
            prop_assert_eq!(buckets.sum(0, slice, now), counts(model.len() as u32, bad as u32));
            // The promise to the user.
            for &(at, _) in &model {
                prop_assert!(now - at < window.max(SLICES as u64));
            }
        }
    }
}

proptest! {
    #[test]
    fn a_moment_lies_in_one_slice(
        slice in prop_oneof![1_u64..100, 1..=u64::MAX],
        now in any::<u64>(),
        tick in any::<u64>(),
        off in 0_u64..3,
    ) {
        let number = now / slice;
        for tick in [tick, 0, u64::MAX, number, number.saturating_sub(1).saturating_add(off)] {
            prop_assert_eq!(is_in(tick, slice, now), tick == number, "tick: {}", tick);
        }
    }
}

#[test]
fn what_is_younger_than_nine_tenths_of_the_window_counts() {
    let slice = Buckets::slice(SECOND);
    for phase in [0, 1, 12_345_678, 99_999_999] {
        let buckets = Buckets::new();
        let now = 77 * SECOND + phase;
        buckets.record(0, slice, now, true);
        assert_eq!(buckets.sum(0, slice, now + SECOND / 10 * 9), counts(1, 1));
        assert_eq!(buckets.sum(0, slice, now + SECOND), counts(0, 0));
    }
}

#[test]
fn a_full_bucket_keeps_its_ratio() {
    let (buckets, slice) = (Buckets::new(), Buckets::slice(SECOND));
    for n in 0..3_000_000_u32 {
        buckets.record(0, slice, 5, n % 4 == 0);
    }
    let Counts { calls, bad } = buckets.sum(0, slice, 5);
    assert!(u64::from(calls) <= COUNT_MAX && u64::from(calls) > COUNT_MAX / 2);
    let rate = f64::from(bad) / f64::from(calls);
    assert!((rate - 0.25).abs() < 1e-3, "{rate}");
}

#[test]
fn a_record_of_another_period_is_dropped() {
    let (buckets, slice) = (Buckets::new(), Buckets::slice(SECOND));
    buckets.record(0, slice, 5, true);
    buckets.reset(1);
    buckets.record(0, slice, 5, true);
    assert_eq!(buckets.sum(0, slice, 5), counts(0, 0));
    assert_eq!(buckets.sum(1, slice, 5), counts(0, 0));
    buckets.record(1, slice, 5, true);
    assert_eq!(buckets.sum(1, slice, 5), counts(1, 1));
}

#[test]
fn a_record_that_was_held_up_for_a_whole_window_is_dropped() {
    let (buckets, slice) = (Buckets::new(), Buckets::slice(SECOND));
    buckets.record(0, slice, 3 * SECOND, false);
    buckets.record(0, slice, 2 * SECOND, true);
    assert_eq!(buckets.sum(0, slice, 3 * SECOND), counts(1, 0));
}

#[test]
fn a_clock_that_has_read_a_little_further_counts() {
    let (buckets, slice) = (Buckets::new(), Buckets::slice(SECOND));
    buckets.record(0, slice, 3 * SECOND + 1, true);
    assert_eq!(buckets.sum(0, slice, 3 * SECOND - 1), counts(1, 1));
}

#[test]
fn no_length_of_silence_brings_old_counts_back() {
    let slice = Buckets::slice(1_000_000);
    for turns in [1, 2, 3] {
        for laps in [
            LONG_SLEEP,
            LONG_SLEEP + 1,
            LAP_MASK,
            LAP_MASK + 1,
            LAP_MASK + 2,
        ] {
            let buckets = Buckets::new();
            let start = SECOND;
            buckets.record(0, slice, start, true);
            let now = start + turns * laps * SLICES as u64 * slice;
            assert_eq!(buckets.sum(0, slice, now), counts(0, 0));
            buckets.record(0, slice, now, false);
            assert_eq!(buckets.sum(0, slice, now), counts(1, 0), "{turns} x {laps}");
        }
    }
}

#[test]
fn every_record_of_every_thread_counts() {
    const EACH: u64 = 100_000;
    let (buckets, slice) = (Buckets::new(), Buckets::slice(SECOND));
    // One bucket for all, then all the buckets of one window.
    for (round, spread) in [(10, 1), (20, SLICES as u64)] {
        thread::scope(|scope| {
            for thread in 0..8 {
                let buckets = &buckets;
                scope.spawn(move || {
                    for n in 0..EACH {
                        let now = round * SECOND + n % spread * slice;
                        buckets.record(0, slice, now, (n + thread) % 4 == 0);
                    }
                });
            }
        });
        let now = round * SECOND + 9 * slice;
        assert_eq!(buckets.sum(0, slice, now), counts(800_000, 200_000));
    }
}

/// Two threads record in one slice after the other, and come to each at the same moment.
fn in_step(ticks: u64, slices_between: u64, slices_in_window: u64) {
    const THREADS: u64 = 2;
    let (buckets, slice) = (Buckets::new(), Buckets::slice(1_000_000));
    let arrived = AtomicU64::new(0);
    let meet = |times: &mut u64| {
        *times += 1;
        arrived.fetch_add(1, SeqCst);
        let mut spins = 0;
        while arrived.load(SeqCst) < *times * THREADS {
            spins += 1;
            // Where there is but one processor.
            if spins > 10_000 {
                thread::yield_now();
            }
        }
    };
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (buckets, meet) = (&buckets, &meet);
            scope.spawn(move || {
                let mut met = 0;
                for tick in 0..ticks {
                    // Begins in the bucket that is emptied last.
                    let now = SECOND + (tick * slices_between + 9) * slice;
                    meet(&mut met);
                    for _ in 0..3 {
                        buckets.record(0, slice, now, thread == 0);
                    }
                    meet(&mut met);
                    let slices = (tick + 1).min(slices_in_window) as u32;
                    let expected = counts(slices * 6, slices * 3);
                    assert_eq!(buckets.sum(0, slice, now), expected, "tick {tick}");
                }
            });
        }
    });
}

#[test]
fn no_record_is_lost_when_a_slice_takes_over() {
    in_step(30_000, 1, SLICES as u64);
}

#[test]
fn no_record_is_lost_after_a_long_silence() {
    in_step(30_000, (LAP_MASK + 1) * SLICES as u64, 1);
}

#[test]
fn lies_on_two_lines_until_threads_meet() {
    assert_eq!(size_of::<Buckets>(), 128);
}

#[test]
fn each_of_the_next_periods_is_told_from_this_one() {
    let slice = Buckets::slice(SECOND);
    for later in 1..1 << PERIOD_BITS {
        let buckets = Buckets::new();
        buckets.reset(later);
        buckets.record(0, slice, SECOND, true);
        assert_eq!(buckets.sum(later, slice, SECOND), counts(0, 0), "{later}");
    }
}

#[test]
fn a_window_in_steady_use_is_never_emptied() {
    let (buckets, slice) = (Buckets::new(), Buckets::slice(10));
    // Two calls in each lap, for longer than a window may sleep.
    for lap in 0..LONG_SLEEP + 10 {
        let now = lap * SLICES as u64;
        buckets.record(0, slice, now, false);
        let with_the_one_before = if lap == 0 { 1 } else { 2 };
        assert_eq!(
            buckets.sum(0, slice, now),
            counts(with_the_one_before, 0),
            "{lap}"
        );
        buckets.record(0, slice, now + 5, false);
    }
}

#[test]
fn a_bucket_that_rests_while_others_are_in_use_brings_nothing_back() {
    let (buckets, slice) = (Buckets::new(), Buckets::slice(10));
    buckets.record(0, slice, 3, true);
    for lap in 1..=LAP_MASK + 2 {
        let now = lap * SLICES as u64 + 5;
        buckets.record(0, slice, now, false);
        assert_eq!(buckets.sum(0, slice, now), counts(1, 0), "{lap}");
    }
}
