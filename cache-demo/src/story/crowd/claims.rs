//! What these acts claim. Wide margins: it is to hold on a busy machine too.

use super::PATIENCE;
use super::report::{BesideDumps, Crowd, Dumps, Overload, shown};
use crate::story::Claim;

const LIMIT: Option<&str> = Some("adaptive_concurrency");
const BULKHEAD: Option<&str> = Some("bulkhead");

impl Crowd {
    pub fn claims(&self) -> Vec<Claim> {
        let mut claims = of_overload(&self.overload);
        claims.extend(of_dump(&self.dump));
        claims
    }
}

fn of_overload(overload: &Overload) -> Vec<Claim> {
    let Overload {
        can_do_per_second: can_do,
        without_limits: without,
        with_limits: with,
        limit,
        ..
    } = overload;
    let claim = |says, thanks_to, held, figures| Claim {
        act: "overload",
        says,
        thanks_to,
        held,
        figures,
    };
    vec![
        claim(
            "without limits the work is wasted: most of it is done for callers who have left",
            None,
            without.goodput < can_do * 0.6,
            format!("{:.0} a second of {can_do} in time", without.goodput),
        ),
        claim(
            "the limit finds out by itself that less at once is enough",
            LIMIT,
            limit.at_last < limit.at_first,
            format!("{} at first, {} at last", limit.at_first, limit.at_last),
        ),
        claim(
            "with limits at least half as much again is answered in time",
            LIMIT,
            with.goodput >= without.goodput * 1.5,
            format!(
                "{:.0} against {:.0} a second",
                with.goodput, without.goodput
            ),
        ),
        claim(
            "with limits answers come sooner, the slowest of a hundred included",
            LIMIT,
            match (with.p99_ms, without.p99_ms) {
                (Some(with), Some(without)) => with <= without * 0.9,
                _ => false,
            },
            format!(
                "p99 {} against {}",
                shown(with.p99_ms),
                shown(without.p99_ms)
            ),
        ),
        claim(
            "whoever is turned away hears it long before the patience ends",
            LIMIT,
            with.refused_p50_ms
                .is_some_and(|p50| p50 * 2.0 < PATIENCE.as_secs_f64() * 1e3),
            format!(
                "{} refused, p50 {}",
                with.refused,
                shown(with.refused_p50_ms)
            ),
        ),
    ]
}

fn of_dump(dump: &Dumps) -> Vec<Claim> {
    let Dumps {
        alone,
        without_bulkhead: without,
        with_bulkhead: with,
    } = dump;
    let claim = |says, thanks_to, held, figures| Claim {
        act: "dump",
        says,
        thanks_to,
        held,
        figures,
    };
    let times_slower = |beside: &BesideDumps| Some(beside.gets.p50_ms? / alone.p50_ms?);
    let p50s = |beside: &BesideDumps| {
        let (p50, alone) = (shown(beside.gets.p50_ms), shown(alone.p50_ms));
        format!("p50 {p50}, alone {alone}")
    };
    vec![
        claim(
            "without a bulkhead the dumps keep the workers from the gets",
            None,
            // Too late to be answered at all is slower still.
            times_slower(without).is_none_or(|times| times > 2.0),
            p50s(without),
        ),
        claim(
            "with a bulkhead a get is hardly slower than without any dump",
            BULKHEAD,
            times_slower(with).is_some_and(|times| times < 2.0),
            p50s(with),
        ),
        claim(
            "the dumps that the bulkhead lets in arrive whole, the others are refused",
            BULKHEAD,
            with.dumps_whole > 0
                && with.dumps_refused > 0
                && with.dumps_whole + with.dumps_refused == with.dumps,
            format!(
                "{} whole, {} refused of {}",
                with.dumps_whole, with.dumps_refused, with.dumps
            ),
        ),
    ]
}
