//! What was measured, read once a second for everybody who looks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::runtime::Handle;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::history::History;
use super::log::Log;
use super::view::{SiteView, Told};
use crate::{Site, Subscription, observe, registry, spawn};

const SECOND: Duration = Duration::from_secs(1);
/// Seconds that a stream may lag behind before it is told everything anew.
const LAG: usize = 8;

/// Read by a task of its own, which ends with the last reference.
#[derive(Debug)]
pub(super) struct Board {
    seen: Mutex<Vec<Seen>>,
    log: Log,
    ticks: broadcast::Sender<Arc<str>>,
    reading: Mutex<Option<JoinHandle<()>>>,
    _subscription: Subscription,
}

#[derive(Debug)]
struct Seen {
    site: &'static Site,
    history: History,
    /// As it was told last, without its latest second.
    told: String,
    /// Whether something was told of its latest second.
    active: bool,
}

impl Board {
    pub(super) fn new() -> Arc<Self> {
        registry().measure();
        let log = Log::default();
        let subscription = observe({
            let log = log.clone();
            move |event| log.note(event)
        });
        let seen = registry().sites().iter().map(|&site| Seen {
            site,
            history: History::new(site),
            told: String::new(),
            active: false,
        });
        let board = Arc::new(Self {
            seen: Mutex::new(seen.collect()),
            log,
            ticks: broadcast::Sender::new(LAG),
            reading: Mutex::default(),
            _subscription: subscription,
        });
        board.start();
        board
    }

    /// Begins to read, if there is a runtime to do so in and nobody does: also anew, where another runtime ended.
    pub(super) fn start(self: &Arc<Self>) {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let is_read = reading.as_ref().is_some_and(|task| !task.is_finished());
        if !is_read && Handle::try_current().is_ok() {
            *reading = Some(spawn(read(Arc::downgrade(self))));
        }
    }

    /// Each tick from now on, as JSON.
    pub(super) fn listen(&self) -> broadcast::Receiver<Arc<str>> {
        self.ticks.subscribe()
    }

    /// Everything, as JSON.
    pub(super) fn all(&self, may_act: Option<bool>) -> serde_json::Result<String> {
        let seen = self.seen();
        let sites = seen.iter().enumerate().map(|(id, seen)| {
            SiteView::new(id, seen.site, &seen.history).with_history(&seen.history)
        });
        let told = self.log.told();
        let mut all = Told::new(seconds_since_1970(), sites.collect(), &told);
        all.may_act = may_act;
        serde_json::to_string(&all)
    }

    fn advance(&self) {
        let at = seconds_since_1970();
        let mut seen = self.seen();
        let fresh = self.log.advance();
        let is_watched = self.ticks.receiver_count() > 0;
        let mut changed = Vec::new();
        for (id, seen) in seen.iter_mut().enumerate() {
            let point = seen.history.advance(seen.site, at);
            if !is_watched {
                seen.told.clear();
                continue;
            }
            let view = SiteView::new(id, seen.site, &seen.history);
            let told = serde_json::to_string(&view).unwrap_or_default();
            let active = !point.is_empty();
            // A second without calls is told once: the line has to come down.
            if active || seen.active || told != seen.told {
                changed.push(view.with_point(point));
            }
            (seen.told, seen.active) = (told, active);
        }
        drop(seen);
        if is_watched && let Ok(tick) = serde_json::to_string(&Told::new(at, changed, &fresh)) {
            // An error says that the last one who looked has gone.
            let _ = self.ticks.send(tick.into());
        }
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(board: Weak<Board>) {
    let mut seconds = interval_at(Instant::now() + SECOND, SECOND);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        match board.upgrade() {
            Some(board) => board.advance(),
            None => return,
        }
    }
}

fn seconds_since_1970() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
