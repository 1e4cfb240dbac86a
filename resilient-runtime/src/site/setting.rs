//! What can be read and said of a layer's settings.

use std::fmt;
use std::time::Duration;

/// A value of a knob.
///
/// ```
/// use resilient_runtime::Value;
/// use std::time::Duration;
///
/// assert_eq!(Value::from(Duration::from_millis(250)).to_string(), "250ms");
/// assert_eq!(Value::from(3_u32).to_string(), "3");
/// assert_eq!(Value::from("fib").to_string(), "fib");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A number of things.
    Count(u64),
    /// A rate or a factor.
    Number(f64),
    /// A span of time.
    Duration(Duration),
    /// One of a few names.
    Name(&'static str),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Duration(duration) => write!(f, "{duration:?}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl From<u32> for Value {
    fn from(count: u32) -> Self {
        Self::Count(count.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<Duration> for Value {
    fn from(duration: Duration) -> Self {
        Self::Duration(duration)
    }
}

impl From<&'static str> for Value {
    fn from(name: &'static str) -> Self {
        Self::Name(name)
    }
}

/// Where a value came from. A later one goes over an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// The attribute or the code around it.
    Code,
    /// A configuration file.
    File,
    /// A variable of the environment.
    Environment,
    /// A handle, while the program ran.
    Handle,
}

impl Origin {
    /// The name as it stands in tables: `code`, `file`, `environment`, `handle`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Handle => "handle",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A knob of a layer, its value, and where that came from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// The knob's name, as in the attribute.
    pub knob: &'static str,
    /// Its value. `None` where it is not set, or where the code works it out anew for each call.
    pub value: Option<Value>,
    /// Where it came from.
    pub origin: Origin,
}

/// Why a setting was not taken. The old one stays.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SettingError {
    /// The layer has no such knob.
    UnknownKnob {
        /// What was asked for.
        knob: String,
        /// The knobs that it has.
        known: Vec<&'static str>,
    },
    /// The knob takes another kind of value, or the value is out of its range.
    BadValue {
        /// The knob.
        knob: &'static str,
        /// What it takes.
        takes: String,
    },
    /// The settings would contradict each other.
    Contradiction(&'static str),
    /// The layer uses a state that it does not own: set it there.
    Shared,
    /// The layer has no keys: there is one state for all calls.
    NoKeys,
    /// The text of the key is longer than what is kept of one, 64 bytes: it does not tell which key is meant.
    KeyTooLong,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKnob { knob, known } if known.is_empty() => {
                write!(f, "no knob `{knob}`: this layer has none")
            }
            Self::UnknownKnob { knob, known } => {
                write!(f, "no knob `{knob}`: there are `{}`", known.join("`, `"))
            }
            Self::BadValue { knob, takes } => write!(f, "`{knob}` takes {takes}"),
            Self::Contradiction(why) => f.write_str(why),
            Self::Shared => f.write_str("the state is shared: set it on the state itself"),
            Self::KeyTooLong => f.write_str(
                "the text of a key is kept up to 64 bytes: one that is longer has no settings of its own",
            ),
            Self::NoKeys => f.write_str("the layer has no keys: set it for all calls"),
        }
    }
}

impl std::error::Error for SettingError {}
