//! A rate limiter while somebody holds its lock.

use std::sync::atomic::{Ordering::*, fence};
use std::sync::{MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use super::super::scale::{Scale, Unit};
use super::queue::{GRACE, Queue};
use super::{
    Answer, Core, END, GENERATION, HELD, Place, RateLimiterSnapshot, TICKS, refused, start,
};
use crate::clock::Nanos;

/// The whole state, in numbers that never overflow, and nobody else changes it.
pub(super) struct Held<'a> {
    scale: &'a Scale,
    now: Nanos,
    /// The same in ticks.
    ticks: u128,
    /// When the bucket will be full again, in ticks.
    full_at: u128,
    origin: u32,
    /// The meaning of the word changes.
    changed: bool,
    queue: MutexGuard<'a, Option<Box<Queue>>>,
    /// Whom to wake outside the lock.
    woken: Vec<Waker>,
    /// What to drop there: it may be the last that is left of a task.
    spent: Option<Waker>,
}

impl<'a> Held<'a> {
    pub(super) fn with<R>(
        core: &'a Core,
        scale: &'a Scale,
        now: Nanos,
        work: impl FnOnce(&mut Self) -> R,
    ) -> R {
        // Nothing that runs under the lock can leave things half done, so a poisoned one is as good.
        let queue = core.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let word = core.word.fetch_or(HELD, AcqRel);
        let origin = core.origin.load(Relaxed);
        let unit = Unit::from_bits(core.unit.load(Relaxed));
        let mut held = Self {
            scale,
            now,
            ticks: scale.unit.ticks(now),
            full_at: unit.ticks(start(origin)) + u128::from(word >> TICKS),
            origin,
            changed: false,
            queue,
            woken: Vec::new(),
            spent: None,
        };
        held.settle(unit, core.depth.load(Relaxed));
        let result = work(&mut held);
        let (woken, _spent) = held.release(core, word);
        woken.into_iter().for_each(Waker::wake);
        result
    }

    /// Brings the state to the scale that holds, and near enough to now.
    fn settle(&mut self, unit: Unit, depth: u64) {
        let scale = self.scale;
        let current = (self.now >> 32) as u32;
        if unit != scale.unit || depth != scale.depth {
            // More than a bucket can be missing only to a clock that lags behind the others.
            let missing = self.full_at.saturating_sub(unit.ticks(self.now));
            let missing = missing.min(u64::MAX.into()) * u128::from(scale.depth);
            self.full_at = self.ticks + missing.div_ceil(depth.into());
            self.origin = self.origin.max(current);
            self.changed = true;
            if let Some(queue) = self.queue.as_mut() {
                queue.call_all(self.now, &mut self.woken);
            }
        }
        let base = scale.unit.ticks(start(self.origin));
        if current > self.origin && self.ticks - base + u128::from(scale.depth) >= END {
            self.origin = current;
            self.changed = true;
        }
    }

    fn release(mut self, core: &Core, word: u64) -> (Vec<Waker>, Option<Waker>) {
        self.queue.take_if(|queue| queue.is_empty());
        let mut next = word & GENERATION;
        if self.changed {
            fence(Release);
            core.origin.store(self.origin, Relaxed);
            core.unit.store(self.scale.unit.bits(), Relaxed);
            core.depth.store(self.scale.depth, Relaxed);
            next = (next + (HELD << 1)) & GENERATION;
        }
        let base = self.scale.unit.ticks(start(self.origin));
        next |= (self.full_at.saturating_sub(base).min(END - 1) as u64) << TICKS;
        if self.queue.is_some() {
            next |= HELD;
        }
        core.word.store(next, Release);
        (self.woken, self.spent)
    }

    /// When there are so many permits, beginning with a bucket that is not filled over.
    fn due(&self, permits: u64) -> u128 {
        let wanted = u128::from(permits).saturating_mul(self.scale.interval.into());
        let empty_from = self.full_at.max(self.ticks);
        empty_from
            .saturating_add(wanted)
            .saturating_sub(self.scale.depth.into())
    }

