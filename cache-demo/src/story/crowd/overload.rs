use std::io;
use std::time::Duration;

use super::report::{Overload, Served, shown};
use super::{PATIENCE, WORK, ask, gets, start};
use crate::latency::Short;
use crate::server::policies::{self, LIMITS};
use crate::story::client_of;
use crate::story::narrator::Narrator;

/// Three times what the server can do.
const ASKED: u32 = 300;

const KEYS: u32 = 4;

pub(super) async fn play(time: Duration, narrator: &mut Narrator) -> io::Result<Overload> {
    let can_do = WORK.per_second().unwrap_or_default();
    narrator.act(
        "OVERLOAD",
        &format!(
            "{ASKED} calls a second, {can_do} can be done; whoever has waited {} goes away",
            Short(PATIENCE)
        ),
    )?;
    let without = {
        let _off = policies::switch_off(&LIMITS);
        on_a_server(time, narrator).await?
    };
    let with = on_a_server(time, narrator).await?;

    let mut rows = vec![
        [
            "", "answered", "a second", "p50", "p99", "refused", "in", "gave up",
        ]
        .map(str::to_owned),
    ];
    rows.extend(
        [("  limits off", &without), ("  limits on", &with)].map(|(name, served)| {
            [
                name.to_owned(),
                served.answered.to_string(),
                format!("{:.0}", served.goodput),
                shown(served.p50_ms),
                shown(served.p99_ms),
                served.refused.to_string(),
                shown(served.refused_p50_ms),
                served.gave_up.to_string(),
            ]
        }),
    );
    narrator.rows(&rows, 1)?;
    Ok(Overload {
        can_do_per_second: can_do,
        asked_per_second: ASKED,
        without_limits: without,
        with_limits: with,
    })
}

/// A server of its own for each time: what the one has left undone does not burden the next.
async fn on_a_server(time: Duration, narrator: &Narrator) -> io::Result<Served> {
    let server = start()?;
    let client = client_of(&server)?;
    let mix = gets(&client, KEYS);
    mix.fill().await.map_err(io::Error::other)?;
    let summary = ask(&mix, ASKED, time, narrator).await;
    drop((mix, client));
    server.drain().await?;
    Ok(Served::of(&summary, time))
}
