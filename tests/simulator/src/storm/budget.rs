//! Who decides whether a call that failed is tried again.

use std::fmt;

use resilient_runtime::RetryBudget;

use super::ours::Ours;
use super::peers::{concurrency, ratio, window};
use super::tried;
use crate::limiter::Nanos;

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    Error,
    TimedOut,
}

/// The budget of one process.
pub trait Budget: fmt::Debug {
    /// A call begins.
    fn asked(&mut self, _now: Nanos) {}

    /// An attempt begins; whether it is a retry.
    fn sent(&mut self, _retry: bool) {}

    /// It has ended.
    fn ended(&mut self, _retry: bool) {}

    /// The call ended well. For a retry, how the attempt before it failed.
    fn succeeded(&mut self, _now: Nanos, _after: Option<Failure>) {}

    /// An attempt failed, be it the last or not.
    fn failed(&mut self) {}

    /// Whether there is to be a pause and a retry.
    fn allows(&mut self, now: Nanos, failure: Failure) -> bool;

    /// Whether there is a retry after the pause.
    fn still_allows(&mut self) -> bool {
        true
    }

    /// The call has ended, well or not.
    fn over(&mut self) {}
}

/// No retries, or as many as there are attempts.
#[derive(Debug)]
struct Always(bool);

impl Budget for Always {
    fn allows(&mut self, _now: Nanos, _failure: Failure) -> bool {
        self.0
    }
}

/// Which budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    NoRetries,
    NoBudget,
    Default,
    Strict,
    Tower,
    TowerWithoutReserve,
    Finagle,
    Grpc,
    Aws,
    Aws21,
    Envoy,
    Failsafe,
    Sre,
    Tried(tried::Rule),
}

impl Policy {
    pub const ALL: [Self; 13] = [
        Self::NoRetries,
        Self::NoBudget,
        Self::Default,
        Self::Strict,
        Self::Tower,
        Self::TowerWithoutReserve,
        Self::Finagle,
        Self::Grpc,
        Self::Aws,
        Self::Aws21,
        Self::Envoy,
        Self::Failsafe,
        Self::Sre,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::NoRetries => "no retries",
            Self::NoBudget => "no budget",
            Self::Default => "**default**",
            Self::Strict => "**strict**",
            Self::Tower => "tower",
            Self::TowerWithoutReserve => "tower, reserve 0",
            Self::Finagle => "finagle",
            Self::Grpc => "gRPC A6",
            Self::Aws => "AWS standard",
            Self::Aws21 => "AWS 2.1",
            Self::Envoy => "Envoy",
            Self::Failsafe => "failsafe-go",
            Self::Sre => "SRE, 10 % in 60 s",
            Self::Tried(rule) => rule.name(),
        }
    }

    /// One for a process, with the defaults of its project.
    pub fn build(self) -> Box<dyn Budget> {
        match self {
            Self::NoRetries => Box::new(Always(false)),
            Self::NoBudget => Box::new(Always(true)),
            Self::Default => Box::new(Ours(RetryBudget::new())),
            Self::Strict => Box::new(Ours(RetryBudget::strict())),
            Self::Tower => Box::new(window::Windowed::tower(10, 0.2)),
            Self::TowerWithoutReserve => Box::new(window::Windowed::tower(0, 0.2)),
            Self::Finagle => Box::new(window::Windowed::finagle(10, 0.2)),
            Self::Grpc => Box::new(ratio::Grpc::default()),
            Self::Aws => Box::new(ratio::Aws::standard()),
            Self::Aws21 => Box::new(ratio::Aws::new_in_botocore()),
            Self::Envoy => Box::new(concurrency::Envoy::default()),
            Self::Failsafe => Box::new(concurrency::Failsafe::default()),
            Self::Sre => Box::new(window::Sre::default()),
            Self::Tried(rule) => rule.build(),
        }
    }
}
