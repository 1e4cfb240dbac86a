//! What a call tells of itself.

use tokio::time::Instant;

use super::*;

/// How long it took.
pub(super) async fn timed<F: Future>(future: F) -> (F::Output, Duration) {
    let began = Instant::now();
    (future.await, began.elapsed())
}

pub(super) fn kinds(events: &[Event]) -> Vec<EventKind> {
    events.iter().map(|event| event.kind().clone()).collect()
}

pub(super) fn started(hedge: u32, ms: u32) -> EventKind {
    EventKind::HedgeStarted {
        hedge,
        after: ms * MS,
    }
}

pub(super) fn won(hedge: u32) -> EventKind {
    EventKind::HedgeWon { hedge }
}

pub(super) fn withheld(why: Withheld) -> EventKind {
    EventKind::HedgeWithheld(why)
}
