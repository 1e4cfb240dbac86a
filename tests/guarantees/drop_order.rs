//! In edition 2024 a temporary of the tail is dropped before the locals.

const EXPECTED: [&str; 5] = ["tail", "second", "first", "unused", "used"];

include!("drop_order_shared.rs");
