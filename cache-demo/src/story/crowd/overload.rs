use std::io;
use std::time::Duration;

use tokio::time::sleep;

use super::report::{Limit, Overload, Served, shown};
use super::{PATIENCE, WORK, ask, gets, start};
use crate::latency::Short;
use crate::server::policies::{self, LIMITS};
use crate::story::client_of;
use crate::story::narrator::Narrator;

/// Three times what the server can do.
const ASKED: u32 = 300;

const KEYS: u32 = 4;

/// How often the limit is read.
const READ: Duration = Duration::from_millis(50);

pub(super) async fn play(
    learning: Duration,
    time: Duration,
    narrator: &mut Narrator,
) -> io::Result<Overload> {
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
        on_a_server(Duration::ZERO, time, narrator).await?
    };
    let (with, limit) = with_limits(learning, time, narrator).await?;

    let mut rows = vec![
        [
            "", "answered", "a second", "p50", "p99", "refused", "in", "gave up", "limit",
        ]
        .map(str::to_owned),
    ];
    rows.extend(
        [
            ("  limits off", &without, "-".to_owned()),
            (
                "  limits on",
                &with,
                format!("{} -> {}", limit.at_first, limit.at_last),
            ),
        ]
        .map(|(name, served, limit)| {
            [
                name.to_owned(),
                served.answered.to_string(),
                format!("{:.0}", served.goodput),
                shown(served.p50_ms),
                shown(served.p99_ms),
                served.refused.to_string(),
                shown(served.refused_p50_ms),
                served.gave_up.to_string(),
                limit,
            ]
        }),
    );
    narrator.rows(&rows, 1)?;
    Ok(Overload {
        can_do_per_second: can_do,
        asked_per_second: ASKED,
        without_limits: without,
        with_limits: with,
        limit,
    })
}

/// From where the limit begins, and with an eye on where it goes.
async fn with_limits(
    learning: Duration,
    time: Duration,
    narrator: &Narrator,
) -> io::Result<(Served, Limit)> {
    let limit = policies::adaptive_limit()
        .ok_or_else(|| io::Error::other("no limit that adapts stands above the service"))?;
    limit.reset();
    let at_first = limit.limit();
    let mut seen = Vec::new();
    let read = async {
        sleep(learning).await;
        loop {
            seen.push(limit.limit());
            sleep(READ).await;
        }
    };
    let served = tokio::select! {
        served = on_a_server(learning, time, narrator) => served?,
        never = read => never,
    };
    seen.sort_unstable();
    let at_last = seen.get(seen.len() / 2).copied().unwrap_or(at_first);
    Ok((served, Limit { at_first, at_last }))
}

/// A server of its own for each time: what the one has left undone does not burden the next.
async fn on_a_server(
    learning: Duration,
    time: Duration,
    narrator: &Narrator,
) -> io::Result<Served> {
    let server = start(WORK)?;
    let client = client_of(&server)?;
    let mix = gets(&client, KEYS);
    mix.fill().await.map_err(io::Error::other)?;
    let served = ask(&mix, ASKED, learning, time, narrator).await;
    drop((mix, client));
    server.drain().await?;
    Ok(served)
}
