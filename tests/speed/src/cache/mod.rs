//! The cache's `Get` over loopback: a bare client and server, those that a careful person writes by hand, and those with all their attributes.

pub mod bare;
pub mod hand;
pub mod judge;
pub mod load;
pub mod measure;
pub mod page;
pub mod pair;
