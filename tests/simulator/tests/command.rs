//! What the command answers and ends with.

use std::process::{Command, Output};

fn simulator(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_resilient-simulator"))
        .args(words)
        .output()
        .expect("the command runs")
}

#[test]
fn a_typo_is_an_error_and_no_empty_table() {
    for words in [
        &["elasticty"][..],
        &["--unseeen"],
        &["oracle", "6b ten clients"],
        &["storm", "tired"],
    ] {
        let output = simulator(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(output.stdout.is_empty(), "{words:?}");
        assert!(!output.stderr.is_empty(), "{words:?}");
    }
}

#[test]
fn targets_that_are_met_are_said_to_be_and_end_it_with_0() {
    let output = simulator(&["elasticity", "3 capacity doubles, 4 workers"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("Every target that applies is met"), "{text}");
    assert!(text.contains("refused needlessly, not 1"), "{text}");
}

#[test]
fn a_rule_without_targets_is_not_said_to_meet_them() {
    let output = simulator(&["counted", "3 capacity doubles, 4 workers"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("| counted |"), "{text}");
    assert!(text.ends_with("\nNo target applies.\n"), "{text}");
}
