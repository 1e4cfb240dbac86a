//! The story: a client calls on while its server fails, is slow, dies and comes back; a server lives on while more is
//! asked of it than it can do; and an outage is outlived by its retries, or not.

mod acts;
mod claims;
mod crowd;
mod narrator;
mod report;
mod script;
mod steps;
mod storm;
mod table;

use std::any::type_name_of_val;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use resilient_runtime::registry;
use tonic::transport::Endpoint;

pub use acts::Get;
pub use claims::Claim;
pub use crowd::{Crowd, Dumps, Limit, Overload, Served, tell as tell_of_crowd};
pub use narrator::Narrator;
pub use report::{Acts, Change, Figures, Report, StoreFigures};
pub use script::{CrowdScript, Script};
pub use storm::{Storm, Weathered, tell as tell_of_storm};

use crate::client::CacheClient;
use crate::server::{Limits, Server};
use acts::{Breaker, Stage};

/// Plays all acts with this function in the leading part, and checks what is claimed of them.
pub async fn tell(get: impl Get, script: &Script, narrator: &mut Narrator) -> io::Result<Report> {
    let began = Instant::now();
    let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(free_port, Limits::default())?;
    let address = server.address();
    let function = type_name_of_val(&get);
    narrator.say(&format!(
        "A cache listens on {address}. A client asks it for two values, again and again,\n\
         by `{}`, an async fn that makes one call. Above it stand:",
        function.rsplit("::").next().unwrap_or(function)
    ))?;
    narrator.layers(registry().site(function).map_or(&[], |site| site.layers()))?;
    let mut stage = Stage {
        get,
        client: client_of(&server)?,
        script,
        narrator,
        breaker: Breaker::default(),
    };

    let healthy = stage.healthy(&server).await?;
    let flaky = stage.flaky(&server).await?;
    let (slow, mut store) = stage.slow(&server).await?;
    server.trouble().delay_answers(Duration::ZERO);
    let counters = Arc::clone(server.counters());
    let gone = server.die().await?;
    let dead = stage.dead(&counters).await?;
    let server = gone.come_back()?;
    let back = stage.back(&server, &mut store).await?;
    drop(stage.client);
    server.drain().await?;

    let acts = Acts {
        healthy,
        flaky,
        slow,
        dead,
        back,
    };
    let mut claims = claims::check(&acts, &store);
    let crowd = match &script.crowd {
        Some(script) => Some(crowd::tell(script, narrator).await?),
        None => None,
    };
    claims.extend(crowd.iter().flat_map(|crowd| crowd.claims()));
    let storm = match script.storm {
        Some(after) => Some(storm::tell(after, narrator).await?),
        None => None,
    };
    claims.extend(storm.iter().flat_map(|storm| storm.claims()));
    let report = Report {
        held: claims.iter().all(|claim| claim.held),
        acts,
        store,
        crowd,
        storm,
        claims,
        seconds: began.elapsed().as_secs_f64(),
    };
    narrator.table(&report)?;
    narrator.claims(&report)?;
    Ok(report)
}

fn client_of(server: &Server) -> io::Result<CacheClient> {
    let uri = format!("http://{}", server.address());
    let endpoint = Endpoint::from_shared(uri).map_err(io::Error::other)?;
    Ok(CacheClient::new(&endpoint))
}
