//! Time and permits in one unit.

/// The unit of a rate limiter's reckoning: so many ticks a nanosecond, or so many
/// nanoseconds a tick. Packed, since each key of a keyed limiter remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit(u32);

const MUL_BITS: u32 = 27;
/// The most ticks a nanosecond has.
const FINEST: u64 = 1 << 26;
/// The most bits that a nanosecond loses: less than an origin has, so that origins are exact.
const COARSEST: u32 = 31;

impl Unit {
    const fn finer(ticks_per_nano: u64) -> Self {
        Self(ticks_per_nano as u32)
    }

    const fn coarser(bits: u32) -> Self {
        Self((bits << MUL_BITS) | 1)
    }

    pub(super) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u32 {
        self.0
    }

    const fn mul(self) -> u128 {
        (self.0 & ((1 << MUL_BITS) - 1)) as u128
    }

    const fn shift(self) -> u32 {
        self.0 >> MUL_BITS
    }

    /// The ticks that have passed after so many nanoseconds.
    #[inline]
    pub(super) const fn ticks(self, nanos: u64) -> u128 {
        (nanos as u128 * self.mul()) >> self.shift()
    }

    /// The nanoseconds after which so many ticks have passed; `u64::MAX` says never.
    #[inline]
    pub(super) const fn nanos(self, ticks: u128) -> u64 {
        let nanos = ticks.saturating_mul(1 << self.shift()).div_ceil(self.mul());
        if nanos > u64::MAX as u128 {
            u64::MAX
        } else {
            nanos as u64
        }
    }
}

/// A rate and a burst as GCRA counts them.
///
/// The unit is chosen so that a permit takes a whole number of ticks to come: for p permits in
/// q nanoseconds, in lowest terms, a tick is 1/p ns and a permit takes q of them. So nothing is
/// ever rounded. Only where p is above 2^26, or where a burst takes more than 2^58 of those
/// ticks to come, the unit is a power of two and the ticks of a permit are rounded up: the rate
/// is then below the one asked for, by less than one part in 10^7 at any rate up to
/// u32::MAX a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    pub(super) unit: Unit,
    /// The ticks that a permit takes to come: GCRA's emission interval.
    pub(super) interval: u64,
    /// The ticks that a burst takes to come: GCRA's tolerance and one interval.
    pub(super) depth: u64,
}

/// The most ticks that a burst takes to come.
pub(super) const DEEPEST: u64 = 1 << 58;

impl Scale {
    /// For `permits` in `per` nanoseconds.
    pub(super) const fn of(permits: u32, per: u64, burst: u32) -> Self {
        let (permits, per) = (at_least_one(permits as u64), at_least_one(per));
        let burst = at_least_one(burst as u64) as u128;
        let common = gcd(permits, per);
        let (mul, interval) = (permits / common, per / common);
        let depth = interval as u128 * burst;
        if mul <= FINEST && depth <= DEEPEST as u128 {
            return Self {
                unit: Unit::finer(mul),
                interval,
                depth: depth as u64,
            };
        }
        let mut mul = FINEST;
        while mul > 0 {
            let interval = (per as u128 * mul as u128).div_ceil(permits as u128);
            if interval * burst <= DEEPEST as u128 {
                return Self {
                    unit: Unit::finer(mul),
                    interval: interval as u64,
                    depth: (interval * burst) as u64,
                };
            }
            mul /= 2;
        }
        let mut bits = 1;
        loop {
            // One tick more, since a span seems longer by up to one to a clock that rounds.
            let interval = (per as u128).div_ceil((permits as u128) << bits) + 1;
            let depth = interval * burst;
            if depth <= DEEPEST as u128 || bits == COARSEST {
                let deepest = DEEPEST as u128;
                return Self {
                    unit: Unit::coarser(bits),
                    interval: interval as u64,
                    depth: if depth < deepest { depth } else { deepest } as u64,
                };
            }
            bits += 1;
        }
    }

