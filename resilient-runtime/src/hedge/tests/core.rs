use proptest::prelude::*;

use super::*;
use crate::hedge::core::Core;
use crate::random::{STEP, mix};

fn by(percentile: f64) -> Hedge {
    Hedge::new().after(HedgeAfter::Percentile(percentile))
}

fn hedges(core: &Core) -> u32 {
    let taken = (0..1_000).take_while(|_| core.try_hedge());
    taken.count() as u32
}

fn is_near(estimate: Option<Duration>, exact: Duration) -> bool {
    estimate.is_some_and(|estimate| estimate >= exact && estimate <= exact.mul_f64(1.07))
}

#[test]
fn five_hedges_are_there_at_first_and_then_as_many_as_calls_bring() {
    let core = Core::new();
    let settings = Hedge::new();
    core.begin(&settings, 0);
    assert_eq!(hedges(&core), 5);
    for calls in 1..=9 {
        core.begin(&settings, 0);
        assert_eq!(hedges(&core), 0, "{calls} calls");
    }
    core.begin(&settings, 0);
    assert_eq!(hedges(&core), 1);
    for _ in 0..1_000 {
        core.begin(&settings, 0);
    }
    assert_eq!(hedges(&core), 5);
    for _ in 0..10 {
        core.begin(&settings.budget(0.5), 0);
    }
    assert_eq!(hedges(&core), 5);
}

#[test]
fn a_busy_process_saves_up_what_half_a_second_of_its_calls_bring_and_a_quiet_one_five_hedges() {
    const SECOND: u64 = 1_000_000_000;
    let core = Core::new();
    let settings = Hedge::new();
    let calls = |from: u64, a_second: u64| {
        for call in 1..=a_second {
            core.begin(&settings, (from + 1) * SECOND + call * SECOND / a_second);
        }
    };
    for second in 0..3 {
        calls(second, 1_000);
    }
    assert_eq!(hedges(&core), 50);
    for second in 3..6 {
        calls(second, 1_000);
    }
    for second in 6..9 {
        calls(second, 100);
    }
    // It holds no more, however much was saved up.
    assert_eq!(hedges(&core), 5);
}

proptest! {
    #[test]
    fn no_more_calls_are_hedged_than_have_earned_it_however_they_come_and_go(
        spans in prop::collection::vec((1..3_000_u64, 1..1_500_u64, any::<bool>()), 1..9)
    ) {
        let core = Core::new();
        let (mut now, mut calls, mut hedged) = (0, 0, 0);
        for (a_second, millis, wanted) in spans {
            for _ in 0..(a_second * millis).div_ceil(1_000) {
                now += 1_000_000_000 / a_second;
                core.begin(&Hedge::new(), now);
                calls += 1;
                hedged += u32::from(wanted && core.try_hedge());
                prop_assert!(hedged <= 5 + calls / 10, "{hedged} of {calls}");
            }
        }
    }
}

/// What was there when the calls became fewer is not there a second time when they become more.
#[test]
fn as_many_are_hedged_as_have_earned_it_when_all_want_to_be() {
    for (busy, quiet) in [(1_000, 10), (5_000, 5)] {
        let core = Core::new();
        let (mut now, mut calls, mut hedged) = (0, 0, 0);
        for a_second in [busy, quiet].repeat(100) {
            for _ in 0..a_second {
                now += 1_000_000_000 / a_second;
                core.begin(&Hedge::new(), now);
                calls += 1;
                hedged += u64::from(core.try_hedge());
            }
        }
        // What the first one brings does not fit in.
        assert_eq!(hedged, 5 + (calls - 1) / 10, "{busy} and {quiet}");
    }
}

#[test]
fn a_fixed_time_waits_for_no_samples_and_takes_none() {
    let core = Core::new();
    assert_eq!(core.delay(&after(7)), Some(7 * MS));
    for _ in 0..100 {
        core.record(&after(7), MS);
        core.record_at_least(&after(7), MS);
    }
    assert_eq!(core.delay(&MEASURED), None);
}

