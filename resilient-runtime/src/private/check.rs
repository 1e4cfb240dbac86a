//! Checks of knobs that are constants: a bad one fails where it is evaluated, at
//! compile time, on the user's own expression (`track_caller` leaves out where it is checked).

use std::time::Duration;

use crate::adaptive_concurrency::AdaptiveConcurrencySettings;
use crate::bulkhead::BulkheadSettings;
use crate::circuit_breaker::Window;
use crate::rate_limit::RateLimiterSettings;

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

/// Limits of which the least is not above the most.
#[must_use]
#[track_caller]
pub const fn bounds(settings: AdaptiveConcurrencySettings) -> AdaptiveConcurrencySettings {
    assert!(settings.min <= settings.max, "`max` is below `min`");
    settings
}

/// Limits between which the first one is.
#[must_use]
#[track_caller]
pub const fn initial(settings: AdaptiveConcurrencySettings) -> AdaptiveConcurrencySettings {
    assert!(settings.initial >= settings.min, "`initial` is below `min`");
    assert!(settings.initial <= settings.max, "`initial` is above `max`");
    settings
}

/// A rate at which a call of this cost can be admitted.
#[must_use]
#[track_caller]
pub const fn burst(settings: RateLimiterSettings, cost: u32) -> RateLimiterSettings {
    assert!(
        cost <= settings.most_at_once(),
        "a call that takes more than there can be at once is never admitted"
    );
    settings
}

/// Places of which there are as many as a call of this cost takes.
#[must_use]
#[track_caller]
pub const fn places(settings: BulkheadSettings, cost: u32) -> BulkheadSettings {
    assert!(
        cost <= settings.max_concurrent,
        "a call that takes more places than there are never begins"
    );
    settings
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

macro_rules! whole {
    ($($integer:ty)*) => {$(
        impl Knob<$integer> {
            /// A number of things.
            #[must_use]
            #[track_caller]
            pub const fn count(self) -> u32 {
                count(self.amount())
            }

            /// A number of things that there may be none of.
            #[must_use]
            #[track_caller]
            pub const fn amount(self) -> u32 {
                let whole = self.0 as i128;
                assert!(
                    whole >= 0 && whole <= u32::MAX as i128,
                    "a number of things goes from 0 up to 4294967295"
                );
                whole as u32
            }
        }
    )*};
}

whole! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }
