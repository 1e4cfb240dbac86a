//! Each attempt has a span for `tracing`, where a subscriber wants to know that much.

mod common;

use std::collections::HashMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use common::{Calls, Error, breaker, ms};
use futures::FutureExt as _;
use resilient_runtime::{circuit_breaker, hedge, retry, timeout};
use tokio::time::sleep;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber, info, info_span, span};

/// The spans of this thread, and in which of them what was said.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Written>>);

#[derive(Default)]
struct Written {
    spans: Vec<HashMap<String, String>>,
    entered: Vec<u64>,
    /// What was said, and the spans around it, the outermost first.
    lines: Vec<String>,
}

impl Log {
    /// What is said from now on, until the guard is dropped.
    fn listen(most: LevelFilter) -> (Self, DefaultGuard) {
        let log = Self::default();
        let listener = Listener {
            log: log.clone(),
            most,
        };
        (log, tracing::subscriber::set_default(listener))
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().lines.clone()
    }

    /// The attempts of a site: their numbers, and how they ended.
    fn attempts(&self, site: &str) -> Vec<String> {
        let written = self.0.lock().unwrap();
        let of_site =
            |span: &&HashMap<String, String>| span["name"] == "attempt" && span["site"] == site;
        let told = |span: &HashMap<String, String>| {
            let outcome = span.get("outcome").map_or("-", String::as_str);
            format!("{} {outcome}", span["attempt"])
        };
        written.spans.iter().filter(of_site).map(told).collect()
    }
}

struct Listener {
    log: Log,
    most: LevelFilter,
}

struct Fields<'a>(&'a mut HashMap<String, String>);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.most
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.most)
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut written = self.log.0.lock().unwrap();
        let name = attributes.metadata().name().to_owned();
        let mut fields = HashMap::from([("name".to_owned(), name)]);
        attributes.record(&mut Fields(&mut fields));
        written.spans.push(fields);
        span::Id::from_u64(written.spans.len() as u64)
    }

    fn record(&self, span: &span::Id, values: &span::Record<'_>) {
        let mut written = self.log.0.lock().unwrap();
        let fields = &mut written.spans[span.into_u64() as usize - 1];
        values.record(&mut Fields(fields));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = HashMap::new();
        event.record(&mut Fields(&mut fields));
        let mut written = self.log.0.lock().unwrap();
        let around = written.entered.iter().map(|&span| {
            let span = &written.spans[span as usize - 1];
            span.get("attempt").unwrap_or(&span["name"]).as_str()
        });
        let around: Vec<_> = around.collect();
        let line = format!("{}: {}", around.join(" > "), fields["message"]);
        written.lines.push(line);
    }

    fn enter(&self, span: &span::Id) {
        self.log.0.lock().unwrap().entered.push(span.into_u64());
    }

    fn exit(&self, span: &span::Id) {
        let left = self.log.0.lock().unwrap().entered.pop();
        assert_eq!(left, Some(span.into_u64()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_attempt_says_is_said_in_its_span() {
    #[retry(name = "says", count = 2, delay_ms = 1)]
    #[timeout("100ms")]
    async fn ask(calls: &Calls) -> Result<u32, Error> {
        let inner = info_span!("inner");
        inner.in_scope(|| info!("begun"));
        if calls.note() == 1 {
            std::future::pending().await
        }
        sleep(ms(1)).await;
        info!("woken");
        Ok(1)
    }

    let (log, _guard) = Log::listen(LevelFilter::DEBUG);
    let _ = ask(&Calls::new()).await;
    assert_eq!(
        log.lines(),
        [
            "1 > inner: begun",
            "1: timed out",
            ": attempt failed",
            ": retry scheduled",
            "2 > inner: begun",
            "2: woken",
            ": retry succeeded",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_span_says_how_its_attempt_ended() {
    #[retry(
        name = "ends",
        count = 5,
        delay_ms = 1,
        max_delay = "1s",
        on_open = "wait"
    )]
    #[timeout("100ms")]
    #[circuit_breaker(open_for_ms = 100)]
    async fn ask(calls: &Calls) -> Result<u32, Error> {
        match calls.note() {
            1 => Err(Error::Transient),
            2 => std::future::pending().await,
            3 => {
                breaker("ends").force_open();
                Err(Error::Overload(None))
            }
            _ => Ok(1),
        }
    }

    let (log, _guard) = Log::listen(LevelFilter::DEBUG);
    let _ = ask(&Calls::new()).await;
    breaker("ends").reset();
    let ends = ["1 error", "2 timed out", "3 error", "4 refused"];
    assert_eq!(log.attempts("ends"), ends);
    let calls = Calls::new();
    for _ in 0..3 {
        calls.note();
    }
    let _ = ask(&calls).await;
    assert_eq!(log.attempts("ends")[4..], ["1 ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_span_of_what_did_not_end_says_why() {
    #[retry(name = "no end")]
    async fn ask(panics: bool) -> Result<u32, Error> {
        if panics {
            panic!("in the body")
        }
        std::future::pending().await
    }

    let (log, _guard) = Log::listen(LevelFilter::DEBUG);
    assert!(ask(false).now_or_never().is_none());
    assert!(AssertUnwindSafe(ask(true)).catch_unwind().await.is_err());
    assert_eq!(log.attempts("no end"), ["1 dropped", "1 panicked"]);
}

#[tokio::test(start_paused = true)]
async fn the_attempts_of_a_hedge_have_a_span_each() {
    #[hedge("20ms", name = "hedged")]
    async fn ask(calls: &Calls) -> Result<u32, Error> {
        let call = calls.note();
        sleep(ms(if call == 1 { 100 } else { 10 })).await;
        info!("woken");
        Ok(1)
    }

    let (log, _guard) = Log::listen(LevelFilter::DEBUG);
    let _ = ask(&Calls::new()).await;
    assert_eq!(log.attempts("hedged"), ["1 dropped", "2 ok"]);
    assert_eq!(log.lines(), [": hedge started", "2: woken", ": hedge won"]);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_wants_to_know_there_is_no_span() {
    #[retry(name = "unwanted")]
    #[hedge("20ms")]
    async fn ask() -> Result<u32, Error> {
        info!("said");
        Ok(1)
    }

    let (log, _guard) = Log::listen(LevelFilter::INFO);
    let _ = ask().await;
    assert_eq!(log.lines(), [": said"]);
    assert!(log.attempts("unwanted").is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_one_attempt_of_a_retry_that_is_switched_off_is_none() {
    #[retry(name = "switched off")]
    #[hedge("20ms")]
    async fn ask() -> Result<u32, Error> {
        Ok(1)
    }

    let (log, _guard) = Log::listen(LevelFilter::DEBUG);
    for layer in resilient_runtime::registry()
        .site("switched off")
        .unwrap()
        .layers()
    {
        layer.set_enabled(false);
    }
    let _ = ask().await;
    assert!(log.attempts("switched off").is_empty());
}
