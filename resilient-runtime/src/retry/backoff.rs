//! How long to pause before a retry.

use std::time::Duration;

use super::Retry;
use crate::random;
use crate::rules::Growth;
use crate::site::{of_second_kind, second_kind};

/// How the pauses between attempts grow; d is the retry's `delay`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Backoff {
    /// d, d, d.
    Constant,
    /// d, 2d, 3d.
    Linear,
    /// d, 2d, 4d, or another factor.
    Exponential,
    /// d, 2d, 3d, 5d, 8d.
    Fib,
    /// Uniform between d and three times the pause before ("decorrelated jitter" of
    /// Brooker, "Exponential Backoff And Jitter", AWS 2015). It is its own jitter.
    Decorrelated,
    /// What the function says for retry 1, 2, 3.
    Custom(fn(u32) -> Duration),
}

/// How a pause is spread, so that callers who failed together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Jitter {
    /// Not at all.
    None,
    /// Uniform between nothing and the pause.
    Full,
    /// Uniform between half the pause and the pause.
    Equal,
    /// Uniform within this share of the pause, to both sides. Taken into `0.0..=1.0`.
    Rate(f64),
}

impl From<f64> for Jitter {
    fn from(rate: f64) -> Self {
        Self::Rate(rate)
    }
}

impl Backoff {
    const NAMED: [Self; 5] = [
        Self::Constant,
        Self::Linear,
        Self::Exponential,
        Self::Fib,
        Self::Decorrelated,
    ];

    pub(super) fn place(self) -> Option<u64> {
        let this = std::mem::discriminant(&self);
        Self::NAMED
            .iter()
            .position(|named| std::mem::discriminant(named) == this)
            .map(|place| place as u64)
    }

    pub(super) fn at_place(place: u64) -> Option<Self> {
        Self::NAMED.get(usize::try_from(place).ok()?).copied()
    }

    /// The pause before retry 1, 2, ... before any jitter and cap.
    fn grown(self, settings: &Retry, retry: u32) -> Duration {
        let delay = settings.delay;
        match self {
            Self::Constant | Self::Decorrelated => delay,
            Self::Linear => delay.saturating_mul(retry),
            Self::Exponential => {
                let exponent = i32::try_from(retry - 1).unwrap_or(i32::MAX);
                scaled(delay, settings.factor.powi(exponent))
            }
            Self::Fib => delay.saturating_mul(fib(retry)),
            Self::Custom(pause) => pause(retry),
        }
    }
}

impl Jitter {
    pub(super) fn word(self) -> u64 {
        match self {
            Self::None => of_second_kind(0),
            Self::Full => of_second_kind(1),
            Self::Equal => of_second_kind(2),
            Self::Rate(rate) => rate.clamp(0.0, 1.0).to_bits(),
        }
    }

    pub(super) fn of_word(word: u64) -> Self {
        match second_kind(word) {
            Some(0) => Self::None,
            Some(1) => Self::Full,
            Some(_) => Self::Equal,
            None => Self::Rate(f64::from_bits(word)),
        }
    }

    /// The cap shortens the range and not what is drawn from it: else all who are drawn above it would come
    /// back together.
    fn spread(self, pause: Duration, longest: Duration) -> Duration {
        match self {
            Self::None => pause,
            Self::Full => between(Duration::ZERO, pause),
            Self::Equal => between(pause / 2, pause),
            // What is no number spreads nothing.
            Self::Rate(rate) if rate.is_nan() => pause,
            Self::Rate(rate) => {
                let rate = rate.clamp(0.0, 1.0);
                let most = scaled(pause, 1.0 + rate).min(longest);
                between(scaled(pause, 1.0 - rate), most)
            }
        }
    }
}

/// The pause before retry 1, 2, ...: grown, spread, and cut to `max_delay`.
/// `before` is the last pause.
pub(super) fn pause(settings: &Retry, growth: Growth, retry: u32, before: Duration) -> Duration {
    let longest = settings.max_delay;
    let grown = match growth {
        Growth::Named(Backoff::Decorrelated) => {
            let shortest = settings.delay;
            let most = before.max(shortest).saturating_mul(3).min(longest);
            return between(shortest.min(longest), most);
        }
        Growth::Named(backoff) => backoff.grown(settings, retry),
        Growth::Pause(pause) => pause,
    };
    settings.jitter.spread(grown.min(longest), longest)
}

/// 1, 2, 3, 5, 8, ... saturating.
fn fib(retry: u32) -> u32 {
    let (mut this, mut next) = (1_u32, 2_u32);
    for _ in 1..retry {
        (this, next) = (next, this.saturating_add(next));
        if this == u32::MAX {
            break;
        }
    }
    this
}

