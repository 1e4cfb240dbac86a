use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use prost::bytes::Bytes;

use super::workers::Work;

/// How much the cache keeps, for how long, and how much it can do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of keys and values together.
    pub capacity: u64,
    pub time_to_live: Duration,
    pub work: Work,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            capacity: 16 * 1024 * 1024,
            time_to_live: Duration::from_secs(60 * 60),
            work: Work {
                workers: 4,
                time: Duration::ZERO,
                skip_expired: false,
            },
        }
    }
}

/// The values. What was stored last stays longest: whoever has just stored a value expects to find it.
#[derive(Debug)]
pub struct Store {
    values: Cache<String, Bytes>,
    capacity: u64,
}

impl Store {
    /// Keeps "123" and "231" from the beginning.
    pub fn new(limits: Limits) -> Self {
        let values = Cache::builder()
            .max_capacity(limits.capacity)
            .weigher(|key: &String, value: &Bytes| {
                u32::try_from(key.len() + value.len()).unwrap_or(u32::MAX)
            })
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(limits.time_to_live)
            .build();
        let store = Store {
            values,
            capacity: limits.capacity,
        };
        for key in ["123", "231"] {
            store.put(key.to_owned(), Bytes::from_static(key.as_bytes()));
        }
        store
    }

    /// Whether there is room for this item at all.
    pub(super) fn fits(&self, key: &str, value: &[u8]) -> bool {
        (key.len() + value.len()) as u64 <= self.capacity
    }

    pub(super) fn put(&self, key: String, value: Bytes) {
        self.values.insert(key, value);
        // Room is made now and not by and by: a `Dump` never shows more than the capacity.
        self.values.run_pending_tasks();
    }

    pub fn get(&self, key: &str) -> Option<Bytes> {
        self.values.get(key)
    }

    /// All items as they are now, by key.
    pub(super) fn items(&self) -> Vec<(Arc<String>, Bytes)> {
        self.values.run_pending_tasks();
        let mut items: Vec<_> = self.values.iter().collect();
        items.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        items
    }
}
