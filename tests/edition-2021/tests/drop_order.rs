//! Until edition 2021 a temporary of the tail is dropped behind the locals.

const EXPECTED: [&str; 5] = ["second", "first", "tail", "unused", "used"];

include!("../../guarantees/drop_order_shared.rs");
