//! Deadlines, attempts and pushback between clients and servers that speak gRPC with each other, all in this process.

mod chain;
mod deadline;
mod pushback;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use cache_demo::proto::GetRequest;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn asks_for(key: &str) -> GetRequest {
    GetRequest {
        key: key.to_owned(),
    }
}

/// How many of something there are.
#[derive(Clone, Debug, Default)]
struct Count(Arc<AtomicU32>);

impl Count {
    /// One more, for as long as the guard lives.
    fn enter(&self) -> impl Sized + Send + use<> {
        struct Guard(Count);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.0.fetch_sub(1, Relaxed);
            }
        }
        self.0.fetch_add(1, Relaxed);
        Guard(self.clone())
    }

    fn get(&self) -> u32 {
        self.0.load(Relaxed)
    }
}
