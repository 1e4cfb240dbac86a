//! Tests of what operators have: configuration, metrics, health and the page; see the folder beside this one.
