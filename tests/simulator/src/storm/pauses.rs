//! The pauses between the attempts, drawn by the real retry.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::time::Duration;

use resilient_runtime::{Jitter, Retry, Rules, testing};

use crate::limiter::Nanos;
use crate::random::Random;

/// How often a call is tried at most.
pub const ATTEMPTS: u32 = 4;

const DRAWS: usize = 4096;

/// What the retry draws: for each draw the pauses before the second, the third and the fourth attempt.
#[derive(Debug)]
pub struct Pauses(Vec<[Nanos; ATTEMPTS as usize - 1]>);

/// Exponential from 50 ms to a second, with full jitter.
fn retry() -> Retry {
    Retry::new(ATTEMPTS)
        .exponential()
        .delay(Duration::from_millis(50))
        .max_delay(Duration::from_secs(1))
        .jitter(Jitter::Full)
}

impl Pauses {
    /// The same on every machine: the runtime's randomness in a test is.
    pub fn draw() -> Self {
        let draws = testing::isolated(async { (0..DRAWS).map(|_| draw()).collect() });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime, for the timers of pauses that nobody waits for");
        Self(runtime.block_on(draws))
    }

    /// The pause after an attempt, by the seed of the run.
    pub fn after(&self, attempt: u32, random: &mut Random) -> Nanos {
        let place = (random.unit() * DRAWS as f64) as usize % DRAWS;
        self.0[place][attempt as usize - 1]
    }
}

fn draw() -> [Nanos; ATTEMPTS as usize - 1] {
    let delay = Cell::new(Duration::ZERO);
    let rules = Rules::<Result<(), &str>>::new().on_retry(|retry| delay.set(retry.delay()));
    let mut attempts = retry().attempts();
    std::array::from_fn(|_| match attempts.next_by(Err::<(), _>("down"), &rules) {
        ControlFlow::Continue(_) => delay.get().as_nanos() as Nanos,
        ControlFlow::Break(_) => unreachable!("there is another attempt"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_are_spread_and_are_the_same_again() {
        let pauses = Pauses::draw();
        for (retry, longest) in [50, 100, 200].into_iter().enumerate() {
            let drawn = || pauses.0.iter().map(|draw| draw[retry]);
            let longest = f64::from(longest) * 1e6;
            let mean = drawn().sum::<Nanos>() as f64 / DRAWS as f64;
            assert!((mean / longest - 0.5).abs() < 0.02, "{mean}");
            assert!(drawn().all(|pause| pause as f64 <= longest));
        }
        assert_eq!(Pauses::draw().0, pauses.0);
    }
}
