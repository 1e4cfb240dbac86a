//! The budgets of others, with their published defaults.

pub mod concurrency;
pub mod ratio;
pub mod window;

#[cfg(test)]
mod tests {
    use crate::storm::{Failure, Policy};

    /// How many retries there are at once while nothing succeeds.
    fn at_once(policy: Policy) -> usize {
        let mut budget = policy.build();
        let mut next = || {
            budget.failed();
            budget.allows(0, Failure::Error)
        };
        (0..1000).take_while(|_| next()).count()
    }

    #[test]
    fn each_has_what_its_defaults_leave_it_without_a_success() {
        assert_eq!(at_once(Policy::NoRetries), 0);
        assert_eq!(at_once(Policy::NoBudget), 1000);
        assert_eq!(at_once(Policy::Default), 100);
        assert_eq!(at_once(Policy::Strict), 10);
        // Ten a second, for ten seconds.
        assert_eq!(at_once(Policy::Tower), 100);
        assert_eq!(at_once(Policy::TowerWithoutReserve), 0);
        assert_eq!(at_once(Policy::Finagle), 100);
        // The fifth failure leaves half, and more than half is asked for.
        assert_eq!(at_once(Policy::Grpc), 4);
        assert_eq!(at_once(Policy::Aws), 100);
        assert_eq!(at_once(Policy::Aws21), 35);
        assert_eq!(at_once(Policy::Envoy), 3);
        assert_eq!(at_once(Policy::Failsafe), 1000);
        assert_eq!(at_once(Policy::Sre), 0);
    }

    #[test]
    fn towers_deposits_are_gone_after_ten_seconds_and_its_reserve_is_there_again() {
        let second = 1_000_000_000;
        let mut budget = Policy::Tower.build();
        for _ in 0..50 {
            budget.succeeded(0, None);
        }
        let taken = |budget: &mut dyn crate::storm::Budget, now| {
            (0..)
                .take_while(|_| budget.allows(now, Failure::Error))
                .count()
        };
        assert_eq!(taken(budget.as_mut(), 0), 110);
        assert_eq!(taken(budget.as_mut(), 5 * second), 0);
        assert_eq!(taken(budget.as_mut(), 20 * second), 100);
    }
}
