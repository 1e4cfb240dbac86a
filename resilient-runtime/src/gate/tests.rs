mod model;
mod threads;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::*};
use std::task::{Poll, Wake, Waker};

use super::place::{Entered, Waiter, enter};
use super::*;
use crate::site::Caller;
use crate::stats::{Count, Timing};

/// A gate and its limit, as a bulkhead has them.
struct Room {
    gate: Gate,
    limit: AtomicU32,
}

impl Room {
    fn of(limit: u32) -> Arc<Self> {
        Arc::new(Self {
            gate: Gate::new(),
            limit: limit.into(),
        })
    }

    fn set_limit(&self, limit: u32) {
        self.limit.store(limit, Relaxed);
        self.gate.limit_changed(|| self.limit.load(Relaxed));
    }

    /// In use, and how many wait.
    fn counts(&self) -> (u32, u32) {
        (self.gate.in_use(), self.gate.waiting())
    }
}

impl Gated for Arc<Room> {
    fn gate(&self) -> &Gate {
        &self.gate
    }

    fn limit(&self) -> u32 {
        self.limit.load(Relaxed)
    }

    fn account(&self) -> Account {
        Account {
            caller: Caller::Named("room"),
            admitted: Count::BulkheadAdmitted,
            waited: Timing::BulkheadWait,
            held: Timing::BulkheadHeld,
        }
    }
}

/// Counts how often it is woken.
#[derive(Default)]
struct Bell(AtomicU32);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Bell {
    fn rung(&self) -> u32 {
        self.0.load(Relaxed)
    }
}

fn bell() -> (Arc<Bell>, Waker) {
    let bell = Arc::new(Bell::default());
    (Arc::clone(&bell), Waker::from(bell))
}

fn place(room: &Arc<Room>, cost: u32) -> Place<Arc<Room>> {
    try_enter(Arc::clone(room), cost)
        .ok()
        .expect("there is a place")
}

fn waiter(room: &Arc<Room>, cost: u32) -> Waiter<Arc<Room>> {
    waiter_with(room, cost, Waker::noop())
}

fn waiter_with(room: &Arc<Room>, cost: u32, waker: &Waker) -> Waiter<Arc<Room>> {
    match enter(Arc::clone(room), cost, u32::MAX, waker) {
        Entered::Waits(waiter) => waiter,
        _ => panic!("nobody should have to wait"),
    }
}

fn entered(waiter: &mut Waiter<Arc<Room>>) -> Option<Place<Arc<Room>>> {
    match waiter.poll(Waker::noop()) {
        Poll::Ready(Ok(place)) => Some(place),
        Poll::Ready(Err(_)) => panic!("refused"),
        Poll::Pending => None,
    }
}

#[test]
fn as_many_enter_as_the_limit_says() {
    let room = Room::of(2);
    let first = place(&room, 1);
    let _second = place(&room, 1);
    assert!(try_enter(Arc::clone(&room), 1).is_err());
    drop(first);
    let _third = place(&room, 1);
    assert_eq!(room.counts(), (2, 0));
}

#[test]
fn a_cost_takes_as_many_places() {
    let room = Room::of(5);
    let _two = place(&room, 2);
    assert!(try_enter(Arc::clone(&room), 4).is_err());
    let three = place(&room, 3);
    assert_eq!(room.gate.in_use(), 5);
    drop(three);
    assert_eq!(room.gate.in_use(), 2);
}

#[test]
fn the_largest_cost_does_not_overflow() {
    let room = Room::of(u32::MAX);
    let _one = place(&room, 1);
    assert!(try_enter(Arc::clone(&room), u32::MAX).is_err());
    let _rest = place(&room, u32::MAX - 1);
    assert_eq!(room.counts(), (u32::MAX, 0));
}

#[test]
fn waiters_enter_in_the_order_in_which_they_came() {
    let room = Room::of(1);
    let inside = place(&room, 1);
    let mut first = waiter(&room, 1);
    let mut second = waiter(&room, 1);
    drop(inside);
    assert!(entered(&mut second).is_none());
    let inside = entered(&mut first).expect("the first is let in");
    assert!(entered(&mut second).is_none());
    drop(inside);
    assert!(entered(&mut second).is_some());
}

#[test]
fn nobody_overtakes_one_who_waits() {
    let room = Room::of(3);
    let _two = place(&room, 2);
    let mut costly = waiter(&room, 2);
    // One place is free, and it is not for who comes now.
    assert!(try_enter(Arc::clone(&room), 1).is_err());
    let mut behind = waiter(&room, 1);
    assert!(entered(&mut costly).is_none());
    assert!(entered(&mut behind).is_none());
    assert_eq!(room.counts(), (2, 2));
}

#[test]
fn the_queue_is_bounded() {
    let room = Room::of(1);
    let _inside = place(&room, 1);
    let enter = |max_queue| enter(Arc::clone(&room), 1, max_queue, Waker::noop());
    assert!(matches!(enter(0), Entered::Full(_)));
    let waits = enter(1);
    assert!(matches!(waits, Entered::Waits(_)));
    assert!(matches!(enter(1), Entered::Full(_)));
    drop(waits);
    assert!(matches!(enter(1), Entered::Waits(_)));
}

#[test]
fn a_waiter_that_goes_lets_in_those_it_held_up() {
    let room = Room::of(3);
    let _two = place(&room, 2);
    let costly = waiter(&room, 2);
    let (bell, waker) = bell();
    let mut behind = waiter_with(&room, 1, &waker);
    drop(costly);
    assert_eq!(bell.rung(), 1);
    assert!(entered(&mut behind).is_some());
}

