//! Server and client as two processes.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::iter::successors;
use std::pin::pin;

use resilient_runtime::{LayerKind, SettingError};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::cli::{Call, ClientArgs, LoadArgs, ServerArgs};
use crate::client::{CacheClient, call_get, call_store, dump};
use crate::interrupt::Interrupts;
use crate::load::{self, How, Mix, Pace, Summary};
use crate::proto::Item;
use crate::server::policies::{self, LIMITS};
use crate::server::{Limits, Server, Work};
use crate::waiting::{Waiting, is_watched};

/// What ends a command early.
#[derive(Debug)]
pub enum Failure {
    Io(io::Error),
    Call(Status),
    /// A load cannot begin: its keys have no values.
    Fill(Status),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self {
            Failure::Io(error) => return error.fmt(f),
            Failure::Call(status) => status,
            Failure::Fill(status) => {
                f.write_str("the keys could not be given their values: ")?;
                status
            }
        };
        write!(f, "{}: {}", status.code().description(), status.message())?;
        // The last of the causes is the one that a person can do something about.
        let first = status.source().and_then(Error::source);
        match successors(first, |cause| (*cause).source()).last() {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
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
        work: Work {
            workers: args.workers,
            time: args.work,
            skip_expired: args.skip_expired,
        },
    };
    let _off = args.no_limits.then(|| policies::switch_off(&LIMITS));
    tune(args).map_err(io::Error::other)?;
    let server = Server::start(args.listen, limits).map_err(|error| {
        let what = format!("cannot listen on {}: {error}", args.listen);
        io::Error::new(error.kind(), what)
    })?;
    let trouble = server.trouble();
    if args.fault_error_rate > 0.0 {
        trouble.fail(args.fault_error_rate);
    }
    if !args.fault_latency.is_zero() {
        trouble.delay_calls(args.fault_latency);
    }
    trouble.delay_answers(args.delay);
    let counters = server.counters().clone();
    let mut interrupts = Interrupts::listen()?;
    say(&format!("listening on {}", server.address()))?;

    interrupts.next().await;
    say("draining: calls in flight finish, ctrl-c again quits at once")?;
    tokio::select! {
        drained = server.drain() => drained?,
        () = interrupts.next() => return Err(interrupted()),
    }
    let reached = counters.read();
    say(&format!(
        "drained; it was asked for {} get, {} store, {} dump, {} of them retries; {} out of time; {} pieces of work skipped",
        reached.get,
        reached.store,
        reached.dump,
        reached.retries,
        reached.out_of_time,
        reached.skipped
    ))?;
    Ok(())
}

/// Lays what the command line says over what stands in the attributes.
fn tune(args: &ServerArgs) -> Result<(), SettingError> {
    if let Some(rate) = args.rate_limit {
        policies::set(LayerKind::RateLimit, "per_second", rate.into())?;
    }
    if let Some(dumps) = args.max_dumps {
        policies::set(LayerKind::Bulkhead, "max_concurrent", dumps.into())?;
    }
    Ok(())
}

/// Makes one call.
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
            for Item { key, value } in dump(&client).await? {
                writeln!(out, "{}\t{}", key.escape_debug(), readable(&value))?;
            }
        }
    }
    Ok(())
}

/// Makes many calls. Ctrl-c ends it early: calls in flight finish and what there is is summed up.
pub async fn load(args: &LoadArgs) -> Result<(), Failure> {
    let mix = Mix {
        clients: (0..args.connections)
            .map(|_| CacheClient::new(&args.server))
            .collect(),
        keys: args.keys,
        value: vec![b'x'; args.value_size as usize].into(),
        stores: args.stores,
        how: if args.resilient {
            How::Resilient
        } else {
            How::Bare(args.timeout)
        },
    };
    let pace = Pace {
        rate: args.rate,
        duration: args.duration,
        in_flight: args.in_flight,
    };
    let filling = if is_watched() {
        Waiting::spinner("giving each key its value")
    } else {
        Waiting::nothing()
    };
    mix.fill().await.map_err(Failure::Fill)?;
    drop(filling);

    let mut interrupts = Interrupts::listen()?;
    if !args.json {
        let (rate, duration) = (args.rate, humantime::format_duration(args.duration));
        say(&format!(
            "{rate} calls a second for {duration}; ctrl-c ends it early"
        ))?;
    }
    let summary = until_interrupted(&mix, pace, &mut interrupts).await?;
    say(&if args.json {
        format!("{:#}", summary.to_json())
    } else {
        summary.to_string()
    })?;
    Ok(())
}

/// The calls in flight are waited for, unless ctrl-c comes twice.
async fn until_interrupted(
    mix: &Mix,
    pace: Pace,
    interrupts: &mut Interrupts,
) -> Result<Summary, Failure> {
    let bar = if is_watched() {
        Waiting::bar(pace.duration)
    } else {
        Waiting::nothing()
    };
    let stop = CancellationToken::new();
    let mut running = pin!(load::run(pace, &stop, &bar, |number| mix.call(number)));
    tokio::select! {
        summary = &mut running => return Ok(summary),
        () = interrupts.next() => stop.cancel(),
    }
    tokio::select! {
        summary = running => Ok(summary),
        () = interrupts.next() => Err(interrupted()),
    }
}

/// The value on one line: as text where it is text.
fn readable(value: &[u8]) -> String {
    match str::from_utf8(value) {
        Ok(text) => text.escape_debug().to_string(),
        Err(_) => value.escape_ascii().to_string(),
    }
}

pub fn interrupted() -> Failure {
    io::Error::from(io::ErrorKind::Interrupted).into()
}

/// A line on stdout, at once: whoever started this process may be waiting for it.
fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