#[test]
fn a_percentile_waits_for_its_samples() {
    let core = Core::new();
    for _ in 0..99 {
        core.record(&Hedge::new(), MS);
    }
    assert_eq!(core.delay(&Hedge::new()), None);
    core.record(&Hedge::new(), MS);
    assert!(is_near(core.delay(&Hedge::new()), MS));
}

#[test]
fn one_that_was_given_up_counts_if_it_is_beyond_the_percentile() {
    let core = Core::new();
    core.record_at_least(&MEASURED, 500 * MS);
    assert_eq!(core.delay(&MEASURED), None, "there is no percentile yet");
    for _ in 0..50 {
        core.record(&MEASURED, 100 * MS);
    }
    let delay = core.delay(&MEASURED).unwrap();
    let below = delay - Duration::from_nanos(1);
    for _ in 0..1_000 {
        core.record_at_least(&MEASURED, below);
    }
    core.record(&MEASURED, MS);
    assert_eq!(core.delay(&MEASURED), Some(delay));
    for _ in 0..5 {
        core.record_at_least(&MEASURED, delay);
    }
    assert!(core.delay(&MEASURED).unwrap() > delay);
}

/// Half of 250 for the 95th percentile: what is older than 500 samples is forgotten. A rarer one is kept.
#[test]
fn a_rare_percentile_remembers_for_longer() {
    let last_seen = |settings: &Hedge| {
        let core = Core::new();
        let first = 1_000 * MS;
        for _ in 0..250 {
            core.record(settings, first);
        }
        let forgets = |_: &u32| {
            core.record(settings, MS);
            // Another percentile in between, so that none is remembered.
            let _ = core.delay(&by(1.0).min_samples(1));
            core.delay(&by(99.99).min_samples(1)).unwrap() < first
        };
        (1..100_000).find(forgets)
    };
    assert_eq!(last_seen(&by(95.0)), Some(250));
    assert_eq!(last_seen(&by(50.0)), Some(250));
    assert_eq!(last_seen(&by(99.0)), Some(1_750));
    assert_eq!(last_seen(&by(99.9)), Some(19_750));
    assert_eq!(last_seen(&by(95.0).min_samples(400)), Some(550));
}

/// Winners alone would take the percentile down, and the share of calls that are hedged up.
#[test]
fn hedges_that_win_do_not_take_the_percentile_down() {
    let mut drawn = 0_u64;
    let mut exponential = || {
        drawn += 1;
        let unit = (mix(drawn.wrapping_mul(STEP)) >> 11) as f64 / (1_u64 << 53) as f64;
        Duration::from_secs_f64(-unit.max(1e-12).ln() * 0.02)
    };
    let core = Core::new();
    let settings = Hedge::new();
    let (mut calls, mut slow) = (0, 0);
    for n in 0..50_000 {
        core.begin(&settings, 0);
        let first = exponential();
        let delay = core.delay(&settings);
        match delay.filter(|&delay| first > delay) {
            None => core.record(&settings, first),
            Some(delay) => {
                slow += u32::from(n >= 1_000);
                let hedged = delay + exponential();
                if core.try_hedge() && hedged < first {
                    core.record_at_least(&settings, hedged);
                } else {
                    core.record(&settings, first);
                }
            }
        }
        calls += u32::from(n >= 1_000);
    }
    let share = f64::from(slow) / f64::from(calls);
    assert!((0.038..=0.052).contains(&share), "{share}");
}

#[test]
fn threads_get_no_more_hedges_than_their_calls_bring() {
    let core = Core::new();
    let settings = Hedge::new();
    let hedged: u32 = std::thread::scope(|scope| {
        let work = || {
            let hedged = |_: &u32| {
                core.begin(&settings, 0);
                core.record(&settings, MS);
                core.try_hedge()
            };
            (0..20_000).filter(hedged).count() as u32
        };
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum()
    });
    // What comes into a full bucket is lost, and a part of a hedge may be left.
    let all = hedged + hedges(&core);
    assert!((8_003..=8_005).contains(&all), "{all}");
}
