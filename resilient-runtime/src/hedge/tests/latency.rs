use proptest::prelude::*;

use super::*;
use crate::hedge::latency::Latencies;
use crate::random::{STEP, mix};

/// More than any test records.
const ENDLESS: u64 = u64::MAX;

/// Uniform in `0.0..1.0`.
fn unit(n: u64) -> f64 {
    (mix(n.wrapping_mul(STEP)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn exact(samples: &mut [Duration], rank: f64) -> Duration {
    samples.sort_unstable();
    let place = (rank * samples.len() as f64).ceil() as usize;
    samples[place.max(1) - 1]
}

/// Upwards by no more than a sixteenth, and two microseconds.
fn is_near(estimate: Duration, exact: Duration) -> bool {
    estimate >= exact && estimate <= exact + exact / 16 + Duration::from_micros(2)
}

#[test]
fn nothing_is_known_before_there_are_enough_samples() {
    let latencies = Latencies::new();
    assert_eq!(latencies.percentile(0.95, 1), None);
    for _ in 0..9 {
        latencies.record(MS, ENDLESS);
    }
    assert_eq!(latencies.percentile(0.95, 10), None);
    latencies.record(MS, ENDLESS);
    assert!(is_near(latencies.percentile(0.95, 10).unwrap(), MS));
}

#[test]
fn percentiles_are_exact_to_a_sixteenth() {
    let exponential = |n| Duration::from_secs_f64(-unit(n).max(1e-12).ln() * 0.02);
    let uniform = |n| Duration::from_secs_f64(0.001 + unit(n));
    let stragglers = |n| if unit(n) < 0.02 { 200 * MS } else { 3 * MS };
    let wide = |n| Duration::from_secs_f64(10_f64.powf(9.0 * unit(n) - 6.0));
    let distributions: [&dyn Fn(u64) -> Duration; 4] = [&exponential, &uniform, &stragglers, &wide];
    for (which, latency) in distributions.iter().enumerate() {
        for count in [1, 2, 99, 100, 1_000, 20_000] {
            let latencies = Latencies::new();
            let mut samples: Vec<_> = (0..count).map(latency).collect();
            for &sample in &samples {
                latencies.record(sample, ENDLESS);
            }
            for rank in [0.01, 0.5, 0.9, 0.95, 0.99, 0.999] {
                let estimate = latencies.percentile(rank, 1).unwrap();
                let exact = exact(&mut samples, rank);
                assert!(
                    is_near(estimate, exact),
                    "distribution {which}, {count} samples, rank {rank}: {estimate:?}, not {exact:?}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn a_single_time_is_exact_to_a_sixteenth(nanos in 0..(1_u64 << 42)) {
        let latencies = Latencies::new();
        let sample = Duration::from_nanos(nanos);
        latencies.record(sample, ENDLESS);
        let estimate = latencies.percentile(0.5, 1).unwrap();
        prop_assert!(is_near(estimate, sample), "{estimate:?}, not {sample:?}");
    }
}

#[test]
fn what_takes_longer_than_an_hour_counts_as_an_hour() {
    for sample in [Duration::from_secs(5_000), Duration::MAX] {
        let latencies = Latencies::new();
        latencies.record(sample, ENDLESS);
        let estimate = latencies.percentile(0.5, 1).unwrap();
        assert_eq!(estimate, Duration::from_nanos(1 << 42));
    }
}

#[test]
fn the_older_half_is_kept_until_the_younger_is_full() {
    let latencies = Latencies::new();
    let at = |rank| latencies.percentile(rank, 1).unwrap();
    for _ in 0..100 {
        latencies.record(MS, 100);
    }
    for _ in 0..99 {
        latencies.record(10 * MS, 100);
    }
    assert!(is_near(at(0.5), MS));
    assert!(is_near(at(0.51), 10 * MS));
    latencies.record(10 * MS, 100);
    assert!(is_near(at(0.001), 10 * MS));
    // And the other way round: the first half is filled anew.
    for _ in 0..100 {
        latencies.record(MS, 100);
    }
    assert!(is_near(at(0.999), MS));
}

#[test]
fn it_follows_the_service_up_and_down() {
    let latencies = Latencies::new();
    let p95 = || latencies.percentile(0.95, 1).unwrap();
    for _ in 0..1_000 {
        latencies.record(10 * MS, 250);
    }
    assert!(is_near(p95(), 10 * MS));
    // 25 of 500 are beyond at the latest, and it is worked out anew every 16.
    for _ in 0..48 {
        latencies.record(30 * MS, 250);
    }
    assert!(is_near(p95(), 30 * MS));
    for _ in 0..500 {
        latencies.record(5 * MS, 250);
    }
    assert!(is_near(p95(), 5 * MS));
}

#[test]
fn a_percentile_is_worked_out_after_each_sample_at_first_and_after_every_sixteen_later() {
    let latencies = Latencies::new();
    let highest = || latencies.percentile(0.9999, 1).unwrap();
    for n in 1..=256_u32 {
        latencies.record(n * MS, ENDLESS);
        assert!(is_near(highest(), n * MS), "sample {n}");
    }
    for _ in 0..15 {
        latencies.record(1_000 * MS, ENDLESS);
        assert!(is_near(highest(), 256 * MS));
    }
    latencies.record(1_000 * MS, ENDLESS);
    assert!(is_near(highest(), 1_000 * MS));
}

#[test]
fn one_percentile_is_not_taken_for_another() {
    let latencies = Latencies::new();
    for n in 1..=1_000 {
        latencies.record(n * MS, ENDLESS);
    }
    for _ in 0..3 {
        assert!(is_near(latencies.percentile(0.5, 1).unwrap(), 500 * MS));
        assert!(is_near(latencies.percentile(0.9, 1).unwrap(), 900 * MS));
    }
}

#[test]
fn threads_lose_no_sample() {
    const EACH: u32 = 20_000;
    let latencies = Latencies::new();
    std::thread::scope(|scope| {
        for thread in 1..=4 {
            let latencies = &latencies;
            scope.spawn(move || {
                for _ in 0..EACH {
                    latencies.record(thread * 10 * MS, ENDLESS);
                    let median = latencies.percentile(0.5, 1).unwrap();
                    assert!((10 * MS..43 * MS).contains(&median), "{median:?}");
                }
            });
        }
    });
    // A step of the cache is not over: another rank is worked out anew.
    for (rank, ms) in [
        (0.2499, 10),
        (0.2501, 20),
        (0.4999, 20),
        (0.5001, 30),
        (0.7501, 40),
    ] {
        assert!(is_near(
            latencies.percentile(rank, 4 * EACH).unwrap(),
            ms * MS
        ));
    }
    assert_eq!(latencies.percentile(0.5, 4 * EACH + 1), None);
}

#[test]
fn threads_turn_the_halves_over_and_stay_within_what_was_recorded() {
    let latencies = Latencies::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..50_000_u32 {
                    latencies.record((n % 10 + 1) * MS, 250);
                    let p95 = latencies.percentile(0.95, 1);
                    assert!(
                        p95.is_none_or(|p95| (MS..=11 * MS).contains(&p95)),
                        "{p95:?}"
                    );
                }
            });
        }
    });
    for _ in 0..500 {
        latencies.record(20 * MS, 250);
    }
    assert!(is_near(latencies.percentile(0.01, 1).unwrap(), 20 * MS));
}