    fn take(&mut self, cost: u32) {
        let charge = u128::from(cost) * u128::from(self.scale.interval);
        self.full_at = self.full_at.max(self.ticks) + charge;
    }

    pub(super) fn ask(&mut self, cost: u32, latest: Nanos, waker: Option<Waker>) -> Answer {
        let mut ahead = 0;
        let mut recheck = None;
        if let Some(queue) = self.queue.as_mut() {
            if let Some((first, _)) = queue.first() {
                recheck = queue
                    .look_ahead(first + 1, self.now, &mut self.woken)
                    .recheck;
            }
            ahead = queue.cost();
        }
        let due = self.due(ahead + u64::from(cost));
        if due <= self.ticks {
            self.take(cost);
            return Answer::Admitted;
        }
        let at = self.scale.unit.nanos(due);
        let Some(waker) = waker.filter(|_| at <= latest) else {
            return refused(self.now, at);
        };
        let until = recheck.map_or(at, |recheck| recheck.min(at));
        let number = Queue::draw();
        let queue = self.queue.get_or_insert_default();
        queue.place(number, cost).sleep(until, waker);
        Answer::Waits(Place {
            number,
            cost,
            latest,
            until,
        })
    }

    pub(super) fn ask_again(&mut self, place: &mut Place, waker: Waker) -> Option<Answer> {
        let &mut Place { number, cost, .. } = place;
        if self.scale.charge(cost).is_none() {
            self.leave(number);
            return Some(refused(self.now, Nanos::MAX));
        }
        let queue = self.queue.get_or_insert_default();
        let in_doubt = std::mem::take(&mut queue.place(number, cost).in_doubt);
        let ahead = queue.look_ahead(number, self.now, &mut self.woken);
        let due = self.due(ahead.cost + u64::from(cost));
        if due <= self.ticks {
            self.take(cost);
            let first = ahead.cost == 0;
            self.remove(number);
            if first {
                self.call_next();
            }
            return Some(Answer::Admitted);
        }
        let at = self.scale.unit.nanos(due);
        // By less than the grace others may come late, too.
        let patience = if in_doubt { 0 } else { GRACE };
        if at > place.latest.saturating_add(patience) {
            self.leave(number);
            return Some(refused(self.now, at));
        }
        place.until = ahead.recheck.map_or(at, |recheck| recheck.min(at));
        let queue = self.queue.get_or_insert_default();
        self.spent = queue.place(number, cost).sleep(place.until, waker);
        None
    }

    pub(super) fn leave(&mut self, number: u64) {
        let first = self.queue.as_ref().and_then(|queue| queue.first());
        self.remove(number);
        if first.is_some_and(|(first, _)| first == number) {
            self.call_next();
        }
    }

    fn remove(&mut self, number: u64) {
        let queue = self.queue.as_mut();
        self.spent = queue.and_then(|queue| queue.remove(number));
    }

    /// Who is first now may be due earlier than it expects.
    fn call_next(&mut self) {
        let first = self.queue.as_ref().and_then(|queue| queue.first());
        if let Some((_, cost)) = first {
            let at = self.scale.unit.nanos(self.due(cost.into())).max(self.now);
            if let Some(queue) = self.queue.as_mut() {
                queue.call_first(at, self.now, &mut self.woken);
            }
        }
    }

    pub(super) fn snapshot(&self) -> RateLimiterSnapshot {
        let queue = self.queue.as_ref();
        let promised = queue.map_or(0, |queue| queue.cost());
        let promised = u128::from(promised).saturating_mul(self.scale.interval.into());
        let full_at = self.full_at.max(self.ticks);
        let left = (self.ticks + u128::from(self.scale.depth))
            .saturating_sub(full_at.saturating_add(promised));
        let available = left / u128::from(self.scale.interval);
        let full_in = self.scale.unit.nanos(full_at).saturating_sub(self.now);
        RateLimiterSnapshot {
            available: available.try_into().unwrap_or(u32::MAX),
            waiting: queue.map_or(0, |queue| queue.len()),
            full_in: Duration::from_nanos(full_in),
        }
    }
}
