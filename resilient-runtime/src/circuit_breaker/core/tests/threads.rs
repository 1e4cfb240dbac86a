//! The same rules with many threads.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use std::thread;

use super::*;
use crate::circuit_breaker::change::BreakerMode;

const THREADS: usize = 8;

#[test]
fn exactly_so_many_probes_at_once() {
    for places in [1, 2, 5] {
        for _ in 0..200 {
            let bench = Bench::due_for_a_probe(new().half_open_calls(places));
            let (admitted, turns) = (AtomicU32::new(0), AtomicU32::new(0));
            let start = Barrier::new(THREADS);
            thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        start.wait();
                        for _ in 0..20 {
                            let (admission, transition) =
                                bench.core.admit(&bench.settings, || bench.now);
                            admitted.fetch_add(u32::from(admission.is_ok()), Relaxed);
                            turns.fetch_add(u32::from(transition.is_some()), Relaxed);
                        }
                    });
                }
            });
            assert_eq!(admitted.into_inner(), places);
            assert_eq!(turns.into_inner(), 1, "half-open once");
        }
    }
}

#[test]
fn never_more_probes_at_once_than_places_while_they_come_and_go() {
    let bench = Bench::due_for_a_probe(new().half_open_calls(3));
    let under_way = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..5_000 {
                    let (admission, _) = bench.core.admit(&bench.settings, || bench.now);
                    let Ok(probe) = admission else { continue };
                    assert!(under_way.fetch_add(1, SeqCst) < 3);
                    under_way.fetch_sub(1, SeqCst);
                    let core = &bench.core;
                    let none =
                        core.record(&bench.settings, probe, Report::Neutral, false, || bench.now);
                    assert_eq!(none, None);
                }
            });
        }
    });
    assert_eq!(bench.state(), BreakerState::HalfOpen);
    assert!(bench.core.admit(&bench.settings, || bench.now).0.is_ok());
}

#[test]
fn opens_once_and_not_a_failure_late() {
    for window in [Window::Time(secs(10)), Window::Calls(THREADS as u32 * 10)] {
        for _ in 0..200 {
            let least = THREADS as u32 * 10;
            let bench = Bench::new(new().window(window).min_calls(least).failure_rate(1.0));
            let opened = AtomicU32::new(0);
            thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        for _ in 0..10 {
                            let (admission, _) = bench.core.admit(&bench.settings, || bench.now);
                            let Ok(admitted) = admission else { continue };
                            let transition = bench.core.record(
                                &bench.settings,
                                admitted,
                                Report::Failure,
                                false,
                                || bench.now,
                            );
                            opened.fetch_add(u32::from(transition.is_some()), Relaxed);
                        }
                    });
                }
            });
            assert_eq!(opened.into_inner(), 1, "{window:?}");
            assert_eq!(bench.state(), BreakerState::Open);
        }
    }
}

/// A window that came too late to be emptied for the period that stands would count nothing in it.
#[test]
fn what_is_first_used_as_a_period_begins_counts_in_the_one_that_stands() {
    let by_rate = new().min_calls(2).failure_rate(1.0);
    let slow = new().min_calls(2).slow_call(secs(1));
    for settings in [by_rate, slow] {
        for _ in 0..2_000 {
            let mut bench = Bench::new(settings);
            let start = Barrier::new(3);
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        let admitted = bench.core.admit(&settings, || bench.now).0.expect("closed");
                        start.wait();
                        let core = &bench.core;
                        core.record(&settings, admitted, Report::Success, false, || bench.now);
                    });
                }
                start.wait();
                assert_eq!(bench.core.reset(), None);
            });
            assert_eq!(bench.snapshot().calls, 0);
            bench.slow_calls(2, Report::Failure);
            assert_eq!(bench.state(), BreakerState::Open);
        }
    }
}

#[test]
fn nobody_takes_the_end_of_an_earlier_open_time_for_this_one_s() {
    let settings = new().consecutive_failures(1);
    let (core, base, clock) = (Core::new(), Instant::now(), AtomicU64::new(0));
    let at = || base + secs(clock.load(SeqCst));
    let over = AtomicU32::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..10_000 {
                let _ = core.reset();
                clock.fetch_add(10, SeqCst);
                let admitted = core.admit(&settings, at).0.expect("closed");
                let _ = core.record(&settings, admitted, Report::Failure, false, at);
            }
            over.store(1, SeqCst);
        });
        scope.spawn(|| {
            while over.load(SeqCst) == 0 {
                let (_, transition) = core.admit(&settings, at);
                assert_eq!(transition, None, "the open time is not over");
            }
        });
    });
}

/// Calls, hand grips and a running clock, all at once: transitions follow each other, and it closes in the end.
#[test]
fn is_never_wedged() {
    for window in [Window::Time(millis(1)), Window::Calls(7)] {
        let settings = new().window(window).min_calls(2).half_open_calls(2);
        let settings = settings.open_for(Duration::from_micros(50));
        let settings = settings.open_max(millis(1)).half_open_max(millis(1));
        let bench = Bench::new(settings);
        let clock = AtomicU64::new(0);
        let at = || bench.now + Duration::from_nanos(clock.fetch_add(1_000, Relaxed));
        thread::scope(|scope| {
            let (bench, at) = (&bench, &at);
            for thread in 0..THREADS as u64 {
                scope.spawn(move || {
                    let mut random = thread + 1;
                    for _ in 0..10_000 {
                        random ^= random << 13;
                        random ^= random >> 7;
                        random ^= random << 17;
                        let _ = match random % 1_000 {
                            0 => bench.core.reset(),
                            1 => bench.core.observe_only(),
                            2 => bench.core.force_open(),
                            3..6 => bench.core.force_close(),
                            _ => None,
                        };
                        let Ok(admitted) = bench.core.admit(&bench.settings, at).0 else {
                            continue;
                        };
                        let report = match random >> 32 & 7 {
                            0..3 => Report::Failure,
                            3..6 => Report::Success,
                            6 => Report::Neutral,
                            // A call that never ends.
                            _ => continue,
                        };
                        let _ = bench
                            .core
                            .record(&bench.settings, admitted, report, false, at);
                    }
                });
            }
        });
        if bench.core.mode() != BreakerMode::Automatic {
            let _ = bench.core.reset();
        }
        let mut later = bench.now + secs(60);
        for _ in 0..10 {
            later += millis(1);
            let (admission, _) = bench.core.admit(&bench.settings, || later);
            let admitted = admission.expect("nobody holds a place for ever");
            let _ = bench
                .core
                .record(&bench.settings, admitted, Report::Success, false, || later);
        }
        assert_eq!(bench.state(), BreakerState::Closed);
    }
}
