//! Rules for the default that were tried.

use super::budget::Budget;

/// Which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {}

impl Rule {
    pub fn name(self) -> &'static str {
        match self {}
    }

    pub fn build(self) -> Box<dyn Budget> {
        match self {}
    }
}
