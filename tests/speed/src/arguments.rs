//! What the command is told.

use std::path::PathBuf;

use crate::case::Case;
use crate::measure::Effort;

pub const USAGE: &str = "\
resilient-speed [--quick] [PART OF A NAME]...
resilient-speed --write DIRECTORY

  --quick   few short rounds: enough to see an order of magnitude
  --write   the tables and the chart, as files

Names are those of the tables: \"retry\", \"governor\", \"yields once\". A case is measured if any word
is part of its name; the bare call and the floors always are. It ends with 1 if a target is missed.";

/// What is to be done.
#[derive(Debug, PartialEq)]
pub struct Task {
    pub effort: Effort,
    /// Where files are written; nowhere by default.
    pub directory: Option<PathBuf>,
    words: Vec<String>,
}

impl Task {
    /// `None` asks for help.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Option<Self>, String> {
        let mut task = Self {
            effort: Effort::FULL,
            directory: None,
            words: Vec::new(),
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--help" | "-h" => return Ok(None),
                "--quick" => task.effort = Effort::QUICK,
                "--write" => {
                    let directory = arguments.next().ok_or("--write needs a directory")?;
                    task.directory = Some(directory.into());
                }
                flag if flag.starts_with('-') => return Err(format!("unknown flag {flag}")),
                word => task.words.push(word.to_owned()),
            }
        }
        if task.directory.is_some() && (task.effort != Effort::FULL || !task.words.is_empty()) {
            return Err("what is written down is the whole run: --write stands alone".to_owned());
        }
        Ok(Some(task))
    }

    /// Whether this case is measured.
    #[must_use]
    pub fn takes(&self, case: &Case) -> bool {
        let id = case.id();
        self.words.is_empty()
            || case.is_yardstick()
            || self.words.iter().any(|word| id.contains(word.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &str) -> Result<Option<Task>, String> {
        Task::parse(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn no_part_of_the_figures_is_written_down() {
        assert!(parsed("--write docs/speed").is_ok());
        assert!(parsed("--write docs/speed --quick").is_err());
        assert!(parsed("--write docs/speed retry").is_err());
    }

    #[test]
    fn what_means_nothing_is_refused() {
        assert!(parsed("--slow").is_err());
        assert!(parsed("--write").is_err());
    }
}
