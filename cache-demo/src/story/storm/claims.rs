//! What the act claims. Wide margins: it is to hold on a busy machine too.

use super::{Storm, Weathered};
use crate::story::Claim;

const BUDGET: Option<&str> = Some("budget");

impl Storm {
    pub fn claims(&self) -> Vec<Claim> {
        let Storm {
            without_budget: without,
            with_budget: with,
            with_budget_and_skipping: punctual,
        } = self;
        let claim = |says, thanks_to, held, figures| Claim {
            act: "storm",
            says,
            thanks_to,
            held,
            figures,
        };
        vec![
            claim(
                "without a budget the server is asked four times for each call",
                None,
                without.amplification > 3.0,
                reached(without),
            ),
            claim(
                "with a budget hardly more reaches the server than is asked",
                BUDGET,
                with.amplification < 1.25,
                reached(with),
            ),
            claim(
                "the outage is over, its retries are not: without a budget the server stays down",
                None,
                without.answered_at_the_end < 0.1,
                at_the_end(without),
            ),
            claim(
                "with a budget the server is well again by itself",
                BUDGET,
                with.well_after_ms.is_some() && with.answered_at_the_end > 0.9,
                format!("{}, {}", with.well_again(), at_the_end(with)),
            ),
            claim(
                "the server is well sooner if it begins nothing for which the caller has no time left",
                None,
                match (punctual.well_after_ms, with.well_after_ms) {
                    (Some(punctual), Some(with)) => punctual < with,
                    (punctual, _) => punctual.is_some(),
                },
                format!(
                    "{} against {}, {} skipped",
                    punctual.well_again(),
                    with.well_again(),
                    punctual.skipped
                ),
            ),
            claim(
                "the callers' time limits hold in the server: it ends what nobody waits for",
                None,
                // Where the caller was faster to hang up, there was nothing left to end.
                without.out_of_time > 0,
                format!(
                    "{} of {} attempts",
                    without.out_of_time, without.reached_server
                ),
            ),
            claim(
                "the server can tell a retry from a first attempt",
                None,
                (without.retries_seen + without.asked).abs_diff(without.reached_server) * 20
                    < without.asked,
                format!(
                    "{} retries of {} calls, {} reached it",
                    without.retries_seen, without.asked, without.reached_server
                ),
            ),
        ]
    }
}

fn reached(weathered: &Weathered) -> String {
    format!(
        "{} reached it, {} asked: x{:.2}",
        weathered.reached_server, weathered.asked, weathered.amplification
    )
}

fn at_the_end(weathered: &Weathered) -> String {
    let percent = weathered.answered_at_the_end * 100.0;
    format!("at the end {percent:.0} % are answered")
}
