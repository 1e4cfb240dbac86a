//! The acts about a server of which too much is asked: without its limits, and with them.

mod claims;
mod dump;
mod overload;
mod report;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use resilient_runtime::LayerKind;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

pub use report::{Crowd, Dumps, Overload, Served};

use super::narrator::Narrator;
use super::script::CrowdScript;
use crate::client::CacheClient;
use crate::latency::Short;
use crate::load::{self, How, Mix, Pace, Summary};
use crate::server::{Limits, Server, Work, policies};

/// What the server of these acts can do: 100 calls a second.
const WORK: Work = Work {
    workers: 4,
    time: Duration::from_millis(40),
};

/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// Plays the acts. The limits are the process's own, so stories told side by side take turns here.
pub async fn tell(script: &CrowdScript, narrator: &mut Narrator) -> io::Result<Crowd> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
    let _turn = ONE_AT_A_TIME.lock().await;

    narrator.say("")?;
    narrator.say(&format!(
        "Another cache can do less than is asked of it: {} workers take {} over a call. One attribute stands above\n\
         the whole `impl CacheService`:",
        WORK.workers,
        Short(WORK.time)
    ))?;
    let limits = [LayerKind::RateLimit, LayerKind::AdaptiveConcurrency];
    let of_impl: Vec<_> = limits
        .iter()
        .filter_map(|&kind| policies::layers(kind).next())
        .collect();
    narrator.layers(&of_impl)?;
    narrator.say("and one above its `dump`:")?;
    let of_dump: Vec<_> = policies::layers(LayerKind::Bulkhead).collect();
    narrator.layers(&of_dump)?;

    Ok(Crowd {
        overload: overload::play(script.overload, narrator).await?,
        dump: dump::play(script.dump, narrator).await?,
    })
}

fn start() -> io::Result<Server> {
    let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let limits = Limits {
        work: WORK,
        ..Limits::default()
    };
    Server::start(free_port, limits)
}

/// Single calls for values, of a caller who does not wait for ever.
fn gets(client: &CacheClient, keys: u32) -> Mix {
    Mix {
        clients: vec![client.clone()],
        keys,
        value: b"value".as_slice().into(),
        stores: 0.0,
        how: How::Bare(PATIENCE),
    }
}

async fn ask(mix: &Mix, rate: u32, time: Duration, narrator: &Narrator) -> Summary {
    let pace = Pace {
        rate,
        duration: time,
        in_flight: u32::MAX,
    };
    let bar = narrator.bar(time);
    let never = CancellationToken::new();
    load::run(pace, &never, &bar, |number| mix.call(number)).await
}
