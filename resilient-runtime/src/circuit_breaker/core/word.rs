//! State, mode and generation in one word.

use crate::circuit_breaker::change::{BreakerMode, BreakerState};

/// ```text
/// bit 63..5       4..2   1..0
///     generation  mode   state
/// ```
///
/// Zero is an automatic, closed breaker in its first period. 59 bits of generation do not wrap in practice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(u64);

impl Word {
    pub(super) const fn from_bits(bits: u64) -> Self {
        Word(bits)
    }

    /// Of a breaker that is closed and decides by itself.
    #[inline]
    pub(super) const fn closed(generation: u64) -> Self {
        Word(generation << 5)
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    pub(super) const fn generation(self) -> u64 {
        self.0 >> 5
    }

    pub(super) const fn state(self) -> BreakerState {
        match self.0 & 0b11 {
            0 => BreakerState::Closed,
            1 => BreakerState::Open,
            _ => BreakerState::HalfOpen,
        }
    }

    pub(super) const fn mode(self) -> BreakerMode {
        match (self.0 >> 2) & 0b111 {
            0 => BreakerMode::Automatic,
            1 => BreakerMode::ForcedOpen,
            2 => BreakerMode::ForcedClosed,
            3 => BreakerMode::Disabled,
            _ => BreakerMode::ObserveOnly,
        }
    }

    /// The word of the period after this one.
    pub(super) const fn next(self, state: BreakerState, mode: BreakerMode) -> Self {
        let state = match state {
            BreakerState::Closed => 0,
            BreakerState::Open => 1,
            BreakerState::HalfOpen => 2,
        };
        let mode = match mode {
            BreakerMode::Automatic => 0,
            BreakerMode::ForcedOpen => 1,
            BreakerMode::ForcedClosed => 2,
            BreakerMode::Disabled => 3,
            BreakerMode::ObserveOnly => 4,
        };
        Word((self.generation().wrapping_add(1) << 5) | (mode << 2) | state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_of_the_generation_after_and_says_what_it_was_made_of() {
        use BreakerMode::{Automatic, Disabled, ForcedClosed, ForcedOpen, ObserveOnly};
        use BreakerState::{Closed, HalfOpen, Open};
        let mut word = Word::from_bits(0);
        assert_eq!(
            (word.generation(), word.state(), word.mode()),
            (0, Closed, Automatic)
        );
        let mut generation = 0;
        for mode in [Automatic, ForcedOpen, ForcedClosed, Disabled, ObserveOnly] {
            for state in [Closed, Open, HalfOpen] {
                word = word.next(state, mode);
                generation += 1;
                assert_eq!(
                    (word.generation(), word.state(), word.mode()),
                    (generation, state, mode)
                );
                assert_eq!(Word::from_bits(word.bits()), word);
                let closed = (state, mode) == (Closed, Automatic);
                assert_eq!(word == Word::closed(generation), closed);
            }
        }
    }
}
