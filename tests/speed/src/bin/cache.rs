//! Measures what a user of the cache feels of its attributes.
//!
//! ```text
//! cargo run --release --manifest-path tests/speed/Cargo.toml --features cache --bin cache                          the tables
//! cargo run --release --manifest-path tests/speed/Cargo.toml --features cache --bin cache -- --quick               in short
//! cargo run --release --manifest-path tests/speed/Cargo.toml --features cache --bin cache -- --write docs/speed    as cache.md
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use resilient_speed::cache::judge::{Verdict, judge};
use resilient_speed::cache::measure::measure;
use resilient_speed::cache::page;
use resilient_speed::machine;

const USAGE: &str = "\
cache [--quick]
cache --write DIRECTORY

  --quick   a few rounds: enough to see an order of magnitude
  --write   the tables, as cache.md

It ends with 1 if a target is missed, and with 2 if there is no telling.";

/// With fewer the control is often off by as much as the targets ask for.
const ROUNDS: usize = 300;
const QUICK_ROUNDS: usize = 12;

const MISSED: u8 = 1;
const WRONG: u8 = 2;

const CRATES: [&str; 5] = ["tonic", "hyper", "h2", "tokio", "moka"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (rounds, directory) = match arguments[..] {
        [] => (ROUNDS, None),
        ["--quick"] => (QUICK_ROUNDS, None),
        ["--write", directory] => (ROUNDS, Some(PathBuf::from(directory))),
        ["--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(WRONG);
        }
    };
    match run(rounds, directory.as_deref()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(WRONG)
        }
    }
}

// As `#[tokio::main]` makes it, which the demo has.
#[tokio::main]
async fn run(rounds: usize, directory: Option<&Path>) -> Result<ExitCode, Box<dyn Error>> {
    let all = measure(rounds).await?;
    let text = format!(
        "# What a user of the cache feels\n\n{}\n{}",
        machine::described(&CRATES),
        page::tables(&all)
    );
    match directory {
        None => print!("{text}"),
        Some(directory) => {
            std::fs::create_dir_all(directory)?;
            std::fs::write(directory.join("cache.md"), text)?;
        }
    }
    let verdicts: Vec<Verdict> = all.iter().flat_map(judge).collect();
    Ok(if verdicts.contains(&Verdict::Missed) {
        ExitCode::from(MISSED)
    } else if verdicts.contains(&Verdict::Unknown) {
        ExitCode::from(WRONG)
    } else {
        ExitCode::SUCCESS
    })
}
