//! A result counts only for the period that it was admitted in.

use super::*;

type Step = fn(&mut Bench);

/// Ways to another period, with the state in which they end.
const STEPS: [(&str, Step); 9] = [
    ("opens", |bench| bench.calls(1, Report::Failure)),
    ("becomes half-open", |bench| {
        bench.calls(1, Report::Failure);
        bench.advance(secs(5));
        bench.admit().map(drop).unwrap();
    }),
    ("reopens", |bench| {
        bench.calls(1, Report::Failure);
        bench.advance(secs(5));
        bench.calls(1, Report::Failure);
    }),
    ("closes", |bench| {
        bench.calls(1, Report::Failure);
        bench.advance(secs(5));
        bench.calls(1, Report::Success);
    }),
    ("is reset", |bench| assert_eq!(bench.core.reset(), None)),
    ("is forced open", |bench| {
        bench.heard.extend(bench.core.force_open())
    }),
    ("is forced closed", |bench| {
        bench.heard.extend(bench.core.force_close())
    }),
    ("is disabled", |bench| {
        bench.heard.extend(bench.core.disable())
    }),
    ("only observes", |bench| {
        bench.heard.extend(bench.core.observe_only())
    }),
];

const REPORTS: [Report; 4] = [
    Report::Success,
    Report::Failure,
    Report::Neutral,
    Report::Overload,
];

fn ignored(bench: &mut Bench, late: Admitted, report: Report, slow: bool, step: &str) {
    let before = (bench.snapshot(), bench.heard.clone());
    bench.record(late, report, slow);
    let after = (bench.snapshot(), bench.heard.clone());
    assert_eq!(after, before, "{step}: {report:?}, slow: {slow}");
}

#[test]
fn of_a_closed_period_in_any_later_one() {
    for window in [Window::Time(secs(10)), Window::Calls(10)] {
        for (step, go) in STEPS {
            for report in REPORTS {
                for slow in [false, true] {
                    let settings = new().window(window).min_calls(1).failure_rate(0.5);
                    let settings = settings.consecutive_failures(1).slow_call(secs(1));
                    let mut bench = Bench::new(settings);
                    let late = bench.admit().unwrap();
                    go(&mut bench);
                    ignored(&mut bench, late, report, slow, step);
                }
            }
        }
    }
}

#[test]
fn of_a_probe_in_any_later_period() {
    for (step, go) in STEPS {
        for report in REPORTS {
            let settings = new().half_open_calls(3).slow_call(secs(1));
            let mut bench = Bench::due_for_a_probe(settings);
            let late = bench.admit().unwrap();
            bench.heard.extend(bench.core.reset());
            bench.settings = settings.half_open_calls(1).consecutive_failures(1);
            go(&mut bench);
            ignored(&mut bench, late, report, false, step);
        }
    }
}

#[test]
fn of_a_closed_period_beside_a_probe() {
    let mut bench = Bench::new(new().consecutive_failures(1).half_open_calls(2));
    let late: Vec<_> = (0..10).map(|_| bench.admit().unwrap()).collect();
    bench.calls(1, Report::Failure);
    bench.advance(secs(5));
    let probe = bench.admit().unwrap();
    for admitted in late {
        bench.report(admitted, Report::Success);
    }
    assert_eq!(
        bench.state(),
        BreakerState::HalfOpen,
        "no probe has succeeded"
    );
    bench.report(probe, Report::Failure);
    assert_eq!(bench.state(), BreakerState::Open);
}

#[test]
fn of_probes_of_an_earlier_half_open_period() {
    let mut bench = Bench::due_for_a_probe(new().half_open_calls(2));
    let (late, failing) = (bench.admit().unwrap(), bench.admit().unwrap());
    bench.report(failing, Report::Failure);
    bench.advance(secs(10));
    bench.calls(1, Report::Success);
    for report in REPORTS {
        bench.report(late, report);
    }
    assert_eq!(bench.state(), BreakerState::HalfOpen);
    bench.calls(1, Report::Success);
    assert_eq!(bench.state(), BreakerState::Closed);
}

/// The clock is read after the failure was counted and before the breaker opens: whatever happens in between wins.
#[test]
fn of_a_period_that_ends_while_it_is_being_recorded() {
    let settings = new().window(Window::Calls(1));
    type Change = fn(&Core) -> Option<Transition>;
    let changes: [(Change, BreakerState); 3] = [
        (Core::reset, BreakerState::Closed),
        (Core::disable, BreakerState::Closed),
        (Core::force_open, BreakerState::Open),
    ];
    for (change, state) in changes {
        let core = Core::new();
        let admitted = core.admit(&settings, Instant::now).0.unwrap();
        let transition = core.record(&settings, admitted, Report::Failure, false, || {
            let _ = change(&core);
            Instant::now()
        });
        assert_eq!(transition, None);
        assert_eq!(core.state(), state);
    }

    let core = Core::new();
    let settings = settings.consecutive_failures(1);
    let admitted = core.admit(&settings, Instant::now).0.unwrap();
    let first = core.record(&settings, admitted, Report::Failure, false, || {
        let second = core.record(&settings, admitted, Report::Failure, false, Instant::now);
        assert!(second.is_some());
        Instant::now()
    });
    assert_eq!(first, None, "it opens once");
}

#[test]
fn of_a_half_open_period_that_ends_while_a_probe_is_being_recorded() {
    for report in REPORTS {
        let mut bench = Bench::due_for_a_probe(new().half_open_calls(2));
        let (first, second) = (bench.admit().unwrap(), bench.admit().unwrap());
        let (core, settings, now) = (&bench.core, &bench.settings, bench.now);
        let late = core.record(settings, first, report, false, || {
            let reopened = core.record(settings, second, Report::Failure, false, || now);
            assert!(reopened.is_some());
            now
        });
        assert_eq!(late, None);
        let retry_after = secs(10);
        assert_eq!(bench.admit(), Err(Refused { retry_after }), "{report:?}");
    }
}
