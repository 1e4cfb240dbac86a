//! What the compiler says to the user of an attribute: one rule a file, the file named for the rule.
//!
//! `TRYBUILD=overwrite` writes what is said now; read it before keeping it.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/fail/*.rs");
}
