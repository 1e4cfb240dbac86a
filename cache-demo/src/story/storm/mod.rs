//! The act about an outage that goes on by itself: the retries of those who got no answer are the load that keeps the
//! server from answering.

mod claims;
mod weather;

use std::io;
use std::time::Duration;

use serde::Serialize;

pub use weather::Weathered;

use super::crowd::{WORK, turn};
use super::narrator::Narrator;
use crate::client::{get_at_any_cost, get_within_budget};
use crate::latency::Short;
use crate::server::Work;
use crate::server::policies::{self, LIMITS};
use weather::weather;

/// Half of what the server can do.
const ASKED: u32 = 50;

/// How long its workers stand still.
const OUTAGE: Duration = Duration::from_secs(1);

/// What is long after the outage.
const LAST: Duration = Duration::from_secs(1);

const KEY: &str = "123";

/// The same outage three times.
#[derive(Clone, Debug, Serialize)]
pub struct Storm {
    pub without_budget: Weathered,
    pub with_budget: Weathered,
    /// And with workers that begin nothing for which the caller has no time left.
    pub with_budget_and_skipping: Weathered,
}

/// Plays the act; calls go on for this long after the outage.
pub async fn tell(after: Duration, narrator: &mut Narrator) -> io::Result<Storm> {
    let _turn = turn().await;
    let can_do = WORK.per_second().unwrap_or_default();
    narrator.act(
        "STORM",
        &format!(
            "{ASKED} calls a second, {can_do} can be done; but for {} no worker does anything.\n\
             Two functions make up to 4 attempts, and differ in nothing but their `budget`.\n\
             The server's limits are off.",
            Short(OUTAGE)
        ),
    )?;
    let _off = policies::switch_off(&LIMITS);
    let at_any_cost = |client| async move { get_at_any_cost(&client, KEY).await };
    let within_budget = |client| async move { get_within_budget(&client, KEY).await };
    let punctual = Work {
        skip_expired: true,
        ..WORK
    };
    let storm = Storm {
        without_budget: weather(at_any_cost, WORK, after, narrator).await?,
        with_budget: weather(within_budget, WORK, after, narrator).await?,
        with_budget_and_skipping: weather(within_budget, punctual, after, narrator).await?,
    };
    storm.show(narrator)?;
    Ok(storm)
}

impl Storm {
    fn show(&self, narrator: &mut Narrator) -> io::Result<()> {
        const HEAD: [[&str; 9]; 2] = [
            [
                "", "reached", "per", "x at", "out of", "work", "", "% at", "well",
            ],
            [
                "", "server", "call", "the end", "time", "skipped", "answered", "the end", "again",
            ],
        ];
        let row = |name: &str, weathered: &Weathered| {
            [
                format!("  {name}"),
                weathered.reached_server.to_string(),
                format!("x{:.2}", weathered.amplification),
                format!("x{:.2}", weathered.amplification_at_the_end),
                weathered.out_of_time.to_string(),
                weathered.skipped.to_string(),
                weathered.answered.to_string(),
                format!("{:.0} %", weathered.answered_at_the_end * 100.0),
                weathered.well_again(),
            ]
        };
        let mut rows: Vec<_> = HEAD.map(|row| row.map(str::to_owned)).into();
        rows.extend([
            row("budget = \"none\"", &self.without_budget),
            row("RetryBudget::strict()", &self.with_budget),
            row("and expired skipped", &self.with_budget_and_skipping),
        ]);
        narrator.rows(&rows, HEAD.len())
    }
}
