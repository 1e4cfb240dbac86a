//! The budgets of others, with their published defaults.

pub mod concurrency;
pub mod ratio;
pub mod window;
