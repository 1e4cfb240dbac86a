//! The targets of the limiters, on seeds that are neither tuned on nor reported.

use resilient_simulator::limiter::Algorithm;
use resilient_simulator::scenario::{self, BASE};
use resilient_simulator::suite::{self, TEST_SEEDS};
use resilient_simulator::targets;

const OURS: [Algorithm; 2] = [Algorithm::Elasticity, Algorithm::Aimd];

#[test]
fn elasticity_holds_a_server_at_its_capacity() {
    let rows = suite::run(
        &scenario::base(BASE),
        &[Algorithm::Elasticity],
        &TEST_SEEDS[..1],
    );
    assert_eq!(rows.len(), 5);
    assert_eq!(targets::judge(&rows).misses, [""; 0]);
}

#[test]
fn elasticity_holds_it_there_beside_calls_that_keep_their_places_for_long() {
    let rows = suite::run(
        &scenario::long_calls(BASE),
        &[Algorithm::Elasticity],
        &TEST_SEEDS[..1],
    );
    assert_eq!(rows.len(), 4);
    assert_eq!(targets::judge(&rows).misses, [""; 0]);
}

#[test]
fn elasticity_does_not_run_away_on_two_workers() {
    let scenarios = [scenario::two_workers(0.5), scenario::two_workers(2.0)];
    let rows = suite::run(&scenarios, &[Algorithm::Elasticity], &TEST_SEEDS);
    assert_eq!(rows.len(), 2);
    assert_eq!(targets::judge(&rows).misses, [""; 0]);
}

#[test]
fn clients_by_aimd_share_a_server_evenly_and_wholly() {
    let scenarios = [
        scenario::ten_clients(BASE),
        scenario::ten_clients_elastic(BASE),
    ];
    let rows = suite::run(&scenarios, &[Algorithm::Aimd], &TEST_SEEDS[..1]);
    assert_eq!(rows.len(), 2);
    assert_eq!(targets::judge(&rows).misses, [""; 0]);
}

#[test]
fn without_a_limit_an_overloaded_server_does_nothing_useful() {
    let rows = suite::run(
        &scenario::base(BASE)[1..2],
        &[Algorithm::None],
        &TEST_SEEDS[..1],
    );
    assert!(rows[0].figures.goodput < 0.1, "{:?}", rows[0].figures);
}

#[test]
fn the_breakers_of_fifty_clients_leave_a_server_alone_that_only_refuses() {
    let scenario = scenario::composition("7 fifty clients, 4x", BASE, 4.0);
    let rows = suite::run(&[scenario], &[Algorithm::Elasticity], &TEST_SEEDS[..1]);
    assert_eq!(rows.len(), 1);
    assert_eq!(targets::judge(&rows).misses, [""; 0]);
}

#[test]
fn the_breakers_of_fifty_clients_take_the_load_off_a_server_that_does_not_answer() {
    let scenario = scenario::composition("7 fifty clients, 4x", BASE, 4.0);
    let rows = suite::run(&[scenario], &[Algorithm::None], &TEST_SEEDS[..1]);
    assert!(rows[0].figures.goodput > 0.2, "{:?}", rows[0].figures);
}

#[test]
fn the_same_seed_brings_the_same_run() {
    let scenario = &scenario::base(BASE)[4];
    let run = || {
        format!(
            "{:?}",
            resilient_simulator::world::run(scenario, Algorithm::Elasticity, 3).figures()
        )
    };
    assert_eq!(run(), run());
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn every_target_is_met_in_every_scenario_and_mix() {
    let rows = suite::run(&suite::scenarios(), &OURS, &TEST_SEEDS);
    assert_eq!(targets::judge(&rows).misses, [""; 0]);
}
