//! The command line.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use tonic::transport::{Endpoint, Uri};

use crate::server::Limits;

/// A gRPC cache that lives by resilience attributes.
///
/// Without a command it tells its story: a server that is flaky, slow, dead and back again, and a client whose calls
/// survive it by five attributes above an `async fn`; then a server of which too much is asked, and that survives it
/// by one attribute above its `impl`; then an outage that ends, and its retries, which end only where they have a
/// budget. It then checks what it claims, and exits with 1 if something did not hold.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// Print one JSON document instead of the story
    #[arg(long)]
    pub json: bool,

    /// Serve a page that shows each function live, at this address, and keep it up after the story until ctrl-c; port 0
    /// takes a free one, and the address is printed
    #[arg(long, value_name = "ADDR")]
    pub dashboard: Option<SocketAddr>,

    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve a cache until ctrl-c; calls in flight then finish first, a second ctrl-c quits at once
    Server(ServerArgs),
    /// Call a cache that runs elsewhere
    Client(Box<ClientArgs>),
    /// Call a cache that runs elsewhere at a steady rate, and print what came back and how fast
    ///
    /// The load is open: calls begin on time whether or not earlier ones are back, as those of many users would, and
    /// a latency counts from when its call was due. Each key is given its value first; where keys times the size of a
    /// value is more than the capacity of the server, it has evicted some of them again, and gets of those are NotFound.
    Load(Box<LoadArgs>),
    /// Print the functions that have attributes, layer by layer, with their settings
    Policies,
}

#[derive(Debug, Args)]
pub struct ServerArgs {
    /// Where to listen; port 0 takes a free one, and the address is printed
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:50051")]
    pub listen: SocketAddr,

    /// Bytes of keys and values that the cache holds
    #[arg(long, value_name = "BYTES", allow_hyphen_values = true, default_value_t = Limits::default().capacity,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub capacity: u64,

    /// How long a value is kept
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, default_value = "1h", value_parser = lifetime)]
    pub time_to_live: Duration,

    /// Workers, each busy for `--work` over one call, or one item of a dump
    #[arg(long, value_name = "N", allow_hyphen_values = true, default_value_t = Limits::default().work.workers,
          value_parser = clap::value_parser!(u16).range(1..))]
    pub workers: u16,

    /// How long a worker takes; with 0s no call waits for one
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, default_value = "0s",
          value_parser = humantime::parse_duration)]
    pub work: Duration,

    /// Begin no work that cannot be done in the time that the caller has
    #[arg(long)]
    pub skip_expired: bool,

    /// Gets and stores a second, together; those beyond are told when to come back [default: 5000]
    #[arg(long, value_name = "N", allow_hyphen_values = true, conflicts_with = "no_limits",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_limit: Option<u32>,

    /// Dumps at once; one more is refused [default: 2]
    #[arg(long, value_name = "N", allow_hyphen_values = true, conflicts_with = "no_limits",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub max_dumps: Option<u32>,

    /// Take on every call: no rate limit, no limit that adapts to what the workers can do, none for dumps
    #[arg(long)]
    pub no_limits: bool,

    /// Be in trouble: the share of calls that fail, 0 to 1
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, default_value_t = 0.0, value_parser = share)]
    pub fault_error_rate: f64,

    /// Be in trouble: let every call wait before it is worked on
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, default_value = "0s",
          value_parser = humantime::parse_duration)]
    pub fault_latency: Duration,

    /// Be in trouble: send answers this late
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, default_value = "0s",
          value_parser = humantime::parse_duration)]
    pub delay: Duration,
}

#[derive(Debug, Args)]
pub struct ClientArgs {
    /// The server: HOST:PORT
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:50051", value_parser = endpoint)]
    pub server: Endpoint,

    #[command(subcommand)]
    pub call: Call,
}

#[derive(Debug, Subcommand)]
pub enum Call {
    /// Print the value under a key
    Get {
        #[arg(value_name = "KEY", value_parser = key)]
        key: String,
    },
    /// Keep a value under a key
    Store {
        #[arg(value_name = "KEY", value_parser = key)]
        key: String,
        #[arg(value_name = "VALUE")]
        value: String,
    },
    /// Print all that the server keeps, a line each: key, tab, value
    Dump,
}

#[derive(Debug, Args)]
pub struct LoadArgs {
    /// The server: HOST:PORT
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:50051", value_parser = endpoint)]
    pub server: Endpoint,

