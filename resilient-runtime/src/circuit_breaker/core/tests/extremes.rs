//! No value of any setting makes it panic.

use super::*;

const DURATIONS: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_nanos(9),
    Duration::from_millis(1),
    Duration::from_secs(u64::MAX),
    Duration::MAX,
];

const NUMBERS: [u32; 5] = [0, 1, 2, 65_536, u32::MAX];

const REALS: [f64; 8] = [
    f64::NAN,
    f64::NEG_INFINITY,
    -1.0,
    0.0,
    f64::MIN_POSITIVE,
    1.0,
    f64::MAX,
    f64::INFINITY,
];

fn exercise(settings: CircuitBreakerSettings) {
    let mut bench = Bench::new(settings);
    for step in 0..200_u32 {
        if let Ok(admitted) = bench.admit() {
            let report = [Report::Failure, Report::Success, Report::Neutral][step as usize % 3];
            bench.record(admitted, report, step % 2 == 0);
        }
        bench.snapshot();
        bench.advance(DURATIONS[step as usize % 4]);
    }
}

#[test]
fn extreme_durations() {
    for duration in DURATIONS {
        let one = new().consecutive_failures(2).slow_call(duration);
        exercise(one.window(Window::Time(duration)).failure_rate(1.0));
        exercise(one.open_for(duration));
        exercise(one.open_max(duration));
        exercise(one.half_open_max(duration).open_for(millis(1)));
        let all = one.open_for(duration).open_max(duration);
        exercise(all.half_open_max(duration).window(Window::Time(duration)));
    }
}

#[test]
fn extreme_numbers() {
    for number in NUMBERS {
        let least = new().open_for(millis(1));
        exercise(least.consecutive_failures(number));
        exercise(least.consecutive_failures(1).half_open_calls(number));
        for other in NUMBERS {
            exercise(least.window(Window::Calls(number)).min_calls(other));
        }
    }
}

#[test]
fn extreme_rates_and_factors() {
    for real in REALS {
        let least = new().open_for(millis(1)).min_calls(1);
        exercise(least.failure_rate(real));
        exercise(least.slow_call_rate(real).slow_call(secs(1)));
        exercise(least.open_factor(real).open_max(Duration::MAX));
        for open_for in DURATIONS {
            let growing = new().open_for(open_for).open_factor(real);
            for reopened in NUMBERS {
                let period = growing.open_max(Duration::MAX).open_period(reopened);
                assert!(period >= open_for);
                let capped = growing.open_period(reopened);
                assert!(capped <= open_for.max(growing.open_max).max(Duration::from_nanos(1)));
            }
        }
    }
}

#[test]
fn an_endless_open_time_says_so() {
    let mut bench = Bench::new(new().consecutive_failures(1).open_for(Duration::MAX));
    bench.calls(1, Report::Failure);
    let retry_after = Duration::MAX;
    assert_eq!(bench.admit(), Err(Refused { retry_after }));
}

#[test]
fn a_clock_that_goes_back_does_no_harm() {
    let mut bench = Bench::new(new());
    bench.advance(secs(3_600));
    bench.calls(10, Report::Success);
    bench.now -= secs(3_600);
    bench.calls(20, Report::Failure);
    assert_eq!(
        bench.state(),
        BreakerState::Open,
        "it is not blind to the other clock"
    );
}

#[test]
fn it_is_const_and_of_constant_size() {
    static CORE: Core = Core::new();
    const SETTINGS: CircuitBreakerSettings = new()
        .failure_rate(0.6)
        .window(Window::Time(Duration::from_millis(900)))
        .open_factor(1.5);
    assert!(CORE.admit(&SETTINGS, Instant::now).0.is_ok());
    assert!(size_of::<Core>() <= 1_024, "{}", size_of::<Core>());
    assert!(size_of::<Admitted>() <= 16);
}
