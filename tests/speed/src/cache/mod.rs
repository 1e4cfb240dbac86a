//! The cache's `Get` over loopback: a bare client and server beside those with all their attributes.

pub mod bare;
pub mod judge;
pub mod load;
pub mod measure;
pub mod page;
pub mod pair;
