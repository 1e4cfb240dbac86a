//! The bucket: what may be taken out of it without limit is limited by what is put in.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::clock::Nanos;

/// The parts of a token, so that a tenth of one is a whole number.
const TOKEN: u64 = 1_000_000;
const SECOND: u128 = 1_000_000_000;

/// How a bucket fills, and how much it holds, in parts of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    capacity: u64,
    deposit: u64,
    per_second: u64,
}

impl Terms {
    /// In tokens. What is negative, or no number, is taken for zero.
    pub(super) const fn new(capacity: u32, deposit: f64, per_second: f64) -> Self {
        Self {
            capacity: capacity as u64 * TOKEN,
            deposit: parts(deposit),
            per_second: parts(per_second),
        }
    }
}

const fn parts(tokens: f64) -> u64 {
    // Rounded: a tenth is a little more than a tenth. The cast saturates.
    (tokens * TOKEN as f64 + 0.5) as u64
}

/// A bucket of tokens, full at first.
///
/// It counts what is missing, so that a full one is all zeros whatever it holds; one that has become
/// smaller owes no more than it holds.
///
/// The two words are not read together: what has dripped in is credited by whoever moves the time on, once, and
/// no more than was missing before that. A withdrawal that does not see it yet errs to the side of refusing.
/// They guard nothing but themselves, so no ordering is asked for.
#[derive(Debug)]
pub struct Bucket {
    missing: AtomicU64,
    /// Up to when what drips in has been credited.
    dripped: AtomicU64,
}

impl Bucket {
    pub(super) const fn new() -> Self {
        Self {
            missing: AtomicU64::new(0),
            dripped: AtomicU64::new(0),
        }
    }

    /// Puts in what one success earns. A full bucket is read and not written.
    #[inline]
    pub(super) fn deposit(&self, terms: impl FnOnce() -> Terms) {
        if self.missing.load(Relaxed) != 0 {
            let terms = terms();
            self.put_in(terms.deposit, terms.capacity);
        }
    }

    /// Takes a token out, if there is a whole one.
    pub(super) fn try_withdraw(&self, terms: Terms, now: Nanos) -> bool {
        self.drip(terms, now);
        let taken = |missing: u64| {
            let missing = missing.saturating_add(TOKEN);
            (missing <= terms.capacity).then_some(missing)
        };
        self.missing.fetch_update(Relaxed, Relaxed, taken).is_ok()
    }

    /// Puts a token back that was not used.
    pub(super) fn put_back(&self) {
        self.put_in(TOKEN, u64::MAX);
    }

    /// The tokens that are there.
    pub(super) fn tokens(&self, terms: Terms, now: Nanos) -> f64 {
        self.drip(terms, now);
        let missing = self.missing.load(Relaxed);
        terms.capacity.saturating_sub(missing) as f64 / TOKEN as f64
    }

    pub(super) fn is_full(&self, terms: Terms, now: Nanos) -> bool {
        self.drip(terms, now);
        self.missing.load(Relaxed) == 0
    }

    fn put_in(&self, parts: u64, capacity: u64) {
        let filled = |missing: u64| Some(missing.min(capacity).saturating_sub(parts));
        let _ = self.missing.fetch_update(Relaxed, Relaxed, filled);
    }

