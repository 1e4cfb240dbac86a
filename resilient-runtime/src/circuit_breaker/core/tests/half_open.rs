//! Probes: how many, what they decide, and that there is always another.

use super::*;

#[test]
fn as_many_successes_as_places_close_it_and_the_window_starts_empty() {
    let mut bench = Bench::due_for_a_probe(new().half_open_calls(3));
    bench.calls(2, Report::Success);
    assert_eq!(bench.state(), BreakerState::HalfOpen);
    bench.calls(1, Report::Success);
    assert_eq!(bench.state(), BreakerState::Closed);
    assert_eq!(bench.causes().last(), Some(&ChangeCause::ProbesSucceeded));
    assert_eq!(bench.snapshot().calls, 0);
    assert_eq!(bench.snapshot().consecutive, 0);
}

#[test]
fn a_success_keeps_its_place() {
    let mut bench = Bench::due_for_a_probe(new().half_open_calls(3));
    let first = bench.admit().unwrap();
    bench.report(first, Report::Success);
    let _second = bench.admit().unwrap();
    let _third = bench.admit().unwrap();
    assert_eq!(
        bench.admit(),
        Err(Refused {
            retry_after: Duration::ZERO
        })
    );
}

#[test]
fn one_failure_reopens_at_once() {
    for report in [Report::Failure, Report::Overload] {
        let mut bench = Bench::due_for_a_probe(new().half_open_calls(3));
        let first = bench.admit().unwrap();
        let second = bench.admit().unwrap();
        bench.calls(1, Report::Success);
        bench.report(first, report);
        assert_eq!(bench.state(), BreakerState::Open);
        assert_eq!(bench.causes().last(), Some(&ChangeCause::ProbeFailed));
        let heard = bench.heard.len();
        bench.report(second, Report::Success);
        assert_eq!(bench.heard.len(), heard, "the other probe came too late");
    }
}

#[test]
fn a_neutral_probe_gives_its_place_back_and_decides_nothing() {
    let mut bench = Bench::due_for_a_probe(new());
    for _ in 0..1_000 {
        let probe = bench.admit().expect("the place is free again");
        assert!(bench.admit().is_err());
        bench.report(probe, Report::Neutral);
        assert_eq!(bench.state(), BreakerState::HalfOpen);
    }
    bench.calls(1, Report::Success);
    assert_eq!(bench.state(), BreakerState::Closed);
}

#[test]
fn a_slow_probe_fails_only_where_slow_calls_are_a_rule() {
    let mut bench = Bench::due_for_a_probe(new());
    bench.slow_calls(1, Report::Success);
    assert_eq!(bench.state(), BreakerState::Closed);

    for report in [Report::Success, Report::Neutral] {
        let mut bench = Bench::due_for_a_probe(new().slow_call(secs(1)));
        bench.slow_calls(1, report);
        assert_eq!(bench.state(), BreakerState::Open);
        assert_eq!(bench.causes().last(), Some(&ChangeCause::ProbeFailed));
    }
}

#[test]
fn a_hung_probe_loses_its_place_and_its_late_result_is_ignored() {
    for late in [
        Report::Success,
        Report::Failure,
        Report::Neutral,
        Report::Overload,
    ] {
        let mut bench = Bench::due_for_a_probe(new());
        let hung = bench.admit().unwrap();
        bench.advance(secs(60) - Duration::from_nanos(1));
        assert!(bench.admit().is_err());
        bench.advance(Duration::from_nanos(1));
        let next = bench.admit().expect("the place is free");
        bench.report(hung, late);
        assert_eq!(bench.state(), BreakerState::HalfOpen);
        assert!(
            bench.admit().is_err(),
            "nor has it given back the other's place"
        );
        bench.report(next, Report::Success);
        assert_eq!(bench.state(), BreakerState::Closed);
    }
}

#[test]
fn a_result_after_the_lease_is_ignored_even_if_nobody_came_for_the_place() {
    let mut bench = Bench::due_for_a_probe(new());
    let hung = bench.admit().unwrap();
    bench.advance(secs(60));
    bench.report(hung, Report::Success);
    assert_eq!(bench.state(), BreakerState::HalfOpen);
    assert!(bench.admit().is_ok());
}

#[test]
fn half_open_always_ends_whatever_probes_do() {
    let mut bench = Bench::due_for_a_probe(new().half_open_calls(2));
    for _ in 0..100 {
        let (hung, gone) = (bench.admit().unwrap(), bench.admit().unwrap());
        bench.report(gone, Report::Neutral);
        let _hung_too = bench.admit().unwrap();
        assert!(bench.admit().is_err());
        bench.advance(secs(60));
        bench.report(hung, Report::Success);
    }
    // Far slower than the window of counts.
    for _ in 0..2 {
        let probe = bench.admit().unwrap();
        bench.advance(secs(59));
        bench.report(probe, Report::Success);
    }
    assert_eq!(bench.state(), BreakerState::Closed);
}

#[test]
fn a_probe_that_reports_twice_counts_once() {
    let mut bench = Bench::due_for_a_probe(new().half_open_calls(2));
    let probe = bench.admit().unwrap();
    bench.report(probe, Report::Success);
    bench.report(probe, Report::Success);
    bench.report(probe, Report::Failure);
    assert_eq!(bench.state(), BreakerState::HalfOpen);
}

#[test]
fn fewer_places_than_there_were_still_let_it_close() {
    let mut bench = Bench::due_for_a_probe(new().half_open_calls(5));
    bench.calls(3, Report::Success);
    bench.settings = bench.settings.half_open_calls(2);
    bench.calls(1, Report::Success);
    assert_eq!(bench.state(), BreakerState::Closed);
}

#[test]
fn places_come_free_one_by_one_as_their_leases_run_out() {
    let mut bench = Bench::due_for_a_probe(new().half_open_calls(2));
    let first = bench.admit().unwrap();
    bench.advance(secs(30));
    let _second = bench.admit().unwrap();
    bench.advance(secs(30));
    let _third = bench.admit().expect("the place of the first");
    assert!(bench.admit().is_err());
    bench.advance(secs(30));
    assert!(bench.admit().is_ok(), "the place of the second");
    bench.report(first, Report::Failure);
    assert_eq!(bench.state(), BreakerState::HalfOpen);
}

#[test]
fn no_place_comes_free_by_a_report_that_was_not_a_probe_s() {
    let mut bench = Bench::new(new().consecutive_failures(1));
    let closed = bench.admit().unwrap();
    bench.calls(1, Report::Failure);
    bench.advance(secs(5));
    let _probe = bench.admit().unwrap();
    bench.report(closed, Report::Neutral);
    assert!(bench.admit().is_err());
}
