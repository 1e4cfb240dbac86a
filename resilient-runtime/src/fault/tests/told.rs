//! What `tracing` is told of the switch.

use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span;
use tracing::{Event, Metadata, Subscriber};

use super::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Visit for Log {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        self.0.lock().unwrap().push(format!("{value:?}"));
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().contains("fault")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn it_is_told_once_each_time_it_is_switched_on() {
    let log = Log::default();
    let _listening = tracing::subscriber::set_default(log.clone());
    let told = || std::mem::take(&mut *log.0.lock().unwrap());
    active(async {
        assert_eq!(told().last().unwrap(), "fault injection is on");
        faults::enable();
        let _ = FaultInjector::new(Fault::new()).call(answers()).await;
        assert!(told().is_empty());
        faults::disable();
        assert!(told().is_empty());
        faults::enable();
        assert_eq!(told(), ["fault injection is on"]);
    })
    .await;
}