    fn drip(&self, terms: Terms, now: Nanos) {
        // What drips into a full bucket is lost: it is not there for what others take out meanwhile.
        let missing = self.missing.load(Relaxed);
        let since = self.dripped.load(Relaxed);
        let passed = u128::from(now.saturating_sub(since));
        let rate = u128::from(terms.per_second);
        let parts = passed * rate / SECOND;
        // Only the time of whole parts is used up: the rest goes on counting.
        let used = if rate == 0 {
            passed
        } else {
            (parts * SECOND).div_ceil(rate)
        };
        let until = since.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
        let mine = until > since
            && self
                .dripped
                .compare_exchange(since, until, Relaxed, Relaxed)
                .is_ok();
        if mine {
            let parts = u64::try_from(parts).unwrap_or(u64::MAX);
            self.put_in(parts.min(missing), terms.capacity);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;
    /// Long after the clock's zero, as in any process.
    const START: Nanos = 1 << 58;

    fn taken(bucket: &Bucket, terms: Terms, now: Nanos) -> u32 {
        (0..u32::MAX)
            .take_while(|_| bucket.try_withdraw(terms, now))
            .count() as u32
    }

    #[test]
    fn it_is_full_at_first_and_holds_no_more_than_its_capacity() {
        let terms = Terms::new(100, 0.1, 0.1);
        let bucket = Bucket::new();
        for _ in 0..50 {
            bucket.deposit(|| terms);
        }
        assert!(bucket.is_full(terms, START));
        assert_eq!(taken(&bucket, terms, START), 100);
        assert_eq!(taken(&bucket, terms, START), 0);
        assert!(!bucket.is_full(terms, START));
    }

    #[test]
    fn what_drips_in_is_exact_to_a_nanosecond_for_each_time_it_is_asked_for() {
        for step in [1, 999, 7_777_777, SECOND / 3, 11 * SECOND] {
            let terms = Terms::new(1_000, 0.0, 0.7);
            let bucket = Bucket::new();
            assert_eq!(taken(&bucket, terms, START), 1_000);
            let steps = (1_000 * SECOND / step).min(10_000);
            for n in 1..=steps {
                bucket.drip(terms, START + n * step);
            }
            let seconds = (steps * step) as f64 / SECOND as f64;
            let tokens = bucket.tokens(terms, START + steps * step);
            let expected = seconds * 0.7;
            assert!(
                tokens <= expected && expected - tokens < 1.1e-6 + 0.7e-9 * steps as f64,
                "step {step}: {tokens} of {expected}"
            );
        }
    }

    #[test]
    fn time_that_passed_while_it_was_full_is_credited_to_nobody() {
        let terms = Terms::new(2, 0.0, 1.0);
        let bucket = Bucket::new();
        assert_eq!(taken(&bucket, terms, START), 2);
        // Full again after two seconds; the other eight are gone.
        assert_eq!(taken(&bucket, terms, START + 10 * SECOND), 2);
        assert_eq!(taken(&bucket, terms, START + 11 * SECOND), 1);
    }

    #[test]
    fn without_a_drip_time_brings_nothing_and_none_is_saved_up() {
        let still = Terms::new(1, 0.0, 0.0);
        let bucket = Bucket::new();
        assert_eq!(taken(&bucket, still, START), 1);
        assert_eq!(taken(&bucket, still, START + 1_000 * SECOND), 0);
        let dripping = Terms::new(1, 0.0, 0.5);
        assert_eq!(taken(&bucket, dripping, START + 1_001 * SECOND), 0);
        assert_eq!(taken(&bucket, dripping, START + 1_002 * SECOND), 1);
    }

    #[test]
    fn a_clock_that_stands_behind_brings_nothing() {
        let terms = Terms::new(1, 0.0, 1.0);
        let bucket = Bucket::new();
        assert_eq!(taken(&bucket, terms, START), 1);
        assert_eq!(taken(&bucket, terms, START - 5 * SECOND), 0);
        assert_eq!(taken(&bucket, terms, START + SECOND), 1);
    }

    #[test]
    fn withdrawals_per_deposit_are_the_ratio() {
        for percent in (5..=200).step_by(5) {
            let ratio = f64::from(percent) / 100.0;
            let terms = Terms::new(100, ratio, 0.0);
            let bucket = Bucket::new();
            assert_eq!(taken(&bucket, terms, START), 100);
            let mut withdrawn = 0;
            for _ in 0..10_000 {
                bucket.deposit(|| terms);
                withdrawn += taken(&bucket, terms, START);
            }
            let measured = f64::from(withdrawn) / 10_000.0;
            assert!(
                (measured / ratio - 1.0).abs() < 0.01,
                "{measured}, not {ratio}"
            );
        }
    }

    #[test]
    fn one_that_has_become_smaller_owes_no_more_than_it_holds() {
        let (large, small) = (Terms::new(100, 0.5, 0.0), Terms::new(2, 0.5, 0.0));
        let bucket = Bucket::new();
        assert_eq!(taken(&bucket, large, START), 100);
        assert_eq!(taken(&bucket, small, START), 0);
        for _ in 0..4 {
            bucket.deposit(|| small);
        }
        assert_eq!(taken(&bucket, small, START), 2);
    }

    #[test]
    fn what_has_dripped_in_before_is_not_there_twice_for_threads_that_come_together() {
        let terms = Terms::new(1, 0.0, 1.0);
        let meet = std::sync::Barrier::new(2);
        let buckets: Vec<Bucket> = (0..20_000).map(|_| Bucket::new()).collect();
        let work = || -> Vec<u32> {
            let take = |bucket: &Bucket| {
                meet.wait();
                let had = bucket.try_withdraw(terms, START);
                u32::from(had) + u32::from(bucket.try_withdraw(terms, START))
            };
            buckets.iter().map(take).collect()
        };
        let (one, other) = std::thread::scope(|scope| {
            let other = scope.spawn(work);
            (work(), other.join().unwrap())
        });
        assert!(one.iter().zip(&other).all(|(one, other)| one + other <= 1));
    }

    #[test]
    fn values_out_of_range_are_brought_into_it() {
        let nothing = Terms::new(1, f64::NAN, -1.0);
        assert_eq!((nothing.deposit, nothing.per_second), (0, 0));
        let endless = Terms::new(u32::MAX, f64::INFINITY, f64::MAX);
        let bucket = Bucket::new();
        assert!(bucket.try_withdraw(endless, u64::MAX));
        bucket.deposit(|| endless);
        assert!(bucket.is_full(endless, u64::MAX));
    }

    #[test]
    fn threads_neither_lose_a_token_nor_make_one() {
        let terms = Terms::new(1_000, 0.25, 0.0);
        let bucket = Bucket::new();
        assert_eq!(taken(&bucket, terms, START), 1_000);
        let withdrawn: u32 = std::thread::scope(|scope| {
            let work = || {
                (0..20_000)
                    .map(|_| {
                        bucket.deposit(|| terms);
                        let had = bucket.try_withdraw(terms, START);
                        if had {
                            bucket.put_back();
                        }
                        u32::from(bucket.try_withdraw(terms, START))
                    })
                    .sum::<u32>()
            };
            let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap())
                .sum()
        });
        assert_eq!(withdrawn + taken(&bucket, terms, START), 20_000);
    }
}
