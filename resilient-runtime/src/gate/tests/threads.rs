//! Many threads at once: never too many inside, and nobody is forgotten.

use std::thread;
use std::time::Duration;

use super::*;
use crate::random::{STEP, mix};

/// Wakes a thread.
struct Parked(thread::Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// A stream of numbers of each thread's own.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0) % end
    }
}

/// Goes in and out, waits, and gives up, at random.
fn visit(room: &Arc<Room>, inside: &AtomicU32, most: u32, numbers: &mut Numbers) {
    let cost = 1 + numbers.below(2) as u32;
    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let place = match enter(Arc::clone(room), cost, 64, &waker) {
        Entered::Now(place) => place,
        Entered::Full(_) => return,
        Entered::Waits(mut waiter) => {
            let patience = numbers.below(4);
            let mut polled = 0;
            loop {
                match waiter.poll(&waker) {
                    Poll::Ready(Ok(place)) => break place,
                    Poll::Ready(Err(_)) => return,
                    Poll::Pending if polled == patience => return,
                    // Three in four wait until they are woken: a lost wake-up hangs the test.
                    Poll::Pending if patience > 0 => thread::park(),
                    Poll::Pending => {}
                }
                polled += u64::from(patience == 0);
            }
        }
    };
    let now = inside.fetch_add(cost, SeqCst) + cost;
    assert!(now <= most, "{now} inside");
    if numbers.below(4) == 0 {
        thread::yield_now();
    }
    inside.fetch_sub(cost, SeqCst);
    drop(place);
}

#[test]
fn never_more_inside_than_the_limit_and_nobody_is_forgotten() {
    for limit in [2, 3, 5] {
        let room = Room::of(limit);
        let inside = AtomicU32::new(0);
        thread::scope(|threads| {
            for seed in 0..8 {
                let (room, inside) = (&room, &inside);
                threads.spawn(move || {
                    let mut numbers = Numbers(seed);
                    for _ in 0..5_000 {
                        visit(room, inside, limit, &mut numbers);
                    }
                });
            }
        });
        assert!(room.gate.is_idle());
        assert!(room.gate.queue().is_none());
    }
}

#[test]
fn a_limit_that_moves_forgets_nobody() {
    let room = Room::of(2);
    let inside = AtomicU32::new(0);
    thread::scope(|threads| {
        let visitors: Vec<_> = (0..6)
            .map(|seed| {
                let (room, inside) = (&room, &inside);
                threads.spawn(move || {
                    let mut numbers = Numbers(seed);
                    for _ in 0..3_000 {
                        visit(room, inside, 6, &mut numbers);
                    }
                })
            })
            .collect();
        let mut numbers = Numbers(99);
        while visitors.iter().any(|visitor| !visitor.is_finished()) {
            room.set_limit(2 + numbers.below(5) as u32);
            thread::park_timeout(Duration::from_micros(50));
        }
    });
    assert!(room.gate.is_idle());
}
