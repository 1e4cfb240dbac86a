//! Measures ours and the peers, and prints the tables.
//!
//! ```text
//! cargo run --release --manifest-path tests/speed/Cargo.toml                           all tables
//! cargo run --release --manifest-path tests/speed/Cargo.toml -- --quick retry          some, in short
//! cargo run --release --manifest-path tests/speed/Cargo.toml -- --write docs/speed     as files
//! ```

use std::path::Path;
use std::process::ExitCode;

use resilient_speed::allocations::Counting;
use resilient_speed::arguments::{Task, USAGE};
use resilient_speed::case::Case;
use resilient_speed::measure::{self, Figures};
use resilient_speed::{chart, machine, paths, table, targets};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MISSED: u8 = 1;
const WRONG: u8 = 2;

fn main() -> ExitCode {
    let task = match Task::parse(std::env::args().skip(1)) {
        Ok(Some(task)) => task,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            eprintln!("{wrong}\n\n{USAGE}");
            return ExitCode::from(WRONG);
        }
    };
    let cases: Vec<Case> = paths::all()
        .into_iter()
        .filter(|case| task.takes(case))
        .collect();
    if cases.iter().all(Case::is_yardstick) {
        eprintln!("no case has such a name");
        return ExitCode::from(WRONG);
    }
    let figures = measure::measure(&cases, task.effort);
    let judged = targets::judge(&figures);
    let text = format!(
        "{}\n{}## Targets\n\n{}",
        machine::described(&machine::PEERS),
        table::tables(&figures),
        targets::table(&judged)
    );
    match task.directory {
        None => print!("{text}"),
        Some(directory) => {
            if let Err(error) = write(&directory, &text, &figures) {
                eprintln!("{}: {error}", directory.display());
                return ExitCode::from(WRONG);
            }
        }
    }
    if judged.iter().all(|one| one.met) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(MISSED)
    }
}

fn write(directory: &Path, text: &str, figures: &[Figures]) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    std::fs::write(directory.join("results.md"), format!("# Figures\n\n{text}"))?;
    if let Some(chart) = chart::chart(figures) {
        std::fs::write(directory.join("stack.svg"), chart)?;
    }
    Ok(())
}