fn scaled(duration: Duration, factor: f64) -> Duration {
    // Nothing stays nothing, even times infinity.
    if duration.is_zero() {
        return duration;
    }
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

fn between(shortest: Duration, longest: Duration) -> Duration {
    let span = longest.saturating_sub(shortest);
    shortest.saturating_add(scaled(span, random::unit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const D: Duration = Duration::from_millis(100);

    fn named(settings: &Retry, retry: u32, before: Duration) -> Duration {
        pause(settings, Growth::Named(settings.backoff), retry, before)
    }

    fn pauses(settings: Retry) -> Vec<u128> {
        let plain = settings.delay(D).jitter(Jitter::None);
        (1..=6)
            .map(|retry| named(&plain, retry, D).as_millis())
            .collect()
    }

    #[test]
    fn each_backoff_grows_as_documented() {
        assert_eq!(pauses(Retry::new(9).constant()), [100; 6]);
        assert_eq!(
            pauses(Retry::new(9).linear()),
            [100, 200, 300, 400, 500, 600]
        );
        assert_eq!(
            pauses(Retry::new(9).exponential()),
            [100, 200, 400, 800, 1600, 3200]
        );
        assert_eq!(
            pauses(Retry::new(9).factor(3.0)),
            [100, 300, 900, 2700, 8100, 24300]
        );
        assert_eq!(pauses(Retry::new(9).fib()), [100, 200, 300, 500, 800, 1300]);
        let squares = Backoff::Custom(|retry| D * retry * retry);
        assert_eq!(
            pauses(Retry::new(9).backoff(squares)),
            [100, 400, 900, 1600, 2500, 3600]
        );
    }

    #[test]
    fn growth_saturates_and_is_cut_to_max_delay() {
        for backoff in [
            Backoff::Linear,
            Backoff::Exponential,
            Backoff::Fib,
            Backoff::Decorrelated,
        ] {
            for delay in [Duration::from_nanos(1), D, Duration::MAX] {
                let settings = Retry::new(9).backoff(backoff).delay(delay);
                for retry in [1, 2, 63, 64, 65, 1000, u32::MAX] {
                    assert!(named(&settings, retry, Duration::MAX) <= settings.max_delay);
                }
            }
        }
        let endless = Retry::new(9)
            .delay(D)
            .jitter(Jitter::None)
            .max_delay(Duration::MAX);
        assert_eq!(named(&endless, u32::MAX, D), Duration::MAX);
    }

    /// The least and the most of many draws.
    fn span(settings: Retry, before: Duration) -> (Duration, Duration) {
        let draws = || (0..4000).map(|_| named(&settings, 1, before));
        (
            draws().min().unwrap_or_default(),
            draws().max().unwrap_or_default(),
        )
    }

    #[track_caller]
    fn assert_covers(drawn: (Duration, Duration), least: u64, most: u64) {
        let (least, most) = (Duration::from_millis(least), Duration::from_millis(most));
        let slack = (most - least) / 50;
        assert!(drawn.0 >= least && drawn.0 <= least + slack, "{drawn:?}");
        assert!(drawn.1 <= most && drawn.1 >= most - slack, "{drawn:?}");
    }

    #[test]
    fn each_jitter_covers_its_range() {
        let retry = Retry::new(2).delay(D);
        assert_covers(span(retry.jitter(Jitter::Full), D), 0, 100);
        assert_covers(span(retry.jitter(Jitter::Equal), D), 50, 100);
        assert_covers(span(retry.jitter(Jitter::Rate(0.25)), D), 75, 125);
        assert_covers(span(retry.jitter(Jitter::Rate(7.0)), D), 0, 200);
        assert_covers(span(retry.decorrelated(), 2 * D), 100, 600);
    }

    #[test]
    fn first_pauses_are_distinct_and_cover_their_range_evenly_for_any_base() {
        const DRAWS: usize = 2000;
        let of = |settings: Retry| {
            let drawn = || named(&settings, 1, Duration::ZERO);
            let mut drawn: Vec<u128> = (0..DRAWS).map(|_| drawn().as_nanos()).collect();
            drawn.sort_unstable();
            drawn
        };
        let kinds: [(Retry, f64, f64); 5] = [
            (Retry::new(2).jitter(Jitter::Full), 0.0, 1.0),
            (Retry::new(2).jitter(Jitter::Equal), 0.5, 1.0),
            (Retry::new(2).jitter(Jitter::Rate(0.2)), 0.8, 1.2),
            (Retry::new(2).jitter(Jitter::Rate(1.0)), 0.0, 2.0),
            (Retry::new(2).decorrelated(), 1.0, 3.0),
        ];
        for (retry, least, most) in kinds {
            for (nanos, cap) in [
                (1_000_000, None),
                (7_777_777, None),
                (200_000_000, None),
                (30_000_000_000, Some(1.0)),
                (60_000_000_000, Some(1.1)),
                (86_400_000_000_000, None),
            ] {
                let base = Duration::from_nanos(nanos);
                // At the cap nobody meets anybody either.
                let longest = cap.map_or(Duration::MAX, |cap| base.mul_f64(cap));
                let settings = retry.delay(base).max_delay(longest);
                let most = cap.map_or(most, |cap| most.min(cap)).max(least);
                let (from, to) = (nanos as f64 * least, nanos as f64 * most);
                let drawn = of(settings);
                if to - from > 1.0 {
                    let mut distinct = drawn.clone();
                    distinct.dedup();
                    // Of a span of nanoseconds some are drawn twice, as of the days of a year.
                    let twice = (DRAWS * DRAWS) as f64 / (to - from);
                    let fewest = DRAWS as f64 - 4.0 - 2.0 * twice;
                    assert!(
                        distinct.len() as f64 >= fewest,
                        "{settings:?}: {}",
                        distinct.len()
                    );
                    let share = |at: f64| {
                        let below = from + (to - from) * at;
                        drawn.partition_point(|&pause| (pause as f64) < below) as f64 / DRAWS as f64
                    };
                    for tenth in 1..=10 {
                        let (expected, is) =
                            (f64::from(tenth) / 10.0, share(f64::from(tenth) / 10.0));
                        assert!(
                            (expected - is).abs() < 0.06,
                            "{settings:?}: {is}, not {expected}"
                        );
                    }
                }
                assert!(drawn[0] as f64 >= from - 1.0, "{settings:?}");
                assert!(drawn[DRAWS - 1] as f64 <= to + 1.0, "{settings:?}");
            }
        }
    }

    #[test]
    fn max_delay_holds_after_jitter_too() {
        let settings = Retry::new(2)
            .delay(D)
            .max_delay(D)
            .jitter(Jitter::Rate(0.5));
        assert_covers(span(settings, D), 50, 100);
    }
}
