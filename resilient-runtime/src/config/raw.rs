//! A value as it was written, before a knob has made one of its own of it.

use crate::site::Given;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    Text(String),
    Integer(i128),
    Number(f64),
    Flag(bool),
    /// Of a kind that nothing takes.
    Foreign,
}

impl Raw {
    pub(super) fn given(&self) -> Given<'_> {
        match self {
            Self::Text(text) => Given::Text(text),
            Self::Integer(count) => Given::Integer(*count),
            Self::Number(number) => Given::Number(*number),
            Self::Flag(_) | Self::Foreign => Given::Foreign,
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            _ => None,
        }
    }
}
