use std::io;
use std::time::Duration;

use resilient_runtime::LayerKind;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tonic::{Code, Status};

use super::report::{BesideDumps, Dumps, shown};
use super::{WORK, ask, gets, start};
use crate::client::CacheClient;
use crate::server::policies;
use crate::story::client_of;
use crate::story::narrator::Narrator;

/// A fifth of what the server can do.
const ASKED: u32 = 20;

/// Dumps that are asked for at once.
const DUMPS: u64 = 30;

/// What the server keeps, and a dump shows: a worker's time each, one after the other.
const KEYS: u32 = 30;

/// How long dumps may go on when the gets are over.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn play(time: Duration, narrator: &mut Narrator) -> io::Result<Dumps> {
    narrator.act(
        "DUMP",
        &format!(
            "{DUMPS} dumps at once, each busy for long, and beside them {ASKED} gets a second"
        ),
    )?;
    let alone = beside(0, time, narrator).await?;
    let without = {
        let _off = policies::switch_off(&[LayerKind::Bulkhead]);
        beside(DUMPS, time, narrator).await?
    };
    let with = beside(DUMPS, time, narrator).await?;

    let mut rows = vec![
        [
            "", "gets", "answered", "p50", "p99", "dumps", "refused", "whole", "left",
        ]
        .map(str::to_owned),
    ];
    rows.extend(
        [
            ("  no dump", &alone),
            ("  bulkhead off", &without),
            ("  bulkhead on", &with),
        ]
        .map(|(name, beside)| row(name, beside)),
    );
    narrator.rows(&rows, 1)?;
    Ok(Dumps {
        alone: alone.gets,
        without_bulkhead: without,
        with_bulkhead: with,
    })
}

fn row(name: &str, beside: &BesideDumps) -> [String; 9] {
    let gets = &beside.gets;
    [
        name.to_owned(),
        gets.calls.to_string(),
        gets.answered.to_string(),
        shown(gets.p50_ms),
        shown(gets.p99_ms),
        beside.dumps.to_string(),
        beside.dumps_refused.to_string(),
        beside.dumps_whole.to_string(),
        beside.dumps_left.to_string(),
    ]
}

/// A server of its own for each time. Dumps that have not arrived when the patience ends are left, as their readers
/// would.
async fn beside(dumps: u64, time: Duration, narrator: &Narrator) -> io::Result<BesideDumps> {
    let server = start(WORK)?;
    let client = client_of(&server)?;
    let gets = gets(&client, KEYS);
    gets.fill().await.map_err(io::Error::other)?;

    let mut running = JoinSet::new();
    for _ in 0..dumps {
        let client = client.clone();
        running.spawn(async move { to_the_end(&client).await });
    }
    let gets_served = ask(&gets, ASKED, Duration::ZERO, time, narrator).await;
    let (mut refused, mut whole) = (0, 0);
    let patience = sleep(PATIENCE);
    tokio::pin!(patience);
    loop {
        tokio::select! {
            biased;
            ended = running.join_next() => match ended {
                Some(Ok(Ok(()))) => whole += 1,
                Some(Ok(Err(error))) if error.code() == Code::ResourceExhausted => refused += 1,
                Some(_) => {}
                None => break,
            },
            () = &mut patience => break,
        }
    }
    let left = running.len() as u64;
    running.shutdown().await;
    drop((gets, client));
    server.drain().await?;
    Ok(BesideDumps {
        gets: gets_served,
        dumps,
        dumps_refused: refused,
        dumps_whole: whole,
        dumps_left: left,
    })
}

async fn to_the_end(client: &CacheClient) -> Result<(), Status> {
    let mut items = client.dump().await?;
    while items.message().await?.is_some() {}
    Ok(())
}
