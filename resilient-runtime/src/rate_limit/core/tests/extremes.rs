//! The ends of time and of numbers.

use super::*;

#[test]
fn the_first_call_at_any_time_finds_a_full_bucket() {
    for now in [0, 1, START, 1 << 40, 1 << 63, Nanos::MAX] {
        for (permits, per) in [
            (1, SECOND),
            (67_108_859, 1_000),
            (u32::MAX, 1),
            (1, Nanos::MAX),
        ] {
            let mut bench = Bench::new(permits, per, 3);
            bench.now = now;
            assert_eq!(bench.take_all().min(3), 3, "{permits} in {per} at {now}");
        }
    }
}

#[test]
fn the_origin_follows_the_clock_and_nothing_is_lost_or_gained() {
    // The finest unit: the word holds less than a minute of it.
    let mut bench = Bench::new(67_108_859, SECOND, 3);
    let mut origins = vec![bench.core.origin.load(SeqCst)];
    for _ in 0..1_000 {
        assert_eq!(bench.take_all(), 3);
        bench.now += 30;
        assert_eq!(bench.take_all(), 2, "two in 29.8 ns");
        bench.now += 5 * SECOND;
        origins.push(bench.core.origin.load(SeqCst));
    }
    origins.dedup();
    assert!((280..600).contains(&origins.len()), "and not at every call");
}

#[test]
fn an_origin_that_moves_takes_the_debt_along() {
    let mut bench = Bench::new(1, 100 * SECOND, 67);
    // A unit so fine that a bucket of hours needs the word's whole length.
    bench.scale = Scale {
        unit: Scale::of(67_108_859, SECOND, 1).unit,
        interval: 1 << 52,
        depth: 1 << 58,
    };
    assert_eq!(bench.take_all(), 64);
    for turn in 1..=1_000 {
        let turn = START + bench.scale.unit.nanos(turn << 52);
        assert_eq!(bench.take(1), refused_for(turn - bench.now));
        bench.now = turn;
        assert_eq!(bench.take_all(), 1);
    }
}

#[test]
fn a_clock_that_lags_behind_is_given_nothing_and_told_its_own_wait() {
    let mut bench = Bench::new(10, SECOND, 2);
    bench.now += 100 * SECOND;
    assert_eq!(bench.take_all(), 2);
    bench.now -= SECOND;
    assert_eq!(bench.take(1), refused_for(SECOND + 100 * MILLI));

    // Behind the origin, too.
    let mut bench = Bench::new(67_108_859, SECOND, 2);
    bench.now = 100 << 32;
    assert_eq!(bench.take_all(), 2);
    assert_eq!(bench.core.origin.load(SeqCst), 100);
    bench.now -= SECOND;
    assert_eq!(bench.take(1), refused_for(SECOND + 15));
    assert_eq!(bench.core.origin.load(SeqCst), 100);
}

#[test]
fn at_the_end_of_time_nothing_overflows() {
    let mut bench = Bench::new(1, SECOND, 2);
    bench.now = Nanos::MAX - SECOND;
    assert_eq!(bench.take_all(), 2);
    assert_eq!(
        bench.take(2),
        Answer::Refused {
            retry_after: Duration::MAX
        }
    );
    bench.now = Nanos::MAX;
    assert_eq!(bench.take_all(), 1);
    assert_eq!(
        bench.take(1),
        Answer::Refused {
            retry_after: Duration::MAX
        }
    );
    assert_eq!(bench.snapshot().available, 0);
}

#[test]
fn the_slowest_rate_with_the_largest_burst() {
    let bench = Bench::new(1, Nanos::MAX, u32::MAX);
    assert_eq!(
        bench.snapshot().available,
        (bench.scale.depth / bench.scale.interval) as u32
    );
    assert_eq!(bench.take(1 << 20), Answer::Admitted);
    let never = Answer::Refused {
        retry_after: Duration::MAX,
    };
    assert_eq!(bench.take(u32::MAX), never);
}
