//! All cases, in rounds: what a noisy machine does to one, it does to its neighbours too.

use std::time::Duration;

use crate::allocations::{self, Allocated};
use crate::body::Body;
use crate::case::{Case, Path, Whose};
use crate::sample::Stage;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    pub rounds: usize,
    pub sample: Duration,
}

impl Effort {
    pub const FULL: Self = Self {
        rounds: 31,
        sample: Duration::from_millis(3),
    };
    pub const QUICK: Self = Self {
        rounds: 7,
        sample: Duration::from_millis(1),
    };
}

/// Nanoseconds in each round; none where no sample was clean.
pub type Rounds = Vec<Option<f64>>;

/// What was found out about a case.
#[derive(Debug)]
pub struct Figures {
    pub path: Path,
    pub body: Body,
    pub whose: Whose,
    pub name: &'static str,
    pub size: usize,
    pub allocated: Allocated,
    /// A call, in one task on one thread.
    pub call: Rounds,
    /// A call, in one task on two threads.
    pub alone: Rounds,
    /// From one call to the next, in two tasks that share the object.
    pub beside: Rounds,
}

/// Attempts to get a clean sample in a round.
const ATTEMPTS: usize = 8;

/// Measures these cases.
#[must_use]
pub fn measure(cases: &[Case], effort: Effort) -> Vec<Figures> {
    let one = Stage::one_thread();
    let mut figures: Vec<_> = cases.iter().map(|case| begun(&one, case)).collect();
    let calls: Vec<_> = cases
        .iter()
        .map(|case| enough(&one, case, effort))
        .collect();
    for round in 0..effort.rounds {
        for at in order(cases.len(), round) {
            let ns = clean(&one, &cases[at], calls[at], 1);
            figures[at].call.push(ns);
        }
    }
    // Only now is there a second thread.
    let two = Stage::two_threads();
    for round in 0..effort.rounds {
        for at in order(cases.len(), round).filter(|&at| cases[at].shared) {
            let (alone, beside) = (
                clean(&two, &cases[at], calls[at], 1),
                clean(&two, &cases[at], calls[at], two.tasks()),
            );
            figures[at].alone.push(alone);
            figures[at].beside.push(beside);
        }
    }
    figures
}

/// Warmed up, and what is the same each time.
fn begun(one: &Stage, case: &Case) -> Figures {
    let _ = one.sample(case, case.warm, 1);
    Figures {
        path: case.path,
        body: case.body,
        whose: case.whose,
        name: case.name,
        size: one.size(case),
        allocated: allocations::by_call(one, case),
        call: Vec::new(),
        alone: Vec::new(),
        beside: Vec::new(),
    }
}

/// How many calls a sample needs.
fn enough(one: &Stage, case: &Case, effort: Effort) -> u64 {
    let mut calls = 1_000;
    loop {
        let took = one.sample(case, calls, 1).took;
        if took * 4 > effort.sample {
            let more = effort.sample.as_secs_f64() / took.as_secs_f64();
            return ((calls as f64 * more) as u64).max(1);
        }
        calls *= 2;
    }
}

/// Forth in one round and back in the next.
fn order(cases: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..cases).map(move |at| {
        if round.is_multiple_of(2) {
            at
        } else {
            cases - 1 - at
        }
    })
}

fn clean(stage: &Stage, case: &Case, calls: u64, tasks: usize) -> Option<f64> {
    (0..ATTEMPTS)
        .map(|_| stage.sample(case, calls, tasks))
        .find(|sample| sample.clean)
        .map(|sample| sample.took.as_secs_f64() * 1e9 / (calls * tasks as u64) as f64)
}
