//! Prints the table of all scenarios, algorithms and seeds, the worst seed of each.
//!
//! ```text
//! cargo run --release -p resilient-simulator                    the reporting seeds
//! cargo run --release -p resilient-simulator -- --tune          the tuning seeds
//! cargo run --release -p resilient-simulator -- --svg DIR       the plots, one for each scenario
//! cargo run --release -p resilient-simulator -- --unseen        mixes that no rule was tuned on
//! cargo run --release -p resilient-simulator -- elasticity "CV 2.0"   some algorithms, some scenarios
//! ```

use std::path::Path;
use std::process::ExitCode;

use resilient_simulator::limiter::Algorithm;
use resilient_simulator::scenario::{self, Scenario};
use resilient_simulator::suite::{self, REPORTING_SEEDS, TUNING_SEEDS};
use resilient_simulator::svg;
use resilient_simulator::targets;

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let mut flag = |name: &str| {
        let found = words.iter().position(|word| word == name);
        found.map(|at| words.remove(at)).is_some()
    };
    let seeds = if flag("--tune") {
        TUNING_SEEDS
    } else {
        REPORTING_SEEDS
    };
    let unseen = flag("--unseen");
    if flag("--svg") {
        let directory = words.first().map_or(".", String::as_str);
        return match plots(Path::new(directory), seeds[0]) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{directory}: {error}");
                ExitCode::FAILURE
            }
        };
    }

    let named = |algorithm: &Algorithm| words.contains(&algorithm.name());
    let mut algorithms: Vec<Algorithm> = Algorithm::ALL.into_iter().filter(named).collect();
    words.retain(|word| !algorithms.iter().any(|algorithm| algorithm.name() == *word));
    if algorithms.is_empty() {
        algorithms = Algorithm::ALL.to_vec();
    }
    let mut scenarios = if unseen {
        suite::unseen()
    } else {
        suite::scenarios()
    };
    scenarios.retain(|scenario| {
        let label = suite::label(scenario);
        words.is_empty() || words.iter().any(|word| label.contains(word.as_str()))
    });
    let rows = suite::run(&scenarios, &algorithms, &seeds);
    print!("{}", suite::table(&rows));
    let misses = targets::misses(&rows);
    for miss in &misses {
        println!("\nMissed: {miss}");
    }
    if misses.is_empty() {
        println!("\nEvery target is met.");
    }
    ExitCode::SUCCESS
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
