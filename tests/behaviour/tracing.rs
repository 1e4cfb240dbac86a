//! Events for `tracing`: their levels, and floods thinned out.

mod common;

use std::fmt;
use std::sync::{Arc, Mutex};

use common::{Calls, Error, breaker, fail, ms};
use resilient_runtime::{circuit_breaker, fallback, retry, timeout};
use tokio::time::sleep;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Metadata, Subscriber, span};

/// What was said of one site.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Level, String)>>>);

impl Log {
    /// What this thread says from now on, until the guard is dropped.
    fn listen(site: &'static str, most: LevelFilter) -> (Self, DefaultGuard) {
        let log = Self::default();
        let listener = Listener {
            log: log.clone(),
            site,
            most,
        };
        (log, tracing::subscriber::set_default(listener))
    }

    fn take(&self) -> Vec<(Level, String)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn levels(&self) -> Vec<(Level, String)> {
        let message = |(level, line): (Level, String)| {
            (level, line.split(';').next().unwrap_or_default().to_owned())
        };
        self.take().into_iter().map(message).collect()
    }
}

struct Listener {
    log: Log,
    site: &'static str,
    most: LevelFilter,
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
    site: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "site" => self.site = value.to_owned(),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.fields += &format!("; {name} = {value:?}"),
        }
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.most
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.most)
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        if line.site == self.site {
            let said = (*event.metadata().level(), line.message + &line.fields);
            self.log.0.lock().unwrap().push(said);
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn each_event_has_its_level() {
    #[fallback(value = Ok(99), name = "levels")]
    #[retry(count = 3, backoff = "constant", delay_ms = 10, jitter = "none")]
    #[timeout(ms = 100)]
    #[circuit_breaker(consecutive_failures = 1, open_for_ms = 1000)]
    async fn ask(calls: &Calls, outcomes: &[Option<Error>]) -> Result<u32, Error> {
        match outcomes.get(calls.note() - 1) {
            Some(Some(error)) => Err(error.clone()),
            Some(None) => std::future::pending().await,
            None => Ok(1),
        }
    }

    let (log, _guard) = Log::listen("levels", LevelFilter::TRACE);
    let _ = ask(&Calls::new(), &[Some(Error::Overload(None)), None]).await;
    let said = |level, text: &str| (level, text.to_owned());
    assert_eq!(
        log.levels(),
        [
            said(Level::DEBUG, "attempt failed"),
            said(Level::DEBUG, "retry scheduled"),
            said(Level::INFO, "timed out"),
            said(Level::WARN, "circuit breaker opened"),
            said(Level::DEBUG, "attempt failed"),
            said(Level::DEBUG, "retry scheduled"),
            said(Level::WARN, "call refused"),
            said(Level::DEBUG, "attempt failed"),
            said(Level::DEBUG, "not retried"),
            said(Level::INFO, "fallback used"),
        ]
    );
    sleep(ms(2000)).await;
    let _ = ask(&Calls::new(), &[Some(Error::Overload(None))]).await;
    let levels = log.levels();
    assert_eq!(
        levels[0],
        said(Level::WARN, "circuit breaker changed"),
        "half-open"
    );
    assert_eq!(
        levels[1],
        said(Level::WARN, "circuit breaker opened"),
        "the probe failed"
    );
    sleep(ms(2000)).await;
    let _ = ask(&Calls::new(), &[]).await;
    let levels = log.levels();
    assert_eq!(
        levels,
        [
            said(Level::WARN, "circuit breaker changed"),
            said(Level::WARN, "circuit breaker changed")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn exhausted_retries_are_a_warning_and_a_late_success_is_not() {
    #[retry(name = "exhausted", count = 2, delay_ms = 1)]
    async fn ask(calls: &Calls, fails: usize) -> Result<(), Error> {
        if calls.note() <= fails {
            Err(Error::Transient)
        } else {
            Ok(())
        }
    }

    let (log, _guard) = Log::listen("exhausted", LevelFilter::TRACE);
    let _ = ask(&Calls::new(), 2).await;
    let (level, line) = log.take().pop().unwrap();
    assert_eq!(level, Level::WARN);
    assert_eq!(
        line,
        "retries gave up; attempts = 2; why = Exhausted; more = 0"
    );
    let _ = ask(&Calls::new(), 1).await;
    assert_eq!(
        log.levels().pop(),
        Some((Level::DEBUG, "retry succeeded".to_owned()))
    );
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_the_same_is_thinned_to_one_a_second_that_counts_the_others() {
    #[circuit_breaker(name = "flooded", consecutive_failures = 1, open_for = "1h")]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    let (log, _guard) = Log::listen("flooded", LevelFilter::WARN);
    fail(breaker("flooded"), 1);
    assert_eq!(log.take().len(), 1);
    for _ in 0..100 {
        let _ = ask().await;
    }
    let first = log.take();
    assert_eq!(first.len(), 1);
    assert!(first[0].1.ends_with("more = 0"), "{first:?}");
    sleep(ms(999)).await;
    let _ = ask().await;
    assert_eq!(log.take(), []);
    sleep(ms(1)).await;
    let _ = ask().await;
    let second = log.take();
    assert_eq!(second.len(), 1);
    assert!(second[0].1.ends_with("more = 100"), "{second:?}");
}

#[tokio::test(start_paused = true)]
async fn one_sites_flood_does_not_drown_anothers_word() {
    #[circuit_breaker(name = "loud", consecutive_failures = 1, open_for = "1h")]
    async fn loud() -> Result<(), Error> {
        Ok(())
    }
    #[circuit_breaker(name = "quiet", consecutive_failures = 1, open_for = "1h")]
    async fn quiet() -> Result<(), Error> {
        Ok(())
    }

    let (log, _guard) = Log::listen("quiet", LevelFilter::WARN);
    fail(breaker("loud"), 1);
    fail(breaker("quiet"), 1);
    log.take();
    let _ = loud().await;
    let _ = quiet().await;
    assert_eq!(log.take().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_what_the_subscriber_wants_is_said() {
    #[retry(name = "wanted", count = 2, delay_ms = 1)]
    async fn ask() -> Result<(), Error> {
        Err(Error::Transient)
    }

    let (log, guard) = Log::listen("wanted", LevelFilter::WARN);
    let _ = ask().await;
    assert_eq!(log.levels(), [(Level::WARN, "retries gave up".to_owned())]);
    drop(guard);
    sleep(ms(5000)).await;
    let _ = ask().await;
    assert_eq!(log.take(), []);
}
