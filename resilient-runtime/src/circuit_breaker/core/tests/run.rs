//! Failures in a row.

use crate::circuit_breaker::core::run::Run;

#[test]
fn is_lengthened_by_failures_and_ended_by_a_success() {
    let run = Run::new();
    assert!(run.is_over(0));
    for length in 1..=3 {
        assert_eq!(run.lengthen(0), Some(length));
        assert_eq!(run.length(0), length);
        assert!(!run.is_over(0));
    }
    run.end(0);
    assert!(run.is_over(0));
}

#[test]
fn of_another_period_is_left_alone() {
    let run = Run::new();
    run.reset(7);
    assert_eq!(run.lengthen(7), Some(1));
    for other in [6, 8, 0] {
        assert_eq!(run.lengthen(other), None);
        run.end(other);
        assert_eq!(run.length(other), 0);
        assert!(!run.is_over(other));
    }
    assert_eq!(run.length(7), 1);
    run.reset(8);
    assert_eq!(run.length(7), 0);
    assert!(run.is_over(8));
}

#[test]
fn counts_failures_of_all_threads() {
    let run = Run::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!((0..10_000).all(|_| run.lengthen(3 << 32).is_some())));
        }
    });
    assert_eq!(
        run.length(0),
        80_000,
        "the high half of a generation is left out"
    );
}
