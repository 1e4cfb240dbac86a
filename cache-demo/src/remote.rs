//! Server and client as two processes.

use std::io::{self, Write};

use tokio::signal;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::cli::{Call, ClientArgs, ServerArgs};
use crate::client::{CacheClient, call_get, call_store, dump};
use crate::load;
use crate::server::{Limits, Server};

/// What ends a command early.
#[derive(Debug)]
pub enum Failure {
    Io(io::Error),
    Call(Status),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error)
    }
}

impl From<Status> for Failure {
    fn from(error: Status) -> Self {
        Failure::Call(error)
    }
}

/// Serves until ctrl-c, then finishes what is in flight.
pub async fn serve(args: &ServerArgs) -> Result<(), Failure> {
    let limits = Limits {
        capacity: args.capacity,
        time_to_live: args.time_to_live,
    };
    let server = Server::start(args.listen, limits).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("cannot listen on {}: {error}", args.listen),
        )
    })?;
    server.trouble().fail(args.fail);
    server.trouble().delay_answers(args.delay);
    say(&format!("listening on {}", server.address()))?;

    signal::ctrl_c().await?;
    say("draining: calls in flight finish, ctrl-c again quits at once")?;
    let counters = server.counters().clone();
    tokio::select! {
        drained = server.drain() => drained?,
        again = signal::ctrl_c() => {
            again?;
            return Err(io::Error::from(io::ErrorKind::Interrupted).into());
        }
    }
    let reached = counters.read();
    say(&format!(
        "drained; it was asked for {} get, {} store, {} dump",
        reached.get, reached.store, reached.dump
    ))?;
    Ok(())
}

pub async fn call(args: &ClientArgs) -> Result<(), Failure> {
    let client = CacheClient::new(&args.server);
    match &args.call {
        Call::Get { key } => {
            let value = call_get(&client, key).await?;
            let mut out = io::stdout().lock();
            out.write_all(&value)?;
            out.write_all(b"\n")?;
        }
        Call::Store { key, value } => call_store(&client, key, value.as_bytes()).await?,
        Call::Dump => {
            let mut out = io::stdout().lock();
            for item in dump(&client).await? {
                writeln!(
                    out,
                    "{}\t{}",
                    item.key.escape_debug(),
                    item.value.escape_ascii()
                )?;
            }
        }
        Call::Load(load) => {
            let stop = CancellationToken::new();
            let running = load::run(&client, load, &stop);
            tokio::pin!(running);
            let summary = tokio::select! {
                summary = &mut running => summary,
                interrupted = signal::ctrl_c() => {
                    interrupted?;
                    stop.cancel();
                    tokio::select! {
                        summary = running => summary,
                        again = signal::ctrl_c() => {
                            again?;
                            return Err(io::Error::from(io::ErrorKind::Interrupted).into());
                        }
                    }
                }
            };
            say(&summary.to_string())?;
        }
    }
    Ok(())
}

/// A line on stdout, at once: whoever started this process may be waiting for it.
fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
