//! The states of many keys: a bounded map that forgets who was idle longest.

use std::cell::LazyCell;
use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use papaya::HashMap;
use tokio::time::Instant;

use super::key::Key;
use super::own::{OwnSettings, Tag};
use crate::clock;
use crate::site::Overlay;

/// The states of the keys of one layer.
///
/// A hit is a look-up in a map that is read without locks. A miss takes a short lock of one
/// shard. Shards hold some ten thousands of keys each, so that looking for one to forget is short.
///
/// Who goes: of the keys that are idle, the one whose last use lies furthest back. Use is counted
/// by a clock that ticks with each use of a key that is not among the latest sixty-fourth of its
/// shard, so a key in steady use writes nothing.
pub(crate) struct Keys<C> {
    shards: OnceLock<Box<[Shard<C>]>>,
    own: OwnSettings,
}

/// How many keys a shard holds before there is another.
const SHARD: usize = 16_384;
const MOST_SHARDS: usize = 64;
/// About what it takes to see whether one key is idle.
const LOOK: Duration = Duration::from_nanos(10);
/// The clock's last instant, which no use has: the key is being forgotten.
const FORGOTTEN: u64 = u64::MAX;

type Map<C> = HashMap<u128, Arc<Place<C>>, BuildHasherDefault<Identity>>;

struct Shard<C> {
    map: Map<C>,
    clock: AtomicU64,
    most: usize,
    making: Mutex<Making>,
}

/// What whoever makes or forgets a state has to know.
#[derive(Default)]
struct Making {
    count: usize,
    /// Who may go next, and when it was last used: stale if it was used since.
    next_to_go: VecDeque<(u128, u64)>,
    /// Nobody looks again before this for one that may go: there was none, and looking takes time.
    fruitless_until: Option<Instant>,
}

struct Place<C> {
    core: C,
    used: AtomicU64,
    tag: Tag,
}

/// The state of one key, in use as long as this lives.
pub(crate) struct Held<C>(Arc<Place<C>>);

impl<C> Held<C> {
    pub(crate) fn core(&self) -> &C {
        &self.0.core
    }

    pub(crate) fn tag(&self) -> &Tag {
        &self.0.tag
    }
}

impl<C> Clone for Held<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C: fmt::Debug> fmt::Debug for Held<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.core.fmt(f)
    }
}

impl<C> Keys<C> {
    pub(crate) const fn new() -> Self {
        Self {
            shards: OnceLock::new(),
            own: OwnSettings::new(),
        }
    }

    /// The state of `key`, made by `fresh` where there is none. `None` if there are `most` already
    /// and none of them `is_idle`.
    #[inline(always)]
    pub(super) fn hold(
        &self,
        key: Key<'_>,
        most: usize,
        fresh: impl FnOnce() -> C,
        is_idle: impl Fn(&C, &Tag, Instant) -> bool,
    ) -> Option<Held<C>> {
        let shards = self.shards.get();
        shards
            .and_then(|shards| Shard::of(shards, key.identity).find(key.identity))
            .or_else(|| self.make(key, most, fresh, is_idle))
    }

    #[cold]
    #[inline(never)]
    fn make(
        &self,
        key: Key<'_>,
        most: usize,
        fresh: impl FnOnce() -> C,
        is_idle: impl Fn(&C, &Tag, Instant) -> bool,
    ) -> Option<Held<C>> {
        let shards = self.shards.get_or_init(|| Shard::all(most));
        Shard::of(shards, key.identity).make(key, &self.own, fresh, is_idle)
    }

    pub(super) fn for_each(&self, mut see: impl FnMut(&C, &Tag)) {
        for shard in self.shards.get().into_iter().flatten() {
            for place in shard.map.pin().values() {
                see(&place.core, &place.tag);
            }
        }
    }

    /// The state of the key with this text.
    pub(super) fn find(&self, text: &str) -> Option<Held<C>> {
        let shards = self.shards.get().into_iter().flatten();
        let mut found = shards.filter_map(|shard| {
            let map = shard.map.pin();
            let mut places = map.iter();
            let (&identity, _) = places.find(|(_, place)| place.tag.is(text))?;
            shard.find(identity)
        });
        found.next()
    }

    /// What is laid over single keys.
    pub(super) fn own(&self) -> &OwnSettings {
        &self.own
    }

