//! What the command is told.

use std::path::PathBuf;

use crate::limiter::Algorithm;
use crate::scenario::{self, Scenario};
use crate::suite::{self, REPORTING_SEEDS, TUNING_SEEDS};

pub const USAGE: &str = "\
resilient-simulator [--tune] [--unseen] [ALGORITHM | PART OF A SCENARIO'S NAME]...
resilient-simulator [--tune] --svg DIRECTORY
resilient-simulator storm [--tune] [tried]
resilient-simulator hedging [--tune] [tried]

  --tune    the tuning seeds, not those that are reported
  --unseen  mixes and changes that no rule was tuned on
  --svg     plots, one for each scenario
  storm     retry budgets; tried: with other rules for the default
  hedging   hedges before a fleet of replicas; tried: other rules for them

Algorithms: oracle, \"no limit\", elasticity, aimd, gradient2, vegas; and by name alone: slope, counted.
Scenarios are called as in the table: \"1 steady\", \"CV 2.0\".";

/// What is to be done.
#[derive(Debug)]
pub enum Task {
    Help,
    Storm(Selection),
    Hedging(Selection),
    Plots {
        directory: PathBuf,
        seed: u64,
    },
    Table {
        scenarios: Vec<Scenario>,
        algorithms: Vec<Algorithm>,
        seeds: Vec<u64>,
    },
}

/// Which tables of `storm` or `hedging`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Selection {
    pub seeds: [u64; 5],
    /// Those of the rules that were tried.
    pub tried: bool,
}

impl Selection {
    fn parse(simulation: &str, words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut selection = Self {
            seeds: REPORTING_SEEDS,
            tried: false,
        };
        for word in words {
            match word.as_str() {
                "--tune" => selection.seeds = TUNING_SEEDS,
                "tried" => selection.tried = true,
                _ => return Err(format!("{simulation} knows --tune and tried, not {word:?}")),
            }
        }
        Ok(selection)
    }
}

/// Makes a task of the words after the command's name, or says what is wrong with them.
pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Task, String> {
    let mut seeds = REPORTING_SEEDS;
    let mut unseen = false;
    let mut directory = None;
    let mut algorithms = Vec::new();
    let mut parts = Vec::new();
    let mut words = words.into_iter().peekable();
    if words.next_if_eq("storm").is_some() {
        return Selection::parse("storm", words).map(Task::Storm);
    }
    if words.next_if_eq("hedging").is_some() {
        return Selection::parse("hedging", words).map(Task::Hedging);
    }
    while let Some(word) = words.next() {
        match word.as_str() {
            "--help" | "-h" => return Ok(Task::Help),
            "--tune" => seeds = TUNING_SEEDS,
            "--unseen" => unseen = true,
            "--svg" => {
                let value = words.next().filter(|value| !value.starts_with('-'));
                directory = Some(value.ok_or("--svg needs a directory")?);
            }
            flag if flag.starts_with('-') => return Err(format!("no such flag: {flag}")),
            name => match algorithm(name) {
                Some(algorithm) => algorithms.push(algorithm),
                None => parts.push(word),
            },
        }
    }
    if let Some(directory) = directory {
        if unseen || !algorithms.is_empty() || !parts.is_empty() {
            return Err("--svg draws a fixed set of plots: only --tune goes with it".into());
        }
        return Ok(Task::Plots {
            directory: directory.into(),
            seed: seeds[0],
        });
    }

    if algorithms.is_empty() {
        algorithms = Algorithm::ALL.to_vec();
    }
    let mut scenarios = if unseen {
        suite::unseen()
    } else {
        suite::scenarios()
    };
    let named = |scenario: &Scenario, part: &String| suite::label(scenario).contains(part);
    for part in &parts {
        if !scenarios.iter().any(|scenario| named(scenario, part)) {
            return Err(format!(
                "no algorithm, and no part of a scenario's name: {part:?}"
            ));
        }
    }
    scenarios.retain(|scenario| {
        (parts.is_empty() || parts.iter().any(|part| named(scenario, part)))
            && algorithms
                .iter()
                .any(|&algorithm| scenario::takes_part(scenario, algorithm))
    });
    if scenarios.is_empty() {
        return Err("none of these algorithms takes part in one of these scenarios".into());
    }
    Ok(Task::Table {
        scenarios,
        algorithms,
        seeds: seeds.to_vec(),
    })
}

fn algorithm(name: &str) -> Option<Algorithm> {
    let mut all = Algorithm::ALL.into_iter().chain(Algorithm::TRIED);
    all.find(|algorithm| algorithm.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(words: &[&str]) -> Result<Task, String> {
        parse(words.iter().map(|&word| word.to_owned()))
    }

    fn selected(words: &[&str]) -> (usize, Vec<Algorithm>) {
        match told(words) {
            Ok(Task::Table {
                scenarios,
                algorithms,
                ..
            }) => (scenarios.len(), algorithms),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_a_word_the_table_is_whole_and_earlier_rules_are_not_in_it() {
        let whole = (suite::scenarios().len(), Algorithm::ALL.to_vec());
        assert_eq!(selected(&[]), whole);
    }

    #[test]
    fn words_select_algorithms_and_scenarios() {
        assert_eq!(
            selected(&["slope", "counted", "1 steady", "two workers"]),
            (5 + 2, Algorithm::TRIED.to_vec())
        );
    }

    #[test]
    fn what_is_not_understood_or_selects_nothing_is_an_error() {
        let rows: [(&[&str], &str); 6] = [
            (&["--tine"], "no such flag: --tine"),
            (
                &["elasticty"],
                "no algorithm, and no part of a scenario's name: \"elasticty\"",
            ),
            (
                &["1 steady", "1 stready"],
                "no algorithm, and no part of a scenario's name: \"1 stready\"",
            ),
            (
                &["oracle", "ten clients"],
                "none of these algorithms takes part in one of these scenarios",
            ),
            (&["--svg"], "--svg needs a directory"),
            (
                &["--svg", "plots", "elasticity"],
                "--svg draws a fixed set of plots: only --tune goes with it",
            ),
        ];
        for (words, wrong) in rows {
            assert_eq!(told(words).unwrap_err(), wrong, "{words:?}");
        }
    }

    #[test]
    fn a_simulation_takes_its_words_and_no_others() {
        let Ok(Task::Storm(plain)) = told(&["storm"]) else {
            panic!("no storm");
        };
        assert_eq!((plain.seeds, plain.tried), (REPORTING_SEEDS, false));
        let Ok(Task::Hedging(tuned)) = told(&["hedging", "tried", "--tune"]) else {
            panic!("no hedging");
        };
        assert_eq!((tuned.seeds, tuned.tried), (TUNING_SEEDS, true));
        for simulation in ["storm", "hedging"] {
            assert_eq!(
                told(&[simulation, "tired"]).unwrap_err(),
                format!("{simulation} knows --tune and tried, not \"tired\"")
            );
        }
    }

    #[test]
    fn the_unseen_mixes_have_names_of_their_own() {
        assert!(told(&["8 load"]).is_err());
        assert_eq!(selected(&["--unseen", "8 load", "vegas"]).0, 7);
    }
}
