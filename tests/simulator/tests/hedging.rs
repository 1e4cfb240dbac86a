//! The targets of hedging, on seeds that are neither tuned on nor reported.

use resilient_simulator::hedging::bursts::{self, PATTERNS};
use resilient_simulator::hedging::rule::Rule;
use resilient_simulator::hedging::scenario;
use resilient_simulator::hedging::suite::{self, CLIENTS, CONTESTANTS, Compared, OURS, Row};
use resilient_simulator::hedging::{targets, world};
use resilient_simulator::suite::TEST_SEEDS;

fn only(name: &str, clients: usize) -> Row {
    let contestant = CONTESTANTS.into_iter().find(|one| one.name == name);
    let rows = suite::run(
        &[contestant.expect("such a rule")],
        &[clients],
        &TEST_SEEDS[..1],
    );
    rows[0]
}

fn completed(slowdown: &Compared) -> f64 {
    slowdown.figures.after.expect("it was slow").completed
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn every_target_is_met_by_one_busy_process_and_by_many() {
    let rows = suite::run(&[OURS], &CLIENTS, &TEST_SEEDS);
    assert_eq!(rows.len(), 3);
    assert_eq!(targets::misses(&rows), [""; 0]);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn without_a_budget_work_that_is_not_stopped_runs_the_fleet_into_the_ground() {
    let row = only("18.5 ms, losers run on", 20);
    assert!(completed(&row.slowdown) < 0.8, "{row:?}");
    let row = only("runtime, losers run on", 20);
    assert!(completed(&row.slowdown) > 0.999, "{row:?}");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn a_fleet_without_hedges_has_the_tail_of_its_stragglers() {
    let [low, _, high] = only("none", 1).steady.map(|each| each.figures.p999);
    assert!((205.0..225.0).contains(&low), "{low}");
    assert!((320.0..420.0).contains(&high), "{high}");
}

#[test]
fn no_call_is_hedged_that_is_answered_before_its_time() {
    let mut never = OURS;
    never.rule = Rule::None;
    let mut scenario = scenario::steady(never, 0.30, 1);
    scenario.until = scenario.from + scenario::SECOND;
    let none = world::run(&scenario, 501).figures(&scenario);
    assert_eq!(none.share, 0.0);

    scenario.contestant = OURS;
    let ours = world::run(&scenario, 501).figures(&scenario);
    assert!(ours.share > 0.0 && ours.share < 0.15, "{ours:?}");
}

#[test]
fn the_budget_holds_while_calls_come_and_go() {
    let shares = PATTERNS.map(|pattern| (pattern, bursts::share(OURS.rule, pattern)));
    assert_eq!(targets::overdrawn(&shares), [""; 0]);
    // Nor is it less than it might be: all of them want to be hedged.
    assert!(shares.iter().all(|(_, share)| *share > 0.099), "{shares:?}");
}

#[test]
fn the_same_seed_brings_the_same_run() {
    let scenario = scenario::slowdown(OURS, 3);
    let run = || world::run(&scenario, 3).figures(&scenario);
    assert_eq!(run(), run());
}