    /// Lays it over this key alone, which has nothing of the kind yet: in force from now on, also if it has not come yet.
    pub(super) fn give(&self, text: &str, own: &Arc<Overlay>) {
        self.own.put(text, own);
        for shard in self.shards.get().into_iter().flatten() {
            // Who is being made either saw it or is seen here.
            let _making = shard.lock();
            let places = shard.map.pin();
            for place in places.values().filter(|place| place.tag.is(text)) {
                place.tag.take(own);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        let shards = self.shards.get().into_iter().flatten();
        shards.map(|shard| shard.map.len()).sum()
    }
}

impl<C> Shard<C> {
    fn all(most: usize) -> Box<[Self]> {
        let shards = (most / SHARD).clamp(1, MOST_SHARDS);
        (0..shards)
            .map(|shard| Self {
                map: HashMap::default(),
                clock: AtomicU64::new(0),
                most: most / shards + usize::from(shard < most % shards),
                making: Mutex::default(),
            })
            .collect()
    }

    /// The one that a key belongs to, without a division.
    #[inline]
    fn of(shards: &[Self], identity: u128) -> &Self {
        // The map looks at the low bits.
        &shards[(((identity >> 64) * shards.len() as u128) >> 64) as usize]
    }

    /// `None` also while it is being forgotten: whoever makes a state waits until that is settled.
    fn find(&self, identity: u128) -> Option<Held<C>> {
        let place = Arc::clone(self.map.pin().get(&identity)?);
        // Whoever forgets it marks it and then counts who holds it; this holds it and then looks
        // for the mark. One of the two sees the other.
        fence(Ordering::SeqCst);
        let used = place.used.load(Ordering::Relaxed);
        if used == FORGOTTEN {
            return None;
        }
        self.touch(&place, used);
        Some(Held(place))
    }

    fn touch(&self, place: &Place<C>, used: u64) {
        let now = self.clock.load(Ordering::Relaxed);
        let lag = now.saturating_sub(used);
        if lag > (self.most / 64) as u64 {
            let tick = self.clock.fetch_add(1, Ordering::Relaxed) + 1;
            // Lost to another use as recent.
            let _ = place
                .used
                .compare_exchange(used, tick, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    fn make(
        &self,
        key: Key<'_>,
        own: &OwnSettings,
        fresh: impl FnOnce() -> C,
        is_idle: impl Fn(&C, &Tag, Instant) -> bool,
    ) -> Option<Held<C>> {
        let text = key.text();
        let mut making = self.lock();
        if let Some(found) = self.find(key.identity) {
            return Some(found);
        }
        if making.count >= self.most {
            self.forget_one(&mut making, is_idle)?;
        }
        let tick = self.clock.fetch_add(1, Ordering::Relaxed) + 1;
        let place = Arc::new(Place {
            core: fresh(),
            used: AtomicU64::new(tick),
            tag: Tag::new(text, own),
        });
        self.map.pin().insert(key.identity, Arc::clone(&place));
        making.count += 1;
        Some(Held(place))
    }

    fn lock(&self) -> MutexGuard<'_, Making> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_one(
        &self,
        making: &mut Making,
        is_idle: impl Fn(&C, &Tag, Instant) -> bool,
    ) -> Option<()> {
        let now = LazyCell::new(clock::now);
        let is_idle = |place: &Place<C>| is_idle(&place.core, &place.tag, *now);
        if making.fruitless_until.is_some_and(|until| *now < until) {
            return None;
        }
        let map = self.map.pin();
        let mut looked = false;
        loop {
            while let Some((identity, used)) = making.next_to_go.pop_front() {
                if let Some(place) = map.get(&identity)
                    && place.mark_forgotten(used, is_idle)
                {
                    map.remove(&identity);
                    making.count -= 1;
                    return Some(());
                }
            }
            if looked {
                // Then looking is a tenth of the time at the most. Few keys are looked through at once.
                let pause = LOOK.saturating_mul(10 * making.count.saturating_sub(64) as u32);
                making.fruitless_until = now.checked_add(pause);
                return None;
            }
            looked = true;
            let mut idle: Vec<(u64, u128)> = map
                .iter()
                .filter(|(_, place)| Arc::strong_count(place) == 1 && is_idle(place))
                .map(|(&identity, place)| (place.used.load(Ordering::Relaxed), identity))
                .collect();
            let next = (making.count / 16 + 1).min(idle.len());
            if next < idle.len() {
                idle.select_nth_unstable(next);
                idle.truncate(next);
            }
            idle.sort_unstable();
            let idle = idle.into_iter().map(|(used, identity)| (identity, used));
            making.next_to_go.extend(idle);
        }
    }
}

impl<C> Place<C> {
    /// Unless it was used since `used`, or somebody holds it, or it is not idle.
    fn mark_forgotten(self: &Arc<Self>, used: u64, is_idle: impl Fn(&Self) -> bool) -> bool {
        let mark = |from, to| {
            self.used
                .compare_exchange(from, to, Ordering::SeqCst, Ordering::Relaxed)
                .is_ok()
        };
        if !mark(used, FORGOTTEN) {
            return false;
        }
        fence(Ordering::SeqCst);
        // From here on nobody can take hold of it, so what is seen now stays so.
        let held = Arc::strong_count(self) > 1;
        fence(Ordering::Acquire);
        if !held && is_idle(self) {
            return true;
        }
        mark(FORGOTTEN, used);
        false
    }
}

/// Keys are hashes already.
#[derive(Default)]
pub(crate) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u128(&mut self, identity: u128) {
        self.0 = identity as u64;
    }

    fn write(&mut self, _bytes: &[u8]) {}
}
