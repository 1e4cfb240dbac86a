use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures::FutureExt;
use proptest::prelude::*;

use super::keys::{Held, Keys};
use super::*;
use crate::bulkhead::{Bulkhead, BulkheadSettings};
use crate::circuit_breaker::{
    BreakerMode, BreakerState, CallOutcome, CircuitBreaker, CircuitBreakerSettings,
};
use crate::rate_limit::RateLimiter;

/// A state that knows which key it was made for, and says whether it is idle.
#[derive(Debug)]
struct Core {
    made_as: u32,
    busy: AtomicBool,
}

struct Map {
    keys: Keys<Core>,
    most: usize,
    made: AtomicU32,
}

impl Map {
    fn new(most: usize) -> Self {
        Self {
            keys: Keys::new(),
            most,
            made: AtomicU32::new(0),
        }
    }

    fn hold(&self, key: u32) -> Option<Held<Core>> {
        self.keys.hold(
            Key::new(&key, &|| None),
            self.most,
            || Core {
                made_as: self.made.fetch_add(1, Ordering::Relaxed),
                busy: AtomicBool::new(false),
            },
            |core, _, _| !core.busy.load(Ordering::Relaxed),
        )
    }

    /// Which making of a state the key has now.
    fn made_as(&self, key: u32) -> Option<u32> {
        self.hold(key).map(|held| held.core().made_as)
    }
}

#[test]
fn a_key_keeps_its_state() {
    let map = Map::new(4);
    let first = map.made_as(1);
    assert_ne!(map.made_as(2), first);
    assert_eq!(map.made_as(1), first);
    assert_eq!(map.keys.len(), 2);
}

#[test]
fn the_one_used_longest_ago_goes_first() {
    let map = Map::new(3);
    for key in [1, 2, 3] {
        map.hold(key);
    }
    // 3 was made last, but 1 and 2 were used since.
    let (one, two) = (map.made_as(1), map.made_as(2));
    map.hold(4);
    assert_eq!((map.made_as(1), map.made_as(2)), (one, two));
    assert_eq!(map.keys.len(), 3);
    assert_eq!(map.made_as(3), Some(4), "forgotten, and made anew");
}

