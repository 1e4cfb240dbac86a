use std::ops::Sub;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::Serialize;

/// How many calls of each method have reached the server, those included that it then refused or failed.
#[derive(Debug, Default)]
pub struct Counters {
    store: AtomicU64,
    get: AtomicU64,
    dump: AtomicU64,
}

impl Counters {
    /// Counts a call by the path of its request.
    pub(super) fn count(&self, path: &str) {
        let counter = match path.rsplit('/').next() {
            Some("Store") => &self.store,
            Some("Get") => &self.get,
            Some("Dump") => &self.dump,
            _ => return,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub fn read(&self) -> Counts {
        Counts {
            store: self.store.load(Relaxed),
            get: self.get.load(Relaxed),
            dump: self.dump.load(Relaxed),
        }
    }
}

/// The counters at one moment; the difference of two is what reached the server in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub store: u64,
    pub get: u64,
    pub dump: u64,
}

impl Sub for Counts {
    type Output = Counts;

    fn sub(self, earlier: Counts) -> Counts {
        Counts {
            store: self.store - earlier.store,
            get: self.get - earlier.get,
            dump: self.dump - earlier.dump,
        }
    }
}
