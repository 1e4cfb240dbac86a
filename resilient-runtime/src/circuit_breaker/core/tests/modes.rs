//! What is set by hand.

use super::*;
use crate::circuit_breaker::change::BreakerMode;

fn by_hand(from: BreakerState, mode: BreakerMode, to: BreakerState) -> Option<Transition> {
    Some(Transition {
        from,
        to,
        mode,
        cause: ChangeCause::ByHand,
        open_for: None,
    })
}

#[test]
fn forced_open_refuses_until_reset() {
    let mut bench = Bench::new(new());
    let opened = bench.core.force_open();
    let mode = BreakerMode::ForcedOpen;
    assert_eq!(
        opened,
        by_hand(BreakerState::Closed, mode, BreakerState::Open)
    );
    assert_eq!(bench.core.force_open(), None, "it is already");
    bench.advance(secs(1_000_000));
    let retry_after = Duration::MAX;
    assert_eq!(bench.admit(), Err(Refused { retry_after }));
    assert_eq!(bench.snapshot().open_for_remaining, Some(retry_after));
    assert_eq!(bench.core.mode(), BreakerMode::ForcedOpen);
    let closed = bench.core.reset();
    assert_eq!(
        closed,
        by_hand(
            BreakerState::Open,
            BreakerMode::Automatic,
            BreakerState::Closed
        )
    );
    assert!(bench.admit().is_ok());
}

#[test]
fn forced_closed_passes_and_counts_but_never_opens() {
    let mut bench = Bench::new(new().consecutive_failures(5).failure_rate(0.5));
    bench.calls(5, Report::Failure);
    let closed = bench.core.force_close();
    let mode = BreakerMode::ForcedClosed;
    assert_eq!(
        closed,
        by_hand(BreakerState::Open, mode, BreakerState::Closed)
    );
    bench.calls(100, Report::Failure);
    assert_eq!(bench.core.mode(), BreakerMode::ForcedClosed);
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.calls, snapshot.failures), (100, 100));
    assert_eq!(snapshot.consecutive, 100);
    let automatic = bench.core.reset();
    let mode = BreakerMode::Automatic;
    assert_eq!(
        automatic,
        by_hand(BreakerState::Closed, mode, BreakerState::Closed)
    );
    assert_eq!(bench.snapshot().calls, 0);
    bench.calls(5, Report::Failure);
    assert_eq!(bench.state(), BreakerState::Open);
}

#[test]
fn disabled_passes_and_counts_nothing() {
    let mut bench = Bench::due_for_a_probe(new());
    let closed = bench.core.disable();
    let mode = BreakerMode::Disabled;
    assert_eq!(
        closed,
        by_hand(BreakerState::Open, mode, BreakerState::Closed)
    );
    let before = format!("{:?}", bench.core);
    bench.calls(100, Report::Failure);
    bench.slow_calls(100, Report::Neutral);
    assert_eq!(format!("{:?}", bench.core), before);
}

#[test]
fn only_observing_goes_through_all_states_and_refuses_nobody() {
    let mut bench = Bench::new(new().consecutive_failures(3));
    let observing = bench.core.observe_only();
    let mode = BreakerMode::ObserveOnly;
    assert_eq!(
        observing,
        by_hand(BreakerState::Closed, mode, BreakerState::Closed)
    );
    bench.calls(3, Report::Failure);
    assert_eq!(bench.state(), BreakerState::Open);
    bench.calls(100, Report::Success);
    assert_eq!(
        bench.state(),
        BreakerState::Open,
        "these would have been refused"
    );
    bench.advance(secs(5));
    let probe = bench.admit().unwrap();
    assert!(probe.probe.is_some());
    bench.calls(100, Report::Failure);
    assert_eq!(bench.state(), BreakerState::HalfOpen, "these had no place");
    bench.report(probe, Report::Failure);
    bench.advance(secs(10));
    bench.calls(1, Report::Success);
    let states: Vec<_> = bench.heard.iter().map(|change| change.to).collect();
    use BreakerState::*;
    assert_eq!(states, [Open, HalfOpen, Open, HalfOpen, Closed]);
    assert_eq!(bench.core.mode(), BreakerMode::ObserveOnly);
}

#[test]
fn a_reset_empties_the_window_and_forgets_how_often_it_opened() {
    let mut bench = Bench::due_for_a_probe(new());
    bench.calls(1, Report::Failure);
    assert_eq!(bench.heard.last().unwrap().open_for, Some(secs(10)));
    let closed = bench.core.reset();
    assert_eq!(
        closed,
        by_hand(
            BreakerState::Open,
            BreakerMode::Automatic,
            BreakerState::Closed
        )
    );
    bench.calls(1, Report::Failure);
    assert_eq!(bench.heard.last().unwrap().open_for, Some(secs(5)));

    let mut bench = Bench::new(new());
    bench.calls(19, Report::Failure);
    assert_eq!(bench.core.reset(), None);
    bench.calls(19, Report::Failure);
    assert_eq!(bench.state(), BreakerState::Closed);
}

#[test]
fn a_reset_while_half_open_frees_everything() {
    let mut bench = Bench::due_for_a_probe(new());
    let probe = bench.admit().unwrap();
    let closed = bench.core.reset();
    assert_eq!(
        closed,
        by_hand(
            BreakerState::HalfOpen,
            BreakerMode::Automatic,
            BreakerState::Closed
        )
    );
    bench.report(probe, Report::Failure);
    assert_eq!(bench.state(), BreakerState::Closed);
}
