//! What `storm` prints.

use std::fmt::Write;

use super::budget::Policy;
use super::ratio::{self, RATIOS};
use super::tried::Rule;
use super::{suite, table, targets};
use crate::suite::{REPORTING_SEEDS, TUNING_SEEDS};

/// What it is told.
#[derive(Debug)]
pub struct Storm {
    seeds: [u64; 5],
    tried: bool,
}

impl Storm {
    /// Of the words after `storm`.
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut storm = Self {
            seeds: REPORTING_SEEDS,
            tried: false,
        };
        for word in words {
            match word.as_str() {
                "--tune" => storm.seeds = TUNING_SEEDS,
                "tried" => storm.tried = true,
                _ => return Err(format!("storm knows --tune and tried, not {word:?}")),
            }
        }
        Ok(storm)
    }

    /// The tables, and every target that is missed.
    pub fn run(&self) -> (String, Vec<String>) {
        if self.tried {
            return (self.others(), Vec::new());
        }
        let rows = suite::run(&Policy::ALL, &self.seeds);
        let measured = RATIOS.map(|ratio| ratio::measure(ratio, self.seeds[0]));
        let mut misses = targets::misses(&rows);
        misses.extend(targets::inexact(&measured));
        let mut text = format!(
            "{}\n{}\n{}\n",
            table::whole(&rows),
            table::further(&rows),
            table::ratios(&measured)
        );
        for miss in &misses {
            let _ = writeln!(text, "Missed: {miss}");
        }
        if misses.is_empty() {
            text.push_str("Every target is met.\n");
        }
        (text, misses)
    }

    /// The budgets of the runtime beside the rules that were tried for the default.
    fn others(&self) -> String {
        let mut policies = vec![Policy::Default, Policy::Strict];
        policies.extend(Rule::ALL.map(Policy::Tried));
        let rows = suite::run(&policies, &self.seeds);
        format!(
            "{}\n{}\n{}",
            table::whole(&rows),
            table::further(&rows),
            table::quiet(&policies)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(words: &[&str]) -> Result<Storm, String> {
        Storm::parse(words.iter().map(|&word| word.to_owned()))
    }

    #[test]
    fn it_takes_its_words_and_no_others() {
        assert_eq!(told(&[]).unwrap().seeds, REPORTING_SEEDS);
        let tune = told(&["tried", "--tune"]).unwrap();
        assert_eq!((tune.seeds, tune.tried), (TUNING_SEEDS, true));
        assert_eq!(
            told(&["tired"]).unwrap_err(),
            "storm knows --tune and tried, not \"tired\""
        );
    }
}
