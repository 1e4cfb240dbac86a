//! Where threads have met.

use std::sync::Barrier;

use super::*;

/// More than there are sets, so that some share one.
const THREADS: u32 = 20;

/// Each thread has buckets of its own already.
fn spread() -> Buckets {
    let buckets = Buckets::new();
    buckets.spread();
    buckets
}

/// Each of so many threads does it, and all are done at the end.
fn on_threads(count: u32, work: impl Fn(u32) + Sync) {
    thread::scope(|scope| {
        for thread in 0..count {
            let work = &work;
            scope.spawn(move || work(thread));
        }
    });
}

#[test]
fn threads_that_never_meet_share_the_buckets() {
    let (buckets, slice) = (Buckets::new(), Buckets::slice(SECOND));
    for turn in 0..u64::from(THREADS) {
        let period = turn / 5;
        buckets.reset(period);
        on_threads(1, |_| {
            for n in 0..1_000 {
                let now = turn * SECOND + n * SECOND / 50;
                buckets.record(period, slice, now, n % 2 == 0);
            }
        });
    }
    assert!(!buckets.stripes.are_spread());
    assert_eq!(buckets.stripes.all().count(), SLICES);
}

#[test]
fn threads_that_meet_get_buckets_of_their_own() {
    let (buckets, slice) = (Buckets::new(), Buckets::slice(SECOND));
    let mut rounds = 0;
    while !buckets.stripes.are_spread() {
        on_threads(4, |_| {
            for _ in 0..10_000 {
                buckets.record(0, slice, 5, false);
            }
        });
        rounds += 1;
        assert!(rounds < 10_000, "they never met");
    }
    assert!(buckets.stripes.all().count() > SLICES);
}

#[test]
fn the_sum_is_exact_over_what_was_counted_before_and_after() {
    let (buckets, slice) = (Buckets::new(), Buckets::slice(SECOND));
    for n in 0..1_000_u64 {
        buckets.record(0, slice, n % 10 * slice, n % 4 == 0);
    }
    buckets.spread();
    on_threads(THREADS, |thread| {
        for n in 0..10_000_u64 {
            let bad = (n + u64::from(thread)) % 4 == 0;
            buckets.record(0, slice, n % 10 * slice, bad);
        }
    });
    let (calls, bad) = (1_000 + THREADS * 10_000, 250 + THREADS * 2_500);
    assert_eq!(buckets.sum(0, slice, 9 * slice), counts(calls, bad));
    // One slice after the other leaves, in all of them.
    for left in (0..10_u32).rev() {
        let now = u64::from(19 - left) * slice;
        let calls = buckets.sum(0, slice, now).calls;
        assert_eq!(calls, left * (100 + THREADS * 1_000), "{left}");
    }
}

#[test]
fn a_reset_empties_them_all() {
    let (buckets, slice) = (spread(), Buckets::slice(SECOND));
    on_threads(THREADS, |_| buckets.record(0, slice, 5, true));
    assert_eq!(buckets.sum(0, slice, 5), counts(THREADS, THREADS));
    buckets.reset(1);
    for cell in buckets.stripes.all() {
        assert_eq!(cell.load(SeqCst), Cell::empty(1));
    }
}

#[test]
fn buckets_made_in_one_period_serve_the_next_and_take_nothing_late() {
    let (buckets, slice) = (spread(), Buckets::slice(SECOND));
    // Beyond where the numbers of the periods wrap.
    for period in 1..70 {
        buckets.reset(period);
        on_threads(THREADS, |_| {
            buckets.record(period - 1, slice, 5, true);
            buckets.record(period, slice, 5, false);
            buckets.record(period - 1, slice, 5, true);
        });
        assert_eq!(buckets.sum(period, slice, 5), counts(THREADS, 0));
        assert_eq!(buckets.sum(period - 1, slice, 5), counts(0, 0));
    }
}

#[test]
fn late_records_change_nothing_in_buckets_just_made() {
    let slice = Buckets::slice(SECOND);
    for later in 1..1 << PERIOD_BITS {
        let buckets = Buckets::new();
        buckets.reset(later);
        buckets.spread();
        on_threads(4, |_| buckets.record(0, slice, 5, true));
        for cell in buckets.stripes.all() {
            assert_eq!(cell.load(SeqCst), Cell::empty(later));
        }
    }
}

#[test]
fn a_period_that_begins_while_they_are_made_loses_nothing_and_takes_nothing_over() {
    let slice = Buckets::slice(SECOND);
    for _ in 0..3_000 {
        let (buckets, start) = (Buckets::new(), Barrier::new(2));
        buckets.record(0, slice, 5, true);
        on_threads(2, |thread| {
            start.wait();
            if thread == 0 {
                buckets.spread();
                buckets.record(0, slice, 5, true);
            } else {
                buckets.reset(1);
                buckets.record(1, slice, 5, false);
            }
        });
        on_threads(3, |_| buckets.record(1, slice, 5, false));
        assert_eq!(buckets.sum(1, slice, 5), counts(4, 0));
    }
}

#[test]
fn of_two_threads_that_add_at_least_one_sees_both() {
    let slice = Buckets::slice(SECOND);
    for round in 0..6_000 {
        let (buckets, start) = (Buckets::new(), Barrier::new(2));
        let seen = [const { AtomicU64::new(0) }; 2];
        on_threads(2, |thread| {
            start.wait();
            // Spread from the beginning, by one of them meanwhile, or as it comes.
            if round % 3 == 0 || round % 3 == 1 && thread == 0 {
                buckets.spread();
            }
            buckets.record(0, slice, 5, true);
            let sum = buckets.sum(0, slice, 5);
            seen[thread as usize].store(sum.bad.into(), SeqCst);
        });
        let most = seen.into_iter().map(AtomicU64::into_inner).max();
        assert_eq!(most, Some(2));
    }
}

#[test]
fn a_bucket_that_rests_in_one_of_them_brings_nothing_back() {
    let (buckets, slice) = (spread(), Buckets::slice(10));
    on_threads(THREADS, |_| buckets.record(0, slice, 3, true));
    for lap in 1..=LAP_MASK + 2 {
        let now = lap * SLICES as u64 + 5;
        buckets.record(0, slice, now, false);
        assert_eq!(buckets.sum(0, slice, now), counts(1, 0), "{lap}");
    }
}

#[test]
fn no_record_is_lost_when_old_laps_are_taken_out() {
    let (buckets, slice) = (spread(), Buckets::slice(10));
    for era in 1..3_000 {
        let now = era * ERA - 5;
        on_threads(2, |_| {
            for n in 0..10 {
                buckets.record(0, slice, now + n, n % 2 == 0);
            }
        });
        assert_eq!(buckets.sum(0, slice, now + 9), counts(20, 10), "{era}");
    }
}
