//! The acts, one function each.

use std::io;
use std::time::{Duration, Instant};

use resilient_runtime::{BreakerState, EventKind};
use tokio::time::sleep;
use tonic::Status;

use super::narrator::Narrator;
use super::report::{Figures, StoreFigures};
use super::script::{FLAKY, SLOW, Script};
use crate::client::{CacheClient, call_store, dump};
use crate::latency::Short;
use crate::server::{Counters, Server};
use crate::watch::{Watched, watch};

/// What business code does: it asks for the value of a key.
pub trait Get: AsyncFn(&CacheClient, &str) -> Result<Vec<u8>, Status> {}

impl<G: AsyncFn(&CacheClient, &str) -> Result<Vec<u8>, Status>> Get for G {}

/// The keys that the server holds from the start, their own names as values.
const KEYS: [&str; 2] = ["123", "231"];

/// What the slow server is given to keep.
const STORED: &str = "321";

/// Everything that the acts share.
pub(super) struct Stage<'a, G> {
    pub(super) get: G,
    pub(super) client: CacheClient,
    pub(super) script: &'a Script,
    pub(super) narrator: &'a mut Narrator,
    pub(super) breaker: Breaker,
}

/// What the events have told about the breaker so far.
#[derive(Default)]
pub(super) enum Breaker {
    #[default]
    LetsThrough,
    /// Open, and when it takes a probe.
    Refuses(Instant),
}

/// The calls of one act.
#[derive(Default)]
struct Calls(Vec<Watched<()>>);

impl<G: Get> Stage<'_, G> {
    pub(super) async fn healthy(&mut self, server: &Server) -> io::Result<Figures> {
        self.narrator.act("HEALTHY", "the server is well")?;
        let before = server.counters().read();
        let mut calls = Calls::default();
        for _ in 0..self.script.healthy {
            self.call(&mut calls).await?;
        }
        self.end(&calls, server.counters().read().get - before.get)
    }

    pub(super) async fn flaky(&mut self, server: &Server) -> io::Result<Figures> {
        self.narrator.act(
            "FLAKY",
            "the server fails a third of the calls that reach it",
        )?;
        let before = server.counters().read();
        server.trouble().fail(FLAKY);
        let mut calls = Calls::default();
        for _ in 0..self.script.flaky {
            self.call(&mut calls).await?;
        }
        server.trouble().fail(0.0);
        self.end(&calls, server.counters().read().get - before.get)
    }

    pub(super) async fn slow(&mut self, server: &Server) -> io::Result<(Figures, StoreFigures)> {
        let late = Short(SLOW);
        self.narrator.act(
            "SLOW",
            &format!("every answer leaves the server {late} late"),
        )?;
        let before = server.counters().read();
        server.trouble().delay_answers(SLOW);
        let store = self.store_once(server).await?;
        let mut calls = Calls::default();
        let mut once_open = self.script.slow_once_open;
        while once_open > 0 && calls.len() < self.script.slow_at_most {
            self.call(&mut calls).await?;
            if let Breaker::Refuses(_) = self.breaker {
                once_open -= 1;
            }
        }
        let figures = self.end(&calls, server.counters().read().get - before.get)?;
        Ok((figures, store))
    }

    /// A store is not like a get: made twice, it may undo what somebody else stored in between.
    async fn store_once(&mut self, server: &Server) -> io::Result<StoreFigures> {
        let before = server.counters().read();
        let call = {
            let _spinner = self.narrator.spinner("waiting for the server");
            watch(call_store(&self.client, STORED, STORED.as_bytes())).await
        };
        let reached_server = server.counters().read().store - before.store;
        let timed_out = call
            .events
            .iter()
            .any(|event| matches!(event, EventKind::TimedOut { .. }));
        let outcome = match &call.result {
            Ok(()) => "was answered",
            Err(_) if timed_out => "timed out",
            Err(_) => "failed",
        };
        let arrivals = match reached_server {
            1 => "once".to_owned(),
            times => format!("{times} times"),
        };
        self.narrator.say(&format!(
            "  store           {outcome} after {}; it reached the server {arrivals}",
            Short(call.took)
        ))?;
        Ok(StoreFigures {
            calls: 1,
            timed_out: timed_out.into(),
            reached_server,
            kept: false,
        })
    }

    pub(super) async fn dead(&mut self, counters: &Counters) -> io::Result<Figures> {
        self.narrator.act(
            "DEAD",
            "the listener is closed, every connection has been reset",
        )?;
        let before = counters.read();
        self.until_probe().await?;
        let mut calls = Calls::default();
        for _ in 0..self.script.dead {
            self.call(&mut calls).await?;
        }
        self.end(&calls, counters.read().get - before.get)
    }

    pub(super) async fn back(
        &mut self,
        server: &Server,
        store: &mut StoreFigures,
    ) -> io::Result<Figures> {
        self.narrator
            .act("BACK", "the server listens again, on the same port")?;
        let before = server.counters().read();
        let mut calls = Calls::default();
        for _ in 0..self.script.back {
            self.until_probe().await?;
            self.call(&mut calls).await?;
        }
        let figures = self.end(&calls, server.counters().read().get - before.get)?;
        store.kept = self.is_kept().await?;
        Ok(figures)
    }

    async fn is_kept(&mut self) -> io::Result<bool> {
        let items = match dump(&self.client).await {
            Ok(items) => items,
            Err(error) => {
                self.narrator
                    .say(&format!("  dump            failed: {}", error.message()))?;
                return Ok(false);
            }
        };
        let keys: Vec<_> = items.iter().map(|item| item.key.as_str()).collect();
        self.narrator.say(&format!(
            "  dump            the server keeps {}",
            keys.join(", ")
        ))?;
        Ok(items
            .iter()
            .any(|item| item.key == STORED && item.value == STORED.as_bytes()))
    }

    /// One call, told as soon as it is over, and the pause behind it.
    async fn call(&mut self, calls: &mut Calls) -> io::Result<()> {
        let key = KEYS[calls.0.len() % KEYS.len()];
        let call = {
            let _spinner = self.narrator.spinner("waiting for an answer");
            watch(async {
                let value = (self.get)(&self.client, key).await?;
                if value != key.as_bytes() {
                    return Err(Status::data_loss(format!("{key} came back as {value:?}")));
                }
                Ok(())
            })
            .await
        };
        for event in &call.events {
            if let EventKind::BreakerChanged(change) = event {
                self.breaker = match (change.to(), change.open_for()) {
                    (BreakerState::Open, Some(time)) => Breaker::Refuses(Instant::now() + time),
                    _ => Breaker::LetsThrough,
                };
            }
        }
        calls.0.push(call);
        let number = calls.len();
        self.narrator.call(number, &calls.0[calls.0.len() - 1])?;
        sleep(self.script.pace).await;
        Ok(())
    }

    async fn until_probe(&mut self) -> io::Result<()> {
        /// Beyond the very moment, so that the breaker's clock has passed it too.
        const MARGIN: Duration = Duration::from_millis(10);

        let Breaker::Refuses(until) = self.breaker else {
            return Ok(());
        };
        let left = until.saturating_duration_since(Instant::now()) + MARGIN;
        self.narrator
            .pause(left, "until the breaker takes a probe")
            .await
    }

    fn end(&mut self, calls: &Calls, reached_server: u64) -> io::Result<Figures> {
        self.narrator.end_of_run()?;
        Ok(Figures::of(&calls.0, reached_server))
    }
}

impl Calls {
    fn len(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }
}
