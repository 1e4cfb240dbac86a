//! A crate of edition 2021; see its tests.
