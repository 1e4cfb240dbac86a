//! What the clock says, as a number.

use std::hash::{Hash, Hasher};
use std::time::{Duration, Instant};

use super::{Nanos, nanos_of};

/// The instant that all others are counted from.
///
/// The standard library takes the difference of two instants out of line, and checks it on the way: after the reading
/// itself that is what a call would spend most on, 60 instructions each time. An instant shows what it consists of to
/// nobody but a hasher. So one is asked, and it is found out beforehand whether what it is told is a number of seconds
/// and one of nanoseconds, as it is on every system so far. If not, the difference is taken.
#[derive(Debug)]
pub(super) struct Anchor {
    pub(super) at: Instant,
    /// What a hasher is told of `at`, if that can be relied on.
    words: Option<Nanos>,
}

impl Anchor {
    pub(super) fn new(at: Instant) -> Self {
        let words = words(at);
        let are_told = |after: &Duration| words_tell(at, words, *after);
        Self {
            at,
            words: PROBES.iter().all(are_told).then_some(words),
        }
    }

    /// How long ago this was at `now`, if `now` is not before it.
    #[inline]
    pub(super) fn nanos_until(&self, now: Instant) -> Nanos {
        match self.words {
            Some(at) => words(now).wrapping_sub(at),
            None => nanos_of(now.saturating_duration_since(self.at)),
        }
    }
}

/// Of every kind of difference: none, one that carries and one that does not, small and large.
const PROBES: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_nanos(999_999_999),
    Duration::from_secs(1),
    Duration::from_nanos(1_500_000_001),
    Duration::from_secs(20 * 365 * 24 * 60 * 60),
];

/// Whether the words of the instant `after` that much say so.
fn words_tell(at: Instant, told: Nanos, after: Duration) -> bool {
    let later = at.checked_add(after).map(words);
    later.is_some_and(|later| later.wrapping_sub(told) == nanos_of(after))
}

/// Nanoseconds from wherever the clock counts from, if it is so.
#[inline]
fn words(at: Instant) -> Nanos {
    let mut told = Told::default();
    at.hash(&mut told);
    told.0
}

#[derive(Default)]
struct Told(Nanos);

impl Hasher for Told {
    #[inline]
    fn write_u64(&mut self, seconds: u64) {
        self.0 = self.0.wrapping_add(seconds.wrapping_mul(1_000_000_000));
    }

    #[inline]
    fn write_i64(&mut self, seconds: i64) {
        self.write_u64(seconds.cast_unsigned());
    }

    #[inline]
    fn write_u32(&mut self, nanos: u32) {
        self.0 = self.0.wrapping_add(nanos.into());
    }

    /// Of nothing else, so that it is found not to be what the difference says.
    fn write(&mut self, _: &[u8]) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_this_system_can_be_relied_on() {
        assert!(Anchor::new(Instant::now()).words.is_some());
    }

    #[test]
    fn an_instant_is_as_far_away_as_its_difference_says_whichever_way_it_is_taken() {
        let at = Instant::now();
        let told = Anchor::new(at);
        let taken = Anchor {
            words: None,
            ..told
        };
        let mut after = 1;
        while let Some(later) = at.checked_add(Duration::from_nanos(after)) {
            assert_eq!(told.nanos_until(later), after);
            assert_eq!(taken.nanos_until(later), after);
            // Odd, so that seconds and nanoseconds change both.
            let Some(further) = after.checked_mul(3) else {
                return;
            };
            after = further;
        }
    }

    #[test]
    fn words_that_say_something_else_are_not_relied_on() {
        let at = Instant::now();
        assert!(PROBES.iter().all(|after| words_tell(at, words(at), *after)));
        assert!(!words_tell(at, words(at).wrapping_add(1), Duration::ZERO));
    }
}
