//! Prints the table of all scenarios, algorithms and seeds, the worst seed of each.
//!
//! ```text
//! cargo run --release -p resilient-simulator                    the reporting seeds
//! cargo run --release -p resilient-simulator -- --tune          the tuning seeds
//! cargo run --release -p resilient-simulator -- --svg DIR       the plots, one for each scenario
//! cargo run --release -p resilient-simulator -- --unseen        mixes that no rule was tuned on
//! cargo run --release -p resilient-simulator -- elasticity "CV 2.0"   some algorithms, some scenarios
//! cargo run --release -p resilient-simulator -- storm           retry budgets
//! cargo run --release -p resilient-simulator -- hedging         hedges
//! ```
//!
//! It ends with 1 if a target is missed, and with 2 if it cannot do what it was told.

use std::path::Path;
use std::process::ExitCode;

use resilient_simulator::arguments::{self, Task, USAGE};
use resilient_simulator::hedging::command as hedging;
use resilient_simulator::scenario::{self, Scenario};
use resilient_simulator::storm::command as storm;
use resilient_simulator::suite;
use resilient_simulator::svg;
use resilient_simulator::targets::{self, Judged};

const MISSED: u8 = 1;
const WRONG: u8 = 2;

fn main() -> ExitCode {
    match arguments::parse(std::env::args().skip(1)) {
        Ok(Task::Help) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Ok(Task::Storm(selection)) => printed(storm::run(&selection)),
        Ok(Task::Hedging(selection)) => printed(hedging::run(&selection)),
        Ok(Task::Plots { directory, seed }) => match plots(&directory, seed) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{}: {error}", directory.display());
                ExitCode::from(WRONG)
            }
        },
        Ok(Task::Table {
            scenarios,
            algorithms,
            seeds,
        }) => {
            let rows = suite::run(&scenarios, &algorithms, &seeds);
            let judged = targets::judge(&rows);
            print!("{}\n{judged}", suite::table(&rows));
            ending(&judged)
        }
        Err(wrong) => {
            eprintln!("{wrong}\n\n{USAGE}");
            ExitCode::from(WRONG)
        }
    }
}

fn printed((text, misses): (String, Vec<String>)) -> ExitCode {
    print!("{text}");
    ending(&Judged {
        misses,
        ..Judged::default()
    })
}

fn ending(judged: &Judged) -> ExitCode {
    if judged.misses.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(MISSED)
    }
}

fn plots(directory: &Path, seed: u64) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    for scenario in suite::plotted() {
        let name = file_name(&scenario);
        let algorithms = scenario::contestants(&scenario);
        std::fs::write(
            directory.join(&name),
            svg::plot(&scenario, &algorithms, seed),
        )?;
        println!("{name}");
    }
    Ok(())
}

/// The scenario's name, in letters, digits and dashes.
fn file_name(scenario: &Scenario) -> String {
    let mut name = String::new();
    for letter in scenario.name.chars() {
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    format!("{name}.svg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_target_ends_it_with_1_and_what_is_not_asserted_does_not() {
        let missed = Judged {
            misses: vec!["goodput 0.5, not 0.98".into()],
            ..Judged::default()
        };
        assert_eq!(ending(&missed), ExitCode::from(1));
        let beyond = Judged {
            beyond: vec!["p99 1.5 times the oracle's, not 1.3".into()],
            ..Judged::default()
        };
        assert_eq!(ending(&beyond), ExitCode::SUCCESS);
    }
}
