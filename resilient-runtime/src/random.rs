//! Randomness, through one door: a splitmix64 stream per thread, or the seeded
//! stream of an isolated test.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

#[cfg(feature = "testing")]
use crate::testing;

/// Weyl constant of splitmix64 (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014).
pub(crate) const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The output function of splitmix64.
pub(crate) fn mix(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Uniform in `0.0..1.0`.
pub(crate) fn unit() -> f64 {
    // 53 bits, the precision of the mantissa.
    (next() >> 11) as f64 / (1_u64 << 53) as f64
}

fn next() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0_u64));
    }
    #[cfg(feature = "testing")]
    if let Some(world) = testing::world() {
        return world.random();
    }
    STATE.with(|state| {
        let stepped = state.get().wrapping_add(STEP);
        state.set(stepped);
        mix(stepped)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_covers_its_range_evenly() {
        let mut tenths = [0_u32; 10];
        for _ in 0..10_000 {
            let drawn = unit();
            assert!((0.0..1.0).contains(&drawn));
            tenths[(drawn * 10.0) as usize] += 1;
        }
        assert!(
            tenths.iter().all(|&n| (850..1150).contains(&n)),
            "{tenths:?}"
        );
    }

    #[test]
    fn mix_is_splitmix64() {
        // First outputs of the reference implementation for seed 1234567.
        let mut state = 1_234_567_u64;
        let drawn: Vec<u64> = (0..3)
            .map(|_| {
                state = state.wrapping_add(STEP);
                mix(state)
            })
            .collect();
        assert_eq!(
            drawn,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }
}
