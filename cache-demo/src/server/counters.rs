use std::ops::Sub;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::Serialize;
use tonic::Code;
use tonic::codegen::http::{Request, Response};

const PREVIOUS_ATTEMPTS: &str = "grpc-previous-rpc-attempts";
const STATUS: &str = "grpc-status";

/// How many calls of each method have reached the server, those included that it then refused or failed, and what is to
/// be seen of them from outside.
#[derive(Debug, Default)]
pub struct Counters {
    store: AtomicU64,
    get: AtomicU64,
    dump: AtomicU64,
    retries: AtomicU64,
    out_of_time: AtomicU64,
    skipped: AtomicU64,
}

impl Counters {
    /// Counts a call by its path.
    pub(super) fn count<B>(&self, request: &Request<B>) {
        let counter = match request.uri().path().rsplit('/').next() {
            Some("Store") => &self.store,
            Some("Get") => &self.get,
            Some("Dump") => &self.dump,
            _ => return,
        };
        counter.fetch_add(1, Relaxed);
        if request.headers().contains_key(PREVIOUS_ATTEMPTS) {
            self.retries.fetch_add(1, Relaxed);
        }
    }

    /// Counts how a call ended.
    pub(super) fn count_end<B>(&self, response: &Response<B>) {
        let status = response.headers().get(STATUS);
        if status.is_some_and(|code| Code::from_bytes(code.as_ref()) == Code::DeadlineExceeded) {
            self.out_of_time.fetch_add(1, Relaxed);
        }
    }

    /// Counts a call, or an item of a dump, for which there was no time left.
    pub(super) fn count_skipped(&self) {
        self.skipped.fetch_add(1, Relaxed);
    }

    pub fn read(&self) -> Counts {
        Counts {
            store: self.store.load(Relaxed),
            get: self.get.load(Relaxed),
            dump: self.dump.load(Relaxed),
            retries: self.retries.load(Relaxed),
            out_of_time: self.out_of_time.load(Relaxed),
            skipped: self.skipped.load(Relaxed),
        }
    }
}

/// The counters at one moment; the difference of two is what reached the server in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub store: u64,
    pub get: u64,
    pub dump: u64,
    /// Those among them that said of themselves that they were not the first attempt.
    pub retries: u64,
    /// Those that ended with `DEADLINE_EXCEEDED`: the server ended the handler, or skipped its work.
    pub out_of_time: u64,
    /// Work that was not begun, because there was no time left for it.
    pub skipped: u64,
}

impl Sub for Counts {
    type Output = Counts;

    fn sub(self, earlier: Counts) -> Counts {
        Counts {
            store: self.store - earlier.store,
            get: self.get - earlier.get,
            dump: self.dump - earlier.dump,
            retries: self.retries - earlier.retries,
            out_of_time: self.out_of_time - earlier.out_of_time,
            skipped: self.skipped - earlier.skipped,
        }
    }
}
