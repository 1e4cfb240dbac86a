//! One call, and what the policies above it decided while it ran.

use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use resilient_runtime::{EventKind, Subscription, observe};
use tonic::Status;

type Heard = Arc<Mutex<Vec<EventKind>>>;

tokio::task_local! {
    // An event reaches the observer inside the call that it belongs to, so this tells calls apart that run side by side.
    static HEARD: Heard;
}

fn hear(event: EventKind) {
    // Outside any watched call there is nobody to tell.
    let _ = HEARD.try_with(|heard| {
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push(event);
    });
}

/// A call that is over.
#[derive(Debug)]
pub struct Watched<T> {
    pub result: Result<T, Status>,
    pub took: Duration,
    pub events: Vec<EventKind>,
}

/// Who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Server { attempts: u32 },
    Fallback,
    Nobody,
}

/// Runs the call and keeps what was decided.
pub async fn watch<T>(call: impl Future<Output = Result<T, Status>>) -> Watched<T> {
    static SUBSCRIPTION: OnceLock<Subscription> = OnceLock::new();
    SUBSCRIPTION.get_or_init(|| observe(|event| hear(event.kind().clone())));

    let heard = Heard::default();
    let began = Instant::now();
    let result = HEARD.scope(Arc::clone(&heard), call).await;
    let took = began.elapsed();
    let events = std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner));
    Watched {
        result,
        took,
        events,
    }
}

impl<T> Watched<T> {
    pub fn answer(&self) -> Answer {
        if self.result.is_err() {
            return Answer::Nobody;
        }
        let mut attempts = 1;
        for event in &self.events {
            match event {
                EventKind::FallbackUsed { .. } => return Answer::Fallback,
                EventKind::RetrySucceeded { attempt } => attempts = *attempt,
                _ => {}
            }
        }
        Answer::Server { attempts }
    }
}
