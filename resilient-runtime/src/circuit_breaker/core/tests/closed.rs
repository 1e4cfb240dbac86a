//! What opens a closed breaker, and what does not.

use super::*;

fn rate(bench: &Bench) -> Option<(f64, u32)> {
    match bench.causes().last() {
        Some(&ChangeCause::FailureRate { rate, calls }) => Some((rate, calls)),
        _ => None,
    }
}

#[test]
fn opens_at_the_rate_and_not_below() {
    let settings = new().failure_rate(0.6).min_calls(5);
    let mut bench = Bench::new(settings.window(Window::Calls(5)));
    bench.calls(3, Report::Success);
    bench.calls(2, Report::Failure);
    assert_eq!(bench.state(), BreakerState::Closed, "2 of 5");
    bench.calls(1, Report::Failure);
    assert_eq!(rate(&bench), Some((0.6, 5)));

    let mut bench = Bench::new(settings);
    bench.calls(2, Report::Success);
    bench.calls(2, Report::Failure);
    assert_eq!(bench.state(), BreakerState::Closed);
    bench.calls(1, Report::Failure);
    assert_eq!(rate(&bench), Some((0.6, 5)));
}

#[test]
fn decides_nothing_on_fewer_than_min_calls() {
    for window in [Window::Time(secs(10)), Window::Calls(100)] {
        let mut bench = Bench::new(new().window(window));
        bench.calls(19, Report::Failure);
        assert_eq!(bench.state(), BreakerState::Closed);
        bench.calls(1, Report::Failure);
        assert_eq!(rate(&bench), Some((1.0, 20)));
    }
}

#[test]
fn min_calls_never_asks_for_more_than_a_count_window_holds() {
    let mut bench = Bench::new(new().window(Window::Calls(3)));
    bench.calls(3, Report::Failure);
    assert_eq!(rate(&bench), Some((1.0, 3)));
}

#[test]
fn a_count_window_slides() {
    for successes in [0, 10, 100, 10_000] {
        let mut bench = Bench::new(new().window(Window::Calls(10)).min_calls(1));
        bench.calls(10, Report::Success);
        bench.calls(successes, Report::Success);
        bench.calls(4, Report::Failure);
        assert_eq!(bench.state(), BreakerState::Closed);
        bench.calls(1, Report::Failure);
        assert_eq!(rate(&bench), Some((0.5, 10)), "after {successes}");
    }
}

#[test]
fn a_count_window_forgets_failures_as_they_leave_it() {
    let mut bench = Bench::new(new().window(Window::Calls(10)));
    bench.calls(6, Report::Success);
    for _ in 0..1_000 {
        bench.calls(4, Report::Failure);
        bench.calls(6, Report::Success);
    }
    assert_eq!(bench.state(), BreakerState::Closed);
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.calls, snapshot.failures), (10, 4));
}

#[test]
fn a_time_window_slides() {
    let mut bench = Bench::new(new());
    bench.calls(19, Report::Failure);
    bench.advance(secs(9));
    assert_eq!(bench.snapshot().failures, 19, "nine tenths of the window");
    bench.advance(secs(1));
    assert_eq!(bench.snapshot().calls, 0, "as old as the window");
    bench.calls(19, Report::Failure);
    assert_eq!(bench.state(), BreakerState::Closed);
    bench.calls(1, Report::Failure);
    assert_eq!(rate(&bench), Some((1.0, 20)));
}

#[test]
fn slices_of_time_leave_one_after_the_other() {
    let mut bench = Bench::new(new().failure_rate(1.0));
    for _ in 0..10 {
        bench.calls(1, Report::Success);
        bench.calls(1, Report::Failure);
        bench.advance(secs(1));
    }
    for left in (0..10).rev() {
        assert_eq!(bench.snapshot().failures, left);
        bench.advance(secs(1));
    }
}

