//! An open breaker refuses, says for how long, and for longer each time.

use super::*;

#[test]
fn refuses_until_the_open_time_is_over_and_says_what_is_left() {
    let mut bench = Bench::new(new().consecutive_failures(1));
    bench.calls(1, Report::Failure);
    assert_eq!(bench.heard[0].open_for, Some(secs(5)));
    for left in [5, 4, 3, 2, 1] {
        let retry_after = secs(left);
        assert_eq!(bench.admit(), Err(Refused { retry_after }));
        assert_eq!(bench.snapshot().open_for_remaining, Some(retry_after));
        bench.advance(secs(1));
    }
    assert_eq!(bench.state(), BreakerState::Open, "until somebody calls");
    assert!(bench.admit().expect("a probe").probe.is_some());
    assert_eq!(bench.state(), BreakerState::HalfOpen);
    assert_eq!(bench.causes()[1], ChangeCause::OpenElapsed);
}

#[test]
fn each_reopening_is_longer_up_to_the_longest_and_closing_starts_over() {
    let mut bench = Bench::due_for_a_probe(new());
    for open_for in [10, 20, 40, 60, 60] {
        bench.calls(1, Report::Failure);
        assert_eq!(bench.heard.last().unwrap().open_for, Some(secs(open_for)));
        bench.advance(secs(open_for) - Duration::from_nanos(1));
        let retry_after = Duration::from_nanos(1);
        assert_eq!(bench.admit(), Err(Refused { retry_after }));
        bench.advance(retry_after);
    }
    bench.calls(1, Report::Success);
    assert_eq!(bench.state(), BreakerState::Closed);
    bench.calls(1, Report::Failure);
    assert_eq!(bench.heard.last().unwrap().open_for, Some(secs(5)));
}

#[test]
fn an_open_time_beyond_the_longest_stays_what_it_is() {
    let mut bench = Bench::due_for_a_probe(new().open_for(secs(90)));
    assert_eq!(bench.heard[0].open_for, Some(secs(90)));
    bench.calls(1, Report::Failure);
    assert_eq!(bench.heard.last().unwrap().open_for, Some(secs(90)));
}

#[test]
fn fractions_grow_exactly() {
    let settings = new().open_for(millis(100)).open_factor(1.5);
    let periods: Vec<_> = (0..4).map(|n| settings.open_period(n)).collect();
    let micros = [100_000, 150_000, 225_000, 337_500];
    assert_eq!(periods, micros.map(Duration::from_micros));
    let constant = settings.open_factor(1.0);
    assert_eq!(constant.open_period(u32::MAX), millis(100));
}

#[test]
fn refusing_takes_no_lock() {
    let mut bench = Bench::due_for_a_probe(new());
    bench.now -= secs(1);
    let core = &bench.core;
    let held = core.books();
    let (admission, _) = core.admit(&bench.settings, || bench.now);
    assert_eq!(
        admission,
        Err(Refused {
            retry_after: secs(1)
        })
    );
    drop(held);

    // Nor does refusing beside the probes.
    bench.now += secs(1);
    let probe = bench.admit();
    assert!(probe.is_ok());
    let held = bench.core.books();
    let (admission, _) = bench.core.admit(&bench.settings, || bench.now);
    assert_eq!(
        admission,
        Err(Refused {
            retry_after: Duration::ZERO
        })
    );
    drop(held);
}

#[test]
fn a_poisoned_lock_still_works() {
    let mut bench = Bench::due_for_a_probe(new());
    std::thread::scope(|scope| {
        let poisoner = scope.spawn(|| {
            let _held = bench.core.books();
            panic!("on purpose");
        });
        assert!(poisoner.join().is_err());
    });
    bench.calls(1, Report::Success);
    assert_eq!(bench.state(), BreakerState::Closed);
}