    /// What `cost` permits take; `None` if a burst never has as many.
    #[inline]
    pub(super) const fn charge(&self, cost: u32) -> Option<u64> {
        match self.interval.checked_mul(cost as u64) {
            Some(charge) if charge <= self.depth => Some(charge),
            _ => None,
        }
    }
}

const fn at_least_one(number: u64) -> u64 {
    if number == 0 { 1 } else { number }
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_period_of_no_whole_number_of_nanoseconds_is_exact() {
        for (permits, per) in [
            (3, SECOND),
            (7, 60 * SECOND),
            (17, SECOND),
            (12_345, SECOND),
            (2_000_000_000, SECOND),
            (1, DEEPEST),
            (67_108_859, 1_000),
        ] {
            let scale = Scale::of(permits, per, 1);
            let came = scale.unit.ticks(per);
            assert_eq!(
                came,
                u128::from(permits) * u128::from(scale.interval),
                "{permits} in {per} ns"
            );
            assert_eq!(scale.unit.nanos(came), per);
            assert_eq!(scale.depth, scale.interval);
        }
    }

    #[test]
    fn where_it_cannot_be_exact_the_rate_is_lower_and_hardly_so() {
        for (permits, per, burst) in [
            (u32::MAX, SECOND, u32::MAX),
            (999_999_937, SECOND, 1_000),
            (1_000_003, 31_536_000 * SECOND, 1_000_003),
            (1, 86_400 * SECOND, 1_000_000),
            (u32::MAX, u64::MAX, u32::MAX),
        ] {
            let scale = Scale::of(permits, per, burst);
            assert!(scale.depth <= DEEPEST);
            assert_eq!(scale.depth, scale.interval * u64::from(burst));
            let needed = u128::from(permits) * u128::from(scale.interval);
            let came = scale.unit.ticks(per);
            assert!(needed >= came, "{permits} in {per} ns: too fast");
            assert!(
                needed - came <= came / 10_000_000,
                "{permits} in {per} ns: {needed} and not {came}"
            );
        }
    }

    #[test]
    fn the_largest_burst_of_the_slowest_rate_is_cut_to_what_can_be_counted() {
        let scale = Scale::of(1, u64::MAX, u32::MAX);
        assert_eq!(scale.depth, DEEPEST);
        assert!(scale.charge(1).is_some());
        assert_eq!(scale.charge(u32::MAX), None);
    }

    #[test]
    fn nothing_counts_as_one() {
        assert_eq!(Scale::of(0, 0, 0), Scale::of(1, 1, 1));
    }

    #[test]
    fn a_charge_is_that_of_a_burst_at_most() {
        let scale = Scale::of(10, SECOND, 5);
        assert_eq!(scale.charge(5), Some(scale.depth));
        assert_eq!(scale.charge(6), None);
    }

    #[test]
    fn a_tick_has_not_passed_before_it_has() {
        for unit in [
            Unit::finer(1),
            Unit::finer(3),
            Unit::finer(FINEST),
            Unit::coarser(5),
        ] {
            for ticks in [0, 1, 2, 3, 1_000_003] {
                let nanos = unit.nanos(ticks);
                assert!(unit.ticks(nanos) >= ticks);
                assert!(nanos == 0 || unit.ticks(nanos - 1) < ticks);
            }
        }
        assert_eq!(Unit::finer(1).nanos(u128::MAX), u64::MAX);
        assert_eq!(Unit::coarser(31).nanos(u128::MAX), u64::MAX);
    }

    #[test]
    fn a_unit_survives_being_packed() {
        for unit in [Unit::finer(FINEST), Unit::coarser(COARSEST)] {
            assert_eq!(Unit::from_bits(unit.bits()), unit);
        }
        assert_eq!(Unit::finer(FINEST).ticks(1), u128::from(FINEST));
        assert_eq!(Unit::coarser(COARSEST).ticks((1 << COARSEST) - 1), 0);
        assert_eq!(Unit::coarser(COARSEST).ticks(1 << COARSEST), 1);
    }
}
