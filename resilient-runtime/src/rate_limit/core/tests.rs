//! What the core promises, on a clock that the tests move.

mod changes;
mod extremes;
mod model;
mod threads;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Wake, Waker};
use std::time::Duration;

use super::*;

const SECOND: Nanos = 1_000_000_000;
const MILLI: Nanos = 1_000_000;
/// Somewhere in the middle of an origin's span.
const START: Nanos = (7 << 32) + 12_345;

/// Notes that it was woken.
#[derive(Debug, Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl Bell {
    fn take(&self) -> bool {
        self.0.swap(false, SeqCst)
    }
}

fn waker(bell: &Arc<Bell>) -> Waker {
    Waker::from(Arc::clone(bell))
}

/// A limiter and its clock.
struct Bench {
    core: Core,
    scale: Scale,
    now: Nanos,
}

impl Bench {
    fn new(permits: u32, per: Nanos, burst: u32) -> Self {
        let scale = Scale::of(permits, per, burst);
        Self {
            core: Core::new(&scale),
            scale,
            now: START,
        }
    }

    fn take(&self, cost: u32) -> Answer {
        self.core
            .ask(&self.scale, cost, self.now, self.now, || None)
    }

    /// How many single permits there are.
    fn take_all(&self) -> u32 {
        let mut taken = 0;
        while self.take(1) == Answer::Admitted {
            taken += 1;
        }
        taken
    }

    fn wait(&self, cost: u32, max_wait: Nanos, bell: &Arc<Bell>) -> Answer {
        let latest = self.now + max_wait;
        self.core
            .ask(&self.scale, cost, self.now, latest, || Some(waker(bell)))
    }

    fn wait_long(&self, cost: u32, bell: &Arc<Bell>) -> Place {
        match self.wait(cost, 1_000 * SECOND, bell) {
            Answer::Waits(place) => place,
            other => panic!("{other:?}"),
        }
    }

    fn ask_again(&self, place: &mut Place, bell: &Arc<Bell>) -> Option<Answer> {
        self.core
            .ask_again(&self.scale, place, self.now, waker(bell))
    }

    fn leave(&self, place: &Place) {
        self.core.leave(&self.scale, place, self.now);
    }

    fn snapshot(&self) -> RateLimiterSnapshot {
        self.core.snapshot(&self.scale, self.now)
    }
}

fn refused_for(nanos: Nanos) -> Answer {
    Answer::Refused {
        retry_after: Duration::from_nanos(nanos),
    }
}

#[test]
fn a_core_is_small_for_there_is_one_for_each_key() {
    assert_eq!(size_of::<Core>(), 40);
}

#[test]
fn a_burst_then_the_rate() {
    let mut bench = Bench::new(10, SECOND, 3);
    assert_eq!(bench.take_all(), 3);
    assert_eq!(bench.take(1), refused_for(100 * MILLI));
    bench.now += 100 * MILLI - 1;
    assert_eq!(bench.take(1), refused_for(1));
    bench.now += 1;
    assert_eq!(bench.take_all(), 1);
    bench.now += 250 * MILLI;
    assert_eq!(bench.take_all(), 2);
    assert_eq!(bench.take(1), refused_for(50 * MILLI));
}

#[test]
fn a_pause_fills_the_bucket_and_not_over() {
    let mut bench = Bench::new(10, SECOND, 3);
    for _ in 0..3 {
        assert_eq!(bench.take_all(), 3);
        bench.now += 100 * SECOND;
    }
}

#[test]
fn what_is_refused_takes_nothing() {
    let mut bench = Bench::new(10, SECOND, 3);
    assert_eq!(bench.take(2), Answer::Admitted);
    for _ in 0..100 {
        assert_eq!(bench.take(2), refused_for(100 * MILLI));
        assert_eq!(bench.take(3), refused_for(200 * MILLI));
    }
    bench.now += 100 * MILLI;
    assert_eq!(bench.take(2), Answer::Admitted);
}

#[test]
fn what_costs_more_than_a_burst_is_never_to_be_had() {
    let bench = Bench::new(10, SECOND, 3);
    let never = Answer::Refused {
        retry_after: Duration::MAX,
    };
    assert_eq!(bench.take(4), never);
    assert_eq!(bench.wait(4, 100 * SECOND, &Arc::default()), never);
    assert_eq!(bench.take_all(), 3);
}

#[test]
fn periods_of_no_whole_number_of_nanoseconds_do_not_drift() {
    for (permits, per) in [
        (3, SECOND),
        (7, 60 * SECOND),
        (17, SECOND),
        (12_345, SECOND),
    ] {
        let mut bench = Bench::new(permits, per, permits);
        for _ in 0..5 {
            assert_eq!(bench.take_all(), permits);
            bench.now += per - 1;
            assert_eq!(bench.take(permits), refused_for(1), "{permits} in {per} ns");
            bench.now += 1;
        }
    }
}

#[test]
fn a_rate_of_more_than_one_in_a_nanosecond() {
    let mut bench = Bench::new(2_000_000_000, SECOND, 10);
    assert_eq!(bench.take_all(), 10);
    bench.now += 3;
    assert_eq!(bench.take_all(), 6);
    let mut bench = Bench::new(u32::MAX, SECOND, u32::MAX);
    assert_eq!(bench.take(u32::MAX), Answer::Admitted);
    bench.now += SECOND / 1_000;
    // 4 294 967 but for what is rounded.
    assert_eq!(bench.take(4_294_966), Answer::Admitted);
    assert_ne!(bench.take(2), Answer::Admitted);
}

#[test]
fn the_snapshot_tells_what_is_there() {
    let mut bench = Bench::new(10, SECOND, 5);
    let snapshot = |available, waiting, full_in| RateLimiterSnapshot {
        available,
        waiting,
        full_in: Duration::from_nanos(full_in),
    };
    assert_eq!(bench.snapshot(), snapshot(5, 0, 0));
    assert_eq!(bench.take(2), Answer::Admitted);
    assert_eq!(bench.snapshot(), snapshot(3, 0, 200 * MILLI));
    bench.now += 50 * MILLI;
    assert_eq!(bench.snapshot(), snapshot(3, 0, 150 * MILLI));
    let place = bench.wait_long(4, &Arc::default());
    assert_eq!(bench.snapshot(), snapshot(0, 1, 150 * MILLI));
    bench.leave(&place);
    assert_eq!(bench.snapshot(), snapshot(3, 0, 150 * MILLI));
}

#[test]
fn it_is_idle_when_all_permits_are_there_and_nobody_waits() {
    let mut bench = Bench::new(10, SECOND, 2);
    assert!(bench.core.is_idle(bench.now));
    assert_eq!(bench.take(1), Answer::Admitted);
    assert!(!bench.core.is_idle(bench.now + 100 * MILLI - 1));
    assert!(bench.core.is_idle(bench.now + 100 * MILLI));
    let place = bench.wait_long(2, &Arc::default());
    bench.now += 10 * SECOND;
    assert!(!bench.core.is_idle(bench.now));
    bench.leave(&place);
    assert!(bench.core.is_idle(bench.now));
}
