//! What `hedging` prints.

use std::fmt::Write;

use super::suite::{self, CLIENTS, CONTESTANTS, TRIED};
use super::{table, targets};
use crate::suite::{REPORTING_SEEDS, TUNING_SEEDS};

/// What it is told.
#[derive(Debug)]
pub struct Hedging {
    seeds: [u64; 5],
    tried: bool,
}

impl Hedging {
    /// Of the words after `hedging`.
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut hedging = Self {
            seeds: REPORTING_SEEDS,
            tried: false,
        };
        for word in words {
            match word.as_str() {
                "--tune" => hedging.seeds = TUNING_SEEDS,
                "tried" => hedging.tried = true,
                _ => return Err(format!("hedging knows --tune and tried, not {word:?}")),
            }
        }
        Ok(hedging)
    }

    /// The tables, and every target that is missed.
    pub fn run(&self) -> (String, Vec<String>) {
        if self.tried {
            let rows = suite::run(&TRIED, &CLIENTS, &self.seeds);
            return (table::whole(&rows), Vec::new());
        }
        let rows = suite::run(&CONTESTANTS, &CLIENTS, &self.seeds);
        let misses = targets::misses(&rows);
        let mut text = table::whole(&rows);
        for miss in &misses {
            let _ = writeln!(text, "Missed: {miss}");
        }
        if misses.is_empty() {
            text.push_str("Every target is met.\n");
        }
        (text, misses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(words: &[&str]) -> Result<Hedging, String> {
        Hedging::parse(words.iter().map(|&word| word.to_owned()))
    }

    #[test]
    fn it_takes_its_words_and_no_others() {
        assert_eq!(told(&[]).unwrap().seeds, REPORTING_SEEDS);
        let tune = told(&["tried", "--tune"]).unwrap();
        assert_eq!((tune.seeds, tune.tried), (TUNING_SEEDS, true));
        assert_eq!(
            told(&["tired"]).unwrap_err(),
            "hedging knows --tune and tried, not \"tired\""
        );
    }
}
