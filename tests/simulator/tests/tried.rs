//! The rules that were tried before: they run, and fall where they are said to.

use resilient_simulator::limiter::Algorithm;
use resilient_simulator::scenario::{self, BASE, MIXES};
use resilient_simulator::suite::{self, Row, TEST_SEEDS};

fn halved(mix: scenario::Mix) -> Vec<Row> {
    let scenario = scenario::base(mix).remove(2);
    suite::run(&[scenario], &Algorithm::TRIED, &TEST_SEEDS)
}

#[test]
fn earlier_rules_hold_an_even_server_near_its_capacity() {
    for row in halved(BASE) {
        let goodput = row.figures.goodput;
        assert!(goodput > 0.95, "{:?}: {goodput}", row.algorithm);
    }
}

#[test]
fn uneven_calls_make_one_of_them_refuse_too_much_and_the_other_let_a_queue_grow() {
    let uneven = MIXES[1];
    assert_eq!(uneven.cv, 2.0);
    for row in halved(uneven) {
        let goodput = row.figures.goodput;
        let p99 = row.p99_ratio.expect("the oracle takes part");
        match row.algorithm {
            Algorithm::Counted => assert!(goodput < 0.95, "{goodput}"),
            _ => assert!(p99 > 1.8, "{p99}"),
        }
    }
}