#[test]
fn windows_below_a_second_and_below_a_microsecond_slide() {
    for window in [
        Duration::from_millis(900),
        Duration::from_millis(4),
        Duration::from_millis(1),
        Duration::from_micros(1),
        Duration::from_nanos(100),
    ] {
        let mut bench = Bench::new(new().window(Window::Time(window)));
        bench.calls(200, Report::Success);
        bench.advance(window * 9 / 10);
        assert_eq!(bench.snapshot().calls, 200, "{window:?}");
        bench.advance(window / 10);
        assert_eq!(bench.snapshot().calls, 0, "{window:?}");
        bench.calls(19, Report::Failure);
        assert_eq!(bench.state(), BreakerState::Closed, "{window:?}");
        bench.calls(1, Report::Failure);
        assert_eq!(bench.state(), BreakerState::Open, "{window:?}");
    }
}

#[test]
fn a_success_never_opens() {
    for window in [Window::Time(secs(10)), Window::Calls(20)] {
        let mut bench = Bench::new(new().window(window).failure_rate(0.0));
        bench.calls(19, Report::Failure);
        bench.calls(20, Report::Success);
        assert_eq!(bench.state(), BreakerState::Closed, "{window:?}");
    }
    // Nor does one that raises the rate by pushing other successes out.
    let mut bench = Bench::new(
        new()
            .window(Window::Calls(4))
            .failure_rate(0.5)
            .min_calls(4),
    );
    bench.calls(3, Report::Success);
    bench.calls(1, Report::Failure);
    bench.calls(100, Report::Success);
    assert_eq!(bench.heard, []);
}

#[test]
fn neutral_results_and_overload_take_no_place_in_the_window() {
    for window in [Window::Time(secs(10)), Window::Calls(20)] {
        let mut bench = Bench::new(new().window(window));
        bench.calls(19, Report::Failure);
        bench.calls(1_000, Report::Neutral);
        bench.calls(1_000, Report::Overload);
        let snapshot = bench.snapshot();
        assert_eq!((snapshot.calls, snapshot.failures), (19, 19));
        bench.calls(1, Report::Failure);
        assert_eq!(bench.state(), BreakerState::Open);
    }
}

#[test]
fn opens_at_failures_in_a_row() {
    let mut bench = Bench::new(new().consecutive_failures(3));
    for _ in 0..100 {
        bench.calls(2, Report::Failure);
        bench.calls(1, Report::Success);
    }
    assert_eq!(
        bench.state(),
        BreakerState::Closed,
        "alone it replaces the rate"
    );
    bench.calls(2, Report::Failure);
    bench.calls(1, Report::Neutral);
    bench.calls(1, Report::Overload);
    assert_eq!(
        bench.snapshot().consecutive,
        2,
        "what counts as nothing ends no run"
    );
    bench.calls(1, Report::Failure);
    assert!(matches!(
        bench.causes()[..],
        [ChangeCause::ConsecutiveFailures { count: 3 }]
    ));
}

#[test]
fn a_rate_beside_failures_in_a_row_opens_as_well() {
    let both = new().consecutive_failures(1_000).failure_rate(0.5);
    let mut bench = Bench::new(both);
    bench.calls(20, Report::Failure);
    assert_eq!(rate(&bench), Some((1.0, 20)));
}

#[test]
fn slow_calls_open_at_their_rate_whatever_their_result() {
    for window in [Window::Time(secs(10)), Window::Calls(10)] {
        let settings = new().window(window).min_calls(10);
        let settings = settings.slow_call(secs(1)).slow_call_rate(0.5);
        let mut bench = Bench::new(settings);
        bench.calls(5, Report::Success);
        bench.slow_calls(4, Report::Success);
        assert_eq!(bench.snapshot().slow, 4);
        // A call that was given up after long.
        bench.slow_calls(1, Report::Neutral);
        let [ChangeCause::SlowCallRate { rate, calls }] = bench.causes()[..] else {
            panic!("{:?}", bench.causes());
        };
        assert_eq!((rate, calls), (0.5, 10));
    }
}

#[test]
fn slowness_means_nothing_without_slow_call() {
    let mut bench = Bench::new(new().slow_call_rate(0.1));
    bench.slow_calls(100, Report::Success);
    bench.slow_calls(100, Report::Neutral);
    assert_eq!(bench.state(), BreakerState::Closed);
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.calls, snapshot.slow), (100, 0));
}

#[test]
fn a_clean_full_window_of_calls_is_only_read() {
    let settings = new().window(Window::Calls(10)).consecutive_failures(5);
    let mut bench = Bench::new(settings.failure_rate(0.5).slow_call(secs(1)));
    bench.calls(3, Report::Failure);
    bench.calls(11, Report::Success);
    let before = format!("{:?}", bench.core);
    bench.calls(1_000, Report::Success);
    assert_eq!(format!("{:?}", bench.core), before);
}