#[test]
fn what_is_held_or_busy_never_goes() {
    let map = Map::new(2);
    let held = map.hold(1);
    let busy = map.hold(2).unwrap();
    busy.core().busy.store(true, Ordering::Relaxed);
    drop(busy);
    assert!(map.hold(3).is_none(), "there is no place");
    assert_eq!((map.made_as(1), map.made_as(2)), (Some(0), Some(1)));

    drop(held);
    assert_eq!(map.made_as(3), Some(2), "1 has gone for it");
    assert_eq!(map.made_as(2), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_place_that_becomes_free_is_found_at_once_among_few_and_soon_among_many() {
    for (most, wait) in [(64, Duration::ZERO), (1000, Duration::from_millis(1))] {
        let map = Map::new(most as usize);
        let mut held: Vec<_> = (0..most).map(|key| map.hold(key)).collect();
        assert!(map.hold(most).is_none());
        held.pop();
        tokio::time::advance(wait).await;
        assert!(map.hold(most).is_some(), "{most}");
    }
}

#[test]
fn who_goes_is_looked_at_once_more_when_nobody_can_take_hold_of_it() {
    // Among so many, the use of a key that was used lately leaves no trace.
    let keys: Keys<AtomicBool> = Keys::new();
    let is_idle = |busy: &AtomicBool| !busy.load(Ordering::SeqCst);
    let hold = |key: u32, is_idle: &dyn Fn(&AtomicBool) -> bool| {
        let key = Key::new(&key, &|| None);
        keys.hold(key, 1000, AtomicBool::default, |core, _, _| is_idle(core))
    };
    for key in 0..1000 {
        let held = hold(key, &is_idle).unwrap();
        held.core().store(key != 999, Ordering::SeqCst);
    }
    // As soon as it was found idle, another thread uses the key and leaves it busy.
    let looks = AtomicU32::new(0);
    let outrun = |busy: &AtomicBool| {
        let idle = is_idle(busy);
        if idle && looks.fetch_add(1, Ordering::SeqCst) == 0 {
            let held = hold(999, &is_idle).unwrap();
            held.core().store(true, Ordering::SeqCst);
        }
        idle
    };
    assert!(hold(1000, &outrun).is_none(), "it was forgotten");
    assert!(!is_idle(hold(999, &is_idle).unwrap().core()));
}

#[test]
fn as_many_keys_are_kept_as_were_asked_for() {
    for most in [1, 2, 100, 10_000] {
        let map = Map::new(most);
        let all: Vec<_> = (0..most as u32).map(|key| map.hold(key)).collect();
        assert!(all.iter().all(Option::is_some));
        drop(all);
        for key in 0..2 * most as u32 {
            assert!(map.hold(key).is_some());
        }
        assert_eq!(map.keys.len(), most);
    }
}

#[test]
fn so_many_keys_that_they_are_spread_are_kept_but_for_a_few() {
    let most = 40_000;
    let map = Map::new(most);
    for key in 0..2 * most as u32 {
        assert!(map.hold(key).is_some());
    }
    assert!(map.keys.len() <= most);
    assert!(map.keys.len() >= most - most / 50, "{}", map.keys.len());
}

#[test]
fn a_state_in_use_is_not_made_anew_whatever_other_threads_do() {
    let map = Map::new(8);
    std::thread::scope(|scope| {
        for thread in 0..4_u32 {
            let map = &map;
            scope.spawn(move || {
                let mut state = thread + 1;
                for _ in 0..20_000 {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let key = (state >> 16) % 16;
                    let Some(held) = map.hold(key) else { continue };
                    std::thread::yield_now();
                    assert_eq!(map.made_as(key), Some(held.core().made_as));
                }
            });
        }
    });
    assert!(map.keys.len() <= 8);
}

/// The obvious way to do it: a list, the latest used last.
#[derive(Default)]
struct Model {
    keys: Vec<(u32, u32)>,
    held: BTreeSet<u32>,
    made: u32,
}

impl Model {
    fn hold(&mut self, key: u32, most: usize) -> Option<u32> {
        let found = self.keys.iter().position(|(known, _)| *known == key);
        let entry = match found {
            Some(place) => self.keys.remove(place),
            None => {
                if self.keys.len() >= most {
                    let idle = self
                        .keys
                        .iter()
                        .position(|(key, _)| !self.held.contains(key))?;
                    self.keys.remove(idle);
                }
                self.made += 1;
                (key, self.made - 1)
            }
        };
        self.keys.push(entry);
        Some(entry.1)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn small_maps_forget_as_a_list_does(
        most in 1_usize..12,
        steps in prop::collection::vec((0_u32..16, 0_u8..3), 1..200),
    ) {
        let map = Map::new(most);
        let mut model = Model::default();
        let mut held: Vec<(u32, Held<Core>)> = Vec::new();
        for (key, what) in steps {
            match what {
                0 => {
                    held.retain(|(holder, _)| *holder != key);
                    model.held.remove(&key);
                }
                1 => {
                    let got = map.hold(key);
                    prop_assert_eq!(got.as_ref().map(|got| got.core().made_as), model.hold(key, most));
                    if let Some(got) = got {
                        held.push((key, got));
                        model.held.insert(key);
                    }
                }
                _ => prop_assert_eq!(map.made_as(key), model.hold(key, most)),
            }
            prop_assert_eq!(map.keys.len(), model.keys.len());
        }
    }
}

const TWICE: CircuitBreakerSettings = CircuitBreakerSettings::new().consecutive_failures(2);

fn fail(breakers: &Keyed<CircuitBreaker>, key: &str) {
    for _ in 0..2 {
        let permit = breakers.get(key);
        let permit = permit.try_acquire().unwrap();
        permit.record(CallOutcome::Failure);
    }
}

#[test]
fn keys_do_not_see_each_other() {
    let breakers = Keyed::new(CircuitBreaker::with(TWICE).named("hosts"));
    fail(&breakers, "one");
    assert_eq!(breakers.get("one").state(), BreakerState::Open);
    assert_eq!(breakers.get("other").state(), BreakerState::Closed);
    let refusal = breakers.get("one").try_acquire().unwrap_err();
    assert_eq!(refusal.key(), Some("one"));
    assert!(
        refusal
            .to_string()
            .starts_with("hosts[one]: circuit breaker open"),
        "{refusal}"
    );
}

#[test]
fn an_open_breaker_is_not_forgotten_and_new_keys_share_the_overflow() {
    let breakers = Keyed::new(CircuitBreaker::with(TWICE)).max_keys(1);
    fail(&breakers, "one");
    fail(&breakers, "two");
    assert_eq!(breakers.len(), 1);
    for other in ["two", "three"] {
        let refusal = breakers.get(other).try_acquire().unwrap_err();
        assert_eq!(refusal.key(), None, "it is nobody's own");
    }
    assert_eq!(breakers.get("one").state(), BreakerState::Open);
}

#[test]
fn a_handle_keeps_its_key_from_being_forgotten() {
    let breakers = Keyed::new(CircuitBreaker::with(TWICE)).max_keys(1);
    let one = breakers.get("one");
    breakers
        .get("two")
        .try_acquire()
        .unwrap()
        .record(CallOutcome::Failure);
    assert_eq!(breakers.get("one").snapshot().consecutive, 0);
    let permit = one.try_acquire().unwrap();
    permit.record(CallOutcome::Failure);
    assert_eq!(breakers.get("one").snapshot().consecutive, 1);
    drop(one);
    drop(breakers.get("two"));
    assert_eq!(breakers.get("one").snapshot().consecutive, 0);
}

#[cfg(feature = "testing")]
#[tokio::test(start_paused = true)]
async fn that_there_is_no_place_is_an_event() {
    let breakers = Keyed::new(CircuitBreaker::with(TWICE).named("hosts")).max_keys(1);
    let ((), events) = crate::testing::events(async {
        let _one = breakers.get("one");
        let _two = breakers.get("two");
    })
    .await;
    let [event] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!((event.site(), event.key()), ("hosts", Some("two")));
    assert_eq!(event.kind(), &EventKind::KeysExhausted { max_keys: 1 });
}

#[cfg(feature = "testing")]
#[tokio::test(start_paused = true)]
async fn an_isolated_test_has_keys_of_its_own() {
    static HOSTS: Keyed<CircuitBreaker> = Keyed::new(CircuitBreaker::with(TWICE));
    crate::testing::isolated(async { fail(&HOSTS, "one") }).await;
    assert!(HOSTS.is_empty());
    assert_eq!(HOSTS.get("one").state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_is_changed_reaches_who_waits_of_every_key() {
    let settings = BulkheadSettings::new().max_concurrent(1).max_queue(1);
    let places = Keyed::new(Bulkhead::with(settings));
    for key in ["one", "two"] {
        let handle = places.get(key);
        let _first = handle.try_acquire().unwrap();
        let mut second = Box::pin(handle.acquire());
        assert!(second.as_mut().now_or_never().is_none());
        places.set("max_concurrent", 2.into()).unwrap();
        assert!(second.as_mut().now_or_never().unwrap().is_ok());
        places.unset("max_concurrent").unwrap();
    }
    assert_eq!(places.settings()[0].value, Some(Value::Count(1)));
}

#[test]
fn one_key_can_be_set_by_hand_and_is_kept_as_long_as_it_is() {
    let breakers = Keyed::new(CircuitBreaker::with(TWICE)).max_keys(1);
    type Set = fn(Handle<'_, CircuitBreaker>);
    let modes: [(Set, BreakerMode); 4] = [
        (|one| one.force_close(), BreakerMode::ForcedClosed),
        (|one| one.disable(), BreakerMode::Disabled),
        (|one| one.observe_only(), BreakerMode::ObserveOnly),
        (|one| one.force_open(), BreakerMode::ForcedOpen),
    ];
    for (set, mode) in modes {
        set(breakers.get("one"));
        // There is no place for another now.
        assert_eq!(breakers.get("two").mode(), BreakerMode::Automatic);
        assert_eq!(breakers.get("one").mode(), mode);
    }
    assert!(breakers.get("one").try_acquire().is_err());
    breakers.get("one").reset();
    assert!(breakers.get("one").try_acquire().is_ok());
    breakers.get("two").force_close();
    assert_eq!(breakers.get("two").mode(), BreakerMode::ForcedClosed);
}

/// How many calls at once a key has places for.
fn fitting(places: &Handle<'_, Bulkhead>) -> usize {
    let entered = std::iter::from_fn(|| places.try_acquire().ok());
    entered.collect::<Vec<_>>().len()
}

#[test]
fn a_key_whose_text_was_cut_shares_no_settings_with_others() {
    let places = Keyed::new(Bulkhead::new(10));
    let long = "u".repeat(65);
    let shown = format!("{}…", "u".repeat(64));
    let one = places.get(&long);
    for text in [&long, &shown] {
        let refused = places.set_for(text, "max_concurrent", 2.into());
        assert_eq!(refused, Err(SettingError::KeyTooLong));
        let refused = places.unset_for(text, "max_concurrent");
        assert_eq!(refused, Err(SettingError::KeyTooLong));
        assert!(places.find(text).is_none());
    }
    assert_eq!(fitting(&one), 10);
    let longest = "u".repeat(64);
    places
        .set_for(&longest, "max_concurrent", 2.into())
        .unwrap();
    assert_eq!(fitting(&places.get(&longest)), 2);
    assert_eq!(fitting(&one), 10);
    assert_eq!(
        SettingError::KeyTooLong.to_string(),
        "the text of a key is kept up to 64 bytes: one that is longer has no settings of its own"
    );
}

#[test]
fn settings_of_single_keys_are_kept_only_while_there_are_any() {
    let places = Keyed::new(Bulkhead::new(10));
    let kept = || places.keys().own().all().len();
    places
        .set_for("one", "max_concurrent", 0.into())
        .unwrap_err();
    places.set_for("one", "places", 1.into()).unwrap_err();
    places.unset_for("one", "max_concurrent").unwrap();
    assert_eq!(kept(), 0);
    places.set_for("one", "max_concurrent", 2.into()).unwrap();
    let one = places.get("one");
    places.unset_for("one", "max_concurrent").unwrap();
    assert_eq!(kept(), 1, "the key that is there has hold of them");
    places.set_for("one", "max_concurrent", 3.into()).unwrap();
    assert_eq!(fitting(&one), 3);
    places.set_for("two", "max_concurrent", 3.into()).unwrap();
    places.unset_for("two", "max_concurrent").unwrap();
    assert_eq!(kept(), 1);
}

#[test]
fn what_is_set_for_all_has_to_fit_the_keys_that_have_settings_of_their_own() {
    let limits = Keyed::new(RateLimiter::per_second(5));
    limits.set_for("one", "permits", 7.into()).unwrap();
    let both = limits.set("per_second", 9.into()).unwrap_err();
    assert!(matches!(both, SettingError::Contradiction(_)), "{both}");
    assert_eq!(limits.settings()[0].value, Some(Value::Count(5)));
    limits.unset_for("one", "permits").unwrap();
    limits.set("per_second", 9.into()).unwrap();
}

#[test]
fn it_shows_what_it_keeps() {
    let breakers = Keyed::new(CircuitBreaker::with(TWICE).named("hosts")).max_keys(7);
    assert!(breakers.is_empty());
    drop(breakers.get("one"));
    assert!(!breakers.is_empty());
    let shown = format!("{breakers:?}");
    for part in ["Keyed", "hosts", "max_keys: 7", "len: 1"] {
        assert!(shown.contains(part), "{shown}");
    }
    assert!(format!("{:?}", breakers.get("one")).contains("one"));
    let key = crate::__key!("eu-1");
    assert_eq!(format!("{key:?}"), "Key(Some(\"eu-1\"))");
}
