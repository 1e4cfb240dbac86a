//! Decisions that hang on nothing but a seed, a place and a number.

use super::settings::Fault;
use crate::random::{STEP, mix};

/// What is decided over one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) latency: bool,
    pub(super) error: bool,
    pub(super) panic: bool,
}

/// Each fault draws for itself.
#[derive(Clone, Copy)]
enum Draw {
    Latency = 1,
    Error = 2,
    Panic = 3,
}

impl Decision {
    /// Over the call of this number, counted from zero, at the site of this name.
    ///
    /// Nothing else goes in: not the thread, not what was drawn before.
    pub(super) fn of(fault: &Fault, seed: u64, site: &str, call: u64) -> Self {
        let site = mix(seed ^ hash(site));
        let happens = |draw: Draw, rate| unit(site, draw, call) < rate;
        Self {
            latency: happens(Draw::Latency, fault.latency_rate)
                && fault.latency.is_some_and(|latency| !latency.is_zero()),
            error: happens(Draw::Error, fault.rate_of_errors()),
            panic: happens(Draw::Panic, fault.panic_rate),
        }
    }
}

/// Uniform in `0.0..1.0`, so that a rate of zero never happens and one of one always does.
fn unit(site: u64, draw: Draw, call: u64) -> f64 {
    let stream = mix(site.wrapping_add((draw as u64).wrapping_mul(STEP)));
    let drawn = mix(stream.wrapping_add(call.wrapping_mul(STEP)));
    // 53 bits, the precision of the mantissa.
    (drawn >> 11) as f64 / (1_u64 << 53) as f64
}

/// FNV-1a (Fowler, Noll, Vo), which is the same in every build: a seed stays good.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const CALLS: u64 = 20_000;

    fn decisions(fault: &Fault, seed: u64) -> Vec<Decision> {
        (0..CALLS)
            .map(|call| Decision::of(fault, seed, "shop::stock", call))
            .collect()
    }

    fn share(decisions: &[Decision], what: impl Fn(&Decision) -> bool) -> f64 {
        decisions.iter().filter(|decision| what(decision)).count() as f64 / CALLS as f64
    }

    /// Within three standard deviations of a binomial share.
    fn is_near(observed: f64, rate: f64) -> bool {
        let sigma = (rate * (1.0 - rate) / CALLS as f64).sqrt();
        (observed - rate).abs() <= 3.0 * sigma
    }

    #[test]
    fn faults_come_at_their_rates_and_independently() {
        let fault = Fault::new()
            .error_rate(0.05)
            .latency(Duration::from_secs(1))
            .latency_rate(0.2)
            .panic_rate(0.5);
        let decisions = decisions(&fault, 7);
        let share = |what: fn(&Decision) -> bool| share(&decisions, what);
        assert!(is_near(share(|d| d.error), 0.05));
        assert!(is_near(share(|d| d.latency), 0.2));
        assert!(is_near(share(|d| d.panic), 0.5));
        assert!(is_near(share(|d| d.error && d.latency), 0.01));
        assert!(is_near(share(|d| d.error && d.panic), 0.025));
        assert!(is_near(share(|d| d.latency && d.panic), 0.1));
        assert!(is_near(share(|d| d.error || d.latency), 0.24));
    }

    #[test]
    fn a_fault_does_not_hang_on_the_one_before() {
        let decisions = decisions(&Fault::new().error_rate(0.3), 1);
        let pairs = decisions
            .windows(2)
            .filter(|d| d[0].error && d[1].error)
            .count();
        assert!(is_near(pairs as f64 / CALLS as f64, 0.09));
    }

    #[test]
    fn seeds_sites_and_calls_decide_differently() {
        let fault = Fault::new().error_rate(0.5);
        let list = |seed, site| -> Vec<_> {
            (0..64)
                .map(|call| Decision::of(&fault, seed, site, call))
                .collect()
        };
        assert_ne!(list(1, "a"), list(2, "a"));
        assert_ne!(list(1, "a"), list(1, "b"));
        assert_eq!(list(1, "a"), list(1, "a"));
    }

    #[test]
    fn a_latency_of_nothing_is_none() {
        let fault = Fault::new();
        assert!(!Decision::of(&fault, 0, "", 0).latency);
        assert!(!Decision::of(&fault.latency(Duration::ZERO), 0, "", 0).latency);
    }

    /// A seed that somebody wrote down decides the same in every later version.
    #[test]
    fn a_seed_stays_good() {
        let fault = Fault::new().error_rate(0.5);
        let list: String = (0..16)
            .map(|call| Decision::of(&fault, 42, "shop::stock", call))
            .map(|decision| if decision.error { 'x' } else { '.' })
            .collect();
        assert_eq!(list, ".x.xxxx.xxx..xx.");
    }

    proptest! {
        #[test]
        fn never_and_always_are_kept(seed: u64, call: u64, site in ".{0,20}") {
            let never = Fault::new().latency(Duration::from_secs(1)).latency_rate(0.0);
            let decision = Decision::of(&never, seed, &site, call);
            prop_assert!(!decision.latency && !decision.error && !decision.panic);
            let always = never.latency_rate(1.0).error_rate(1.0).panic_rate(1.0);
            let decision = Decision::of(&always, seed, &site, call);
            prop_assert!(decision.latency && decision.error && decision.panic);
        }

        #[test]
        fn any_rate_is_met(rate in 0.0..=1.0, seed: u64) {
            let decisions = decisions(&Fault::new().error_rate(rate), seed);
            // Five standard deviations: over many rates and seeds, three are left now and then.
            let sigma = (rate * (1.0 - rate) / CALLS as f64).sqrt();
            prop_assert!((share(&decisions, |d| d.error) - rate).abs() <= 5.0 * sigma);
        }
    }
}