#[test]
fn successes_are_only_read_where_nothing_but_failures_in_a_row_counts() {
    let mut bench = Bench::new(new().consecutive_failures(5));
    bench.calls(1, Report::Success);
    let before = format!("{:?}", bench.core);
    bench.calls(1_000, Report::Success);
    assert_eq!(format!("{:?}", bench.core), before);
}

#[test]
fn the_clock_is_read_only_where_time_matters() {
    fn clock() -> Instant {
        panic!("read")
    }
    let core = Core::new();
    let settings = new().window(Window::Calls(10));
    for report in [
        Report::Success,
        Report::Failure,
        Report::Neutral,
        Report::Overload,
    ] {
        let admitted = core.admit(&settings, clock).0.expect("admitted");
        assert_eq!(core.record(&settings, admitted, report, true, clock), None);
    }
    let timed = new();
    for report in [Report::Neutral, Report::Overload] {
        let admitted = core.admit(&timed, clock).0.expect("admitted");
        assert_eq!(core.record(&timed, admitted, report, false, clock), None);
    }
}

#[test]
fn another_window_starts_empty() {
    let windows = [
        Window::Calls(100),
        Window::Calls(101),
        Window::Time(secs(10)),
        Window::Time(secs(20)),
        Window::Calls(100),
    ];
    let mut bench = Bench::new(new());
    bench.calls(1, Report::Failure);
    for window in windows {
        bench.settings = bench.settings.window(window);
        assert_eq!(bench.snapshot().calls, 0, "not what another window counted");
        let admitted = bench.admit().expect("admitted");
        bench.calls(1, Report::Failure);
        assert_eq!(bench.snapshot().calls, 1, "the first result counts already");
        bench.report(admitted, Report::Failure);
        assert_eq!(bench.snapshot().calls, 1, "admitted before the change");
        bench.calls(18, Report::Failure);
        assert_eq!(bench.heard, []);
    }
    bench.calls(1, Report::Failure);
    assert_eq!(rate(&bench), Some((1.0, 20)));
}

#[test]
fn a_clean_window_is_not_taken_for_another() {
    let mut bench = Bench::new(new().window(Window::Calls(12)));
    bench.calls(20, Report::Success);
    bench.settings = new().window(Window::Calls(10));
    bench.calls(1, Report::Success);
    assert_eq!(bench.snapshot().calls, 1);
}

#[test]
fn what_no_rule_asks_for_is_not_made() {
    let both = new().slow_call(secs(1));
    for settings in [new().consecutive_failures(2), both.window(Window::Calls(3))] {
        let mut bench = Bench::new(settings);
        bench.calls(3, Report::Success);
        bench.calls(1, Report::Failure);
        assert_eq!(bench.core.reset(), None);
        let counts = &bench.core.counts;
        assert!(counts.in_use(&new()).is_none() && counts.in_use(&both).is_none());
    }
    let mut bench = Bench::new(new());
    assert_eq!(bench.snapshot().calls, 0);
    assert!(bench.core.counts.in_use(&new()).is_none(), "asked alone");
    bench.calls(1, Report::Success);
    assert!(bench.core.counts.in_use(&new()).is_some());
    assert!(bench.core.counts.in_use(&both).is_none());
    assert!(size_of::<Core>() <= 160);
}

#[test]
fn a_rule_that_comes_later_counts_in_the_period_that_stands() {
    let rules = [
        new().min_calls(2).failure_rate(1.0),
        new().min_calls(2).slow_call(secs(1)),
        new().min_calls(2).window(Window::Calls(2)),
    ];
    for rule in rules {
        let mut bench = Bench::new(new().consecutive_failures(9));
        bench.calls(1, Report::Failure);
        for _ in 0..3 {
            assert_eq!(bench.core.reset(), None);
        }
        bench.settings = rule;
        bench.slow_calls(1, Report::Failure);
        assert_eq!(bench.snapshot().calls, 1);
        bench.slow_calls(1, Report::Failure);
        assert_eq!(bench.state(), BreakerState::Open);
    }
}