    /// Calls a second
    #[arg(long, value_name = "N", allow_hyphen_values = true, default_value_t = 200,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rate: u32,

    /// For how long calls are begun
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, default_value = "10s", value_parser = some_time)]
    pub duration: Duration,

    /// Keys that are asked for, each as often as the others
    #[arg(long, value_name = "N", allow_hyphen_values = true, default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub keys: u32,

    /// Bytes of each value
    #[arg(long, value_name = "BYTES", allow_hyphen_values = true, default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(0..=4_000_000))]
    pub value_size: u32,

    /// The share of calls that store, 0 to 1; the rest gets
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, default_value_t = 0.1, value_parser = share)]
    pub stores: f64,

    /// What a call may take; a later answer counts as none
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, default_value = "1s", value_parser = some_time)]
    pub timeout: Duration,

    /// Connections, which calls take in turn
    #[arg(long, value_name = "N", allow_hyphen_values = true, default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub connections: u16,

    /// Calls in flight at once; one that would be too many is left out, and counted
    #[arg(long, value_name = "N", allow_hyphen_values = true, default_value_t = 10_000,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub in_flight: u32,

    /// Call as business code does, with retries, time limits and the last value seen, in place of single attempts
    #[arg(long, conflicts_with = "timeout")]
    pub resilient: bool,

    /// Print one JSON document, latencies in microseconds
    #[arg(long)]
    pub json: bool,
}

fn some_time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it must be longer than nothing".to_owned()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(error.to_string()),
    }
}

/// Some time that the cache can count.
fn lifetime(text: &str) -> Result<Duration, String> {
    /// 100 years, as the parser takes them.
    const LONGEST: Duration = Duration::from_secs(100 * 31_557_600);
    let time = some_time(text)?;
    if time > LONGEST {
        return Err("it must be 100 years at most".to_owned());
    }
    Ok(time)
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("it must be a number from 0 to 1".to_owned()),
    }
}

fn key(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("the key is empty".to_owned());
    }
    Ok(text.to_owned())
}

/// `HOST:PORT`, with or without `http://` before it.
fn endpoint(text: &str) -> Result<Endpoint, String> {
    let authority = text.strip_prefix("http://").unwrap_or(text);
    let address: Uri = format!("http://{authority}")
        .parse()
        .map_err(|_| "it must be HOST:PORT".to_owned())?;
    let complete = address.host().is_some_and(|host| !host.is_empty()) && address.port().is_some();
    if !complete || address.path() != "/" {
        return Err("it must be HOST:PORT".to_owned());
    }
    Ok(Endpoint::from(address))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_server_is_named_by_host_and_port() {
        for good in [
            "127.0.0.1:1",
            "localhost:50051",
            "[::1]:50051",
            "http://cache:80",
            "http://cache:80/",
        ] {
            assert!(endpoint(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "localhost",
            "localhost:",
            ":80",
            "localhost:99999",
            "https://a:1",
            "a b:1",
            "a:1/path",
        ] {
            assert!(endpoint(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_negative_value_is_told_what_is_wrong_with_it() {
        for bad in [
            ["server", "--workers", "-1"],
            ["server", "--fault-error-rate", "-0.5"],
            ["server", "--work", "-1s"],
            ["load", "--rate", "-5"],
            ["load", "--duration", "-1s"],
            ["load", "--stores", "-1"],
        ] {
            let error = Cli::try_parse_from([&["cache-demo"][..], &bad].concat());
            let told = error.expect_err("accepted").to_string();
            assert!(told.contains("invalid value '-"), "{told}");
        }
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for bad in [
            &["server", "--fault-error-rate", "1.5"][..],
            &["server", "--fault-error-rate", "NaN"],
            &["server", "--rate-limit", "0"],
            &["server", "--rate-limit", "5", "--no-limits"],
            &["server", "--workers", "0"],
            &["server", "--capacity", "0"],
            &["server", "--time-to-live", "0s"],
            &["server", "--time-to-live", "101y"],
            &["server", "--listen", "nowhere"],
            &["client", "get", ""],
            &["load", "--rate", "0"],
            &["load", "--duration", "soon"],
            &["load", "--keys", "0"],
            &["load", "--stores", "2"],
            &["load", "--resilient", "--timeout", "1s"],
            &["--json", "server"],
        ] {
            let error = Cli::try_parse_from([&["cache-demo"], bad].concat()).expect_err("accepted");
            assert_eq!(error.exit_code(), 2, "{bad:?}");
        }
    }
}
