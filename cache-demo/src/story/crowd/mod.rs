//! The acts about a server of which too much is asked: without its limits, and with them.

mod claims;
mod dump;
mod overload;
mod report;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use resilient_runtime::LayerKind;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

pub use report::{Crowd, Dumps, Limit, Overload, Served};

use super::narrator::Narrator;
use super::script::CrowdScript;
use crate::client::CacheClient;
use crate::latency::Short;
use crate::load::{self, How, Mix, Pace};
use crate::server::{Limits, Server, Work, policies};
use crate::waiting::Waiting;

/// What the server of these acts can do: 100 calls a second.
pub(super) const WORK: Work = Work {
    workers: 4,
    time: Duration::from_millis(40),
    skip_expired: false,
};

/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// The limits are the process's own, so stories told side by side take turns in the acts that switch them off.
pub(super) async fn turn() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
    ONE_AT_A_TIME.lock().await
}

/// Plays the acts.
pub async fn tell(script: &CrowdScript, narrator: &mut Narrator) -> io::Result<Crowd> {
    let _turn = turn().await;

    narrator.say("")?;
    narrator.say(&format!(
        "Another cache can do less than is asked of it: {} workers take {} over a call.\n\
         One attribute stands above the whole `impl CacheService`:",
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
        overload: overload::play(script.learning, script.overload, narrator).await?,
        dump: dump::play(script.dump, narrator).await?,
    })
}

pub(super) fn start(work: Work) -> io::Result<Server> {
    let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let limits = Limits {
        work,
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

/// Asks at this rate, and tells how those fared who asked in the last `time` of it. Before that, for as long as `learning`
/// says, the server sees the same load.
async fn ask(
    mix: &Mix,
    rate: u32,
    learning: Duration,
    time: Duration,
    narrator: &Narrator,
) -> Served {
    let bar = narrator.bar(learning + time);
    let from = Instant::now() + learning;
    let in_time = from..from + time;
    let answered = Arc::new(AtomicU64::new(0));
    let load = async |duration, shown| {
        let pace = Pace {
            rate,
            duration,
            in_flight: u32::MAX,
        };
        let call = |number| {
            let (call, answered, in_time) =
                (mix.call(number), Arc::clone(&answered), in_time.clone());
            async move {
                let outcome = call.await;
                if outcome.is_answer() && in_time.contains(&Instant::now()) {
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                outcome
            }
        };
        load::run(pace, &CancellationToken::new(), shown, call).await
    };
    // The one begins while calls of the other are still in flight: there is no pause between them.
    let unseen = Waiting::nothing();
    let (_, summary) = tokio::join!(load(learning, &unseen), async {
        sleep_until(from).await;
        load(time, &bar).await
    });
    let answered = answered.load(Ordering::Relaxed);
    Served::of(&summary, answered as f64 / time.as_secs_f64())
}
