use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn of(times: &[Nanos]) -> Latencies {
    let histogram = Histogram::new();
    for &took in times {
        histogram.record(Duration::from_nanos(took));
    }
    histogram.read()
}

/// From a nanosecond to more than the longest, evenly over the powers of two.
fn time() -> impl Strategy<Value = Nanos> {
    (0..44_u32, 0.0..1.0)
        .prop_map(|(power, more)| ((1.0 + more) * 2_f64.powi(power as i32)) as Nanos)
}

#[test]
fn a_bucket_ends_where_the_next_begins_and_is_an_eighth_wide_at_most() {
    let mut begin = 0;
    for bucket in 0..BUCKETS - 1 {
        let end = end_of(bucket).unwrap();
        assert_eq!(bucket_of(begin + 1), bucket);
        assert_eq!(bucket_of(end), bucket);
        assert_eq!(bucket_of(end + 1), bucket + 1);
        assert!(bucket == 0 || end - begin <= begin / 8, "{begin}..={end}");
        begin = end;
    }
    assert_eq!(end_of(0), Some(1_000));
    assert_eq!(begin, LONGEST);
    assert_eq!(end_of(BUCKETS - 1), None);
    assert_eq!(bucket_of(Nanos::MAX), BUCKETS - 1);
}

#[cfg(feature = "metrics")]
#[test]
fn each_time_is_in_one_span_and_between_two_there_is_nothing() {
    let ends: Vec<_> = (0..BUCKETS - 1).filter_map(end_of).collect();
    let mut next = 0;
    for (span, count) in of(&[&ends[..], &[Nanos::MAX]].concat()).spans() {
        assert_eq!((*span.start(), count), (next, 1));
        next = span.end().wrapping_add(1);
    }
    assert_eq!(next, 0, "the last has no end");
}

#[test]
fn where_nothing_was_measured_there_is_nothing_to_tell() {
    for none in [Latencies::default(), of(&[])] {
        assert_eq!((none.count(), none.sum()), (0, Duration::ZERO));
        assert_eq!(none.quantile(0.5), None);
        assert_eq!(none.buckets().count(), 0);
    }
}

#[test]
fn of_what_is_longer_than_the_longest_only_that_is_known() {
    let long = of(&[LONGEST + 1]);
    assert_eq!(long.quantile(0.5), Some(Duration::from_nanos(LONGEST)));
    assert_eq!(long.buckets().collect::<Vec<_>>(), [(Duration::MAX, 1)]);
}

#[test]
fn a_sum_that_is_too_long_stays_as_long_as_it_can_be() {
    let long = of(&[Nanos::MAX - 1, 7]);
    assert_eq!(long.sum(), Duration::from_nanos(Nanos::MAX));
    assert_eq!(long.count(), 2);
}

#[test]
fn a_share_that_is_none_counts_as_the_nearest() {
    let two = of(&[1_000, 2_000]);
    let micros = |q| two.quantile(q).map(|time| time.as_micros());
    assert_eq!([micros(-1.0), micros(0.0), micros(f64::NAN)], [Some(1); 3]);
    assert_eq!([micros(1.0), micros(7.0)], [Some(2); 2]);
}

#[test]
fn what_many_threads_record_is_all_there() {
    let histogram = Histogram::new();
    std::thread::scope(|scope| {
        for thread in 1..=4_u64 {
            let histogram = &histogram;
            scope.spawn(move || {
                for _ in 0..10_000 {
                    histogram.record(Duration::from_micros(thread));
                }
            });
        }
    });
    let all = histogram.read();
    assert_eq!(all.count(), 40_000);
    assert_eq!(all.sum(), Duration::from_millis(100));
}

proptest! {
    #[test]
    fn count_and_sum_are_exact(times in vec(time(), 0..200)) {
        let latencies = of(&times);
        prop_assert_eq!(latencies.count(), times.len() as u64);
        prop_assert_eq!(latencies.sum(), Duration::from_nanos(times.iter().sum()));
    }

    #[test]
    fn a_quantile_is_never_less_than_the_exact_one_and_an_eighth_more_at_most(
        mut times in vec(time(), 1..200),
        q in 0.0..=1.0,
    ) {
        let told = of(&times).quantile(q).unwrap();
        times.sort_unstable();
        let rank = ((q * times.len() as f64).ceil() as usize).max(1);
        let exact = times[rank - 1].min(LONGEST);
        prop_assert!(told >= Duration::from_nanos(exact));
        prop_assert!(told <= Duration::from_nanos((exact + exact / 8).max(1_000)));
    }

    #[test]
    fn what_came_since_is_what_was_recorded_since(
        before in vec(time(), 0..50),
        after in vec(time(), 0..50),
    ) {
        let earlier = of(&before);
        let since = of(&[before, after.clone()].concat()).since(&earlier);
        let expected = of(&after);
        prop_assert_eq!(since.sum(), expected.sum());
        prop_assert!(since.buckets().eq(expected.buckets()));
        // The other way round there is nothing, and no overflow.
        prop_assert_eq!(earlier.since(&of(&[])).count(), earlier.count());
        prop_assert_eq!(of(&[]).since(&earlier).count(), 0);
    }

    #[test]
    fn each_time_is_in_the_bucket_that_ends_next(times in vec(time(), 0..200)) {
        let latencies = of(&times);
        let mut begin = Duration::ZERO;
        for (end, count) in latencies.buckets() {
            prop_assert!(begin < end);
            let within = |time: &&Nanos| (begin..end).contains(&Duration::from_nanos(**time - 1));
            prop_assert_eq!(times.iter().filter(within).count() as u64, count);
            begin = end;
        }
    }
}
