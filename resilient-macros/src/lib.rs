//! Attribute macros: see `resilient-runtime`.