#[test]
fn a_waiter_in_the_middle_leaves_only_its_own_place() {
    let room = Room::of(1);
    let inside = place(&room, 1);
    let (mut first, second) = (waiter(&room, 1), waiter(&room, 1));
    let mut third = waiter(&room, 1);
    drop(second);
    assert_eq!(room.counts(), (1, 2));
    drop(inside);
    drop(entered(&mut first).expect("the first is let in"));
    assert!(entered(&mut third).is_some());
    assert_eq!(room.counts(), (0, 0));
}

#[test]
fn a_place_that_was_never_noticed_is_passed_on() {
    let room = Room::of(1);
    let inside = place(&room, 1);
    let first = waiter(&room, 1);
    let mut second = waiter(&room, 1);
    drop(inside);
    assert_eq!(room.counts(), (1, 1));
    drop(first);
    assert!(entered(&mut second).is_some());
    assert!(room.gate.is_idle());
}

#[test]
fn the_waker_of_the_last_poll_is_woken_once() {
    let room = Room::of(1);
    let inside = place(&room, 1);
    let (old, waker) = bell();
    let mut waits = waiter_with(&room, 1, &waker);
    let (new, waker) = bell();
    assert!(waits.poll(&waker).is_pending());
    drop(inside);
    assert_eq!((old.rung(), new.rung()), (0, 1));
    drop(entered(&mut waits));
    assert_eq!((old.rung(), new.rung()), (0, 1));
}

#[test]
fn a_cost_above_the_limit_is_refused_and_holds_nobody_up() {
    let room = Room::of(2);
    let queued = enter(Arc::clone(&room), 3, 9, Waker::noop());
    assert!(matches!(queued, Entered::Full(_)));

    let _inside = place(&room, 1);
    let (bell, waker) = bell();
    let mut costly = waiter_with(&room, 2, &waker);
    let mut behind = waiter(&room, 1);
    room.set_limit(1);
    assert_eq!(bell.rung(), 1);
    assert!(matches!(costly.poll(&waker), Poll::Ready(Err(_))));
    assert!(entered(&mut behind).is_none());
    assert_eq!(room.counts(), (1, 1));
}

#[test]
fn a_refusal_that_was_never_noticed_leaves_nothing_behind() {
    let room = Room::of(2);
    let inside = place(&room, 1);
    let costly = waiter(&room, 2);
    room.set_limit(1);
    drop(costly);
    drop(inside);
    assert!(room.gate.is_idle());
    assert!(room.gate.queue().is_none());
}

#[test]
fn a_higher_limit_lets_in_all_who_now_fit() {
    let room = Room::of(1);
    let _inside = place(&room, 1);
    let mut waiters = [(); 4].map(|()| waiter(&room, 1));
    room.set_limit(4);
    let inside: Vec<_> = waiters.iter_mut().filter_map(entered).collect();
    assert_eq!(inside.len(), 3);
    assert_eq!(room.counts(), (4, 1));
}

#[test]
fn a_lower_limit_lets_nobody_in_until_it_is_met() {
    let room = Room::of(3);
    let mut inside = [(); 3].map(|()| Some(place(&room, 1)));
    let mut waits = waiter(&room, 1);
    room.set_limit(1);
    for (place, left) in inside.iter_mut().zip([2, 1]) {
        *place = None;
        assert!(entered(&mut waits).is_none());
        assert_eq!(room.gate.in_use(), left);
    }
    inside[2] = None;
    assert!(entered(&mut waits).is_some());
}

#[test]
fn places_change_hands_without_being_free_in_between() {
    let room = Room::of(2);
    let two = place(&room, 2);
    let mut waits = waiter(&room, 1);
    let two = two.held_by(Arc::clone(&room));
    assert!(entered(&mut waits).is_none());
    assert_eq!(room.counts(), (2, 1));
    drop(two);
    assert!(entered(&mut waits).is_some());
}

#[test]
fn a_waker_may_come_back_to_the_gate() {
    struct Comes(Arc<Room>);
    impl Wake for Comes {
        fn wake(self: Arc<Self>) {
            assert!(try_enter(Arc::clone(&self.0), 1).is_err());
        }
    }
    impl Drop for Comes {
        fn drop(&mut self) {
            self.0.set_limit(2);
        }
    }
    let comes = |room: &Arc<Room>| Waker::from(Arc::new(Comes(Arc::clone(room))));

    // The gate drops the last of it when another takes its place, and when it goes.
    let room = Room::of(1);
    let _inside = place(&room, 1);
    let mut waits = waiter_with(&room, 1, &comes(&room));
    assert!(waits.poll(Waker::noop()).is_pending());
    assert!(entered(&mut waits).is_some());

    let room = Room::of(1);
    let _inside = place(&room, 1);
    drop(waiter_with(&room, 1, &comes(&room)));
    let _second = place(&room, 1);

    // And it wakes it.
    let room = Room::of(1);
    let inside = place(&room, 1);
    let _waits = waiter_with(&room, 1, &comes(&room));
    drop(inside);
    let _second = place(&room, 1);
}

#[test]
fn the_gate_is_small_and_keeps_no_queue_that_nobody_needs() {
    assert_eq!(size_of::<Gate>(), 24);
    let room = Room::of(1);
    let inside = place(&room, 1);
    let mut waits = waiter(&room, 1);
    assert!(room.gate.queue().is_some());
    drop(inside);
    drop(entered(&mut waits));
    assert!(room.gate.queue().is_none());
}
