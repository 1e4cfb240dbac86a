//! Checks of knobs that are constants: a bad one fails where it is evaluated, at
//! compile time, on the user's own expression (`track_caller` leaves out where it is checked).

use std::time::Duration;

use crate::circuit_breaker::Window;

/// A rate.
#[must_use]
#[track_caller]
pub const fn rate(rate: f64) -> f64 {
    assert!(
        rate >= 0.0 && rate <= 1.0,
        "a rate is a number from 0.0 to 1.0"
    );
    rate
}

/// A number of things.
#[must_use]
#[track_caller]
pub const fn count(count: u32) -> u32 {
    assert!(count >= 1, "a count is at least 1");
    count
}

/// A factor of growth.
#[must_use]
#[track_caller]
pub const fn factor(factor: f64) -> f64 {
    assert!(
        factor >= 1.0 && factor < f64::INFINITY,
        "a factor is a finite number, at least 1.0"
    );
    factor
}

/// A span of time.
#[must_use]
#[track_caller]
pub const fn duration(duration: Duration) -> Duration {
    assert!(!duration.is_zero(), "a duration is longer than zero");
    duration
}

/// A knob that takes constants of several types: traits are not const, inherent
/// functions are.
#[derive(Debug)]
pub struct Knob<T>(pub T);

impl Knob<Duration> {
    /// Rolling time.
    #[must_use]
    #[track_caller]
    pub const fn window(self) -> Window {
        Window::Time(duration(self.0))
    }
}

impl Knob<Window> {
    /// As it is.
    #[must_use]
    #[track_caller]
    pub const fn window(self) -> Window {
        match self.0 {
            Window::Time(span) => Knob(span).window(),
            Window::Calls(calls) => Knob(calls).window(),
        }
    }
}

impl Knob<u32> {
    /// A number of calls.
    #[must_use]
    #[track_caller]
    pub const fn window(self) -> Window {
        assert!(
            self.0 >= 1 && self.0 <= Window::MAX_CALLS,
            "a window of calls holds 1 to 65535 of them"
        );
        Window::Calls(self.0)
    }
}

macro_rules! calls {
    ($($integer:ty)*) => {$(
        impl Knob<$integer> {
            /// A number of calls.
            #[must_use]
            #[track_caller]
            pub const fn window(self) -> Window {
                assert!(
                    self.0 >= 1 && self.0 <= Window::MAX_CALLS as $integer,
                    "a window of calls holds 1 to 65535 of them"
                );
                Window::Calls(self.0 as u32)
            }
        }
    )*};
}

calls! { i32 i64 u64 usize }
