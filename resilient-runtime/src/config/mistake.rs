//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::PathBuf;

/// Why a configuration was not taken: everything that is wrong with it. What held before still does.
///
/// Printed it is one line for each mistake:
///
/// ```text
/// resilience.toml:12:1: ["cache_demo::client::*".retry] conut: no such knob; the nearest is `count`
/// RESILIENT__RETRY__COUNT: takes a whole number, at least 1
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(Vec<Mistake>);

impl ConfigError {
    /// `None` if nothing is wrong.
    pub(super) fn of(mut mistakes: Vec<Mistake>) -> Option<Self> {
        mistakes.sort();
        mistakes.dedup();
        (!mistakes.is_empty()).then_some(Self(mistakes))
    }

    pub(super) fn one(mistake: Mistake) -> Self {
        Self(vec![mistake])
    }

    /// All of them, at least one: by file, line and column, then by variable.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        &self.0
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    at: At,
    message: String,
}

impl Mistake {
    /// Where it was written.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.at.place
    }

    /// The part of a file that is wrong, as a path through it: `["cache_demo::client::*".retry] conut`. `None` where the
    /// [place](Self::place) says it all.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.at.subject.as_deref()
    }

    /// What is wrong with it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at.place.fmt(f)?;
        if let Some(subject) = &self.at.subject {
            write!(f, ": {subject}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Where a part of a configuration was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Place {
    /// In a file, line and column counted from 1, the column in characters.
    #[non_exhaustive]
    File {
        /// The file, as the configuration names it.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// Nowhere in particular in this file.
    WholeFile(PathBuf),
    /// In a variable of the environment, of this name.
    Variable(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::WholeFile(path) => path.display().fmt(f),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

/// A part of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) place: Place,
    pub(super) subject: Option<String>,
}

impl At {
    pub(super) fn all_of(place: Place) -> Self {
        let subject = None;
        Self { place, subject }
    }

    pub(super) fn mistake(&self, message: impl Into<String>) -> Mistake {
        Mistake {
            at: self.clone(),
            message: message.into(),
        }
    }
}

impl fmt::Display for At {
    /// As one part of a configuration names another.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.subject, &self.place) {
            (Some(subject), Place::File { line, .. }) => write!(f, "`{subject}` (line {line})"),
            (Some(subject), _) => write!(f, "`{subject}`"),
            (None, place) => write!(f, "`{place}`"),
        }
    }
}
