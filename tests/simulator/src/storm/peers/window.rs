//! Budgets that count calls and retries in a window of time.

use crate::limiter::Nanos;
use crate::storm::budget::{Budget, Failure};

const SECOND: Nanos = 1_000_000_000;
const SLOTS: usize = 10;

/// tower's `TpsBudget` (tower 0.5.3, `retry::budget::tps_budget`), and finagle's `RetryBudget`, which it was made after. Ten
/// seconds in ten slots; a call or a success puts in, a retry takes out, and a reserve lies below.
#[derive(Debug)]
pub struct Windowed {
    slots: [i64; SLOTS],
    index: usize,
    time: Nanos,
    writer: i64,
    reserve: i64,
    deposit: i64,
    withdraw: i64,
    by_request: bool,
}

impl Windowed {
    /// Deposits one for a success.
    pub fn tower(per_second: i64, ratio: f64) -> Self {
        let (deposit, withdraw) = if ratio <= 1.0 {
            (1, (1.0 / ratio) as i64)
        } else {
            (1000, (1000.0 / ratio) as i64)
        };
        Self::new(per_second, deposit, withdraw, false)
    }

    /// Deposits a thousand for a call, well before it has ended.
    pub fn finagle(per_second: i64, ratio: f64) -> Self {
        Self::new(per_second, 1000, (1000.0 / ratio) as i64, true)
    }

    fn new(per_second: i64, deposit: i64, withdraw: i64, by_request: bool) -> Self {
        Self {
            slots: [0; SLOTS],
            index: 0,
            time: 0,
            writer: 0,
            reserve: per_second * 10 * withdraw,
            deposit,
            withdraw,
            by_request,
        }
    }

    fn expire(&mut self, now: Nanos) {
        let mut passed = now - self.time;
        if passed < SECOND {
            return;
        }
        self.slots[self.index] = std::mem::take(&mut self.writer);
        let mut index = (self.index + 1) % SLOTS;
        while passed > SECOND {
            self.slots[index] = 0;
            passed -= SECOND;
            index = (index + 1) % SLOTS;
        }
        self.index = index;
        self.time = now;
    }

    fn put(&mut self, now: Nanos) {
        self.expire(now);
        self.writer += self.deposit;
    }
}

impl Budget for Windowed {
    fn asked(&mut self, now: Nanos) {
        if self.by_request {
            self.put(now);
        }
    }

    fn succeeded(&mut self, now: Nanos, _after: Option<Failure>) {
        if !self.by_request {
            self.put(now);
        }
    }

    fn allows(&mut self, now: Nanos, _failure: Failure) -> bool {
        self.expire(now);
        let there = self.writer + self.slots.iter().sum::<i64>() + self.reserve;
        let enough = there >= self.withdraw;
        if enough {
            self.writer -= self.withdraw;
        }
        enough
    }
}

/// The client-side rule of the SRE book ("Handling Overload"): retries are at most a tenth of the calls, here of the last 60 s.
#[derive(Debug)]
pub struct Sre {
    seconds: [(u64, u32, u32); 60],
}

impl Default for Sre {
    fn default() -> Self {
        Self {
            seconds: [(0, 0, 0); 60],
        }
    }
}

impl Sre {
    fn second(&mut self, now: Nanos) -> &mut (u64, u32, u32) {
        let second = now / SECOND;
        let slot = &mut self.seconds[(second % 60) as usize];
        if slot.0 != second {
            *slot = (second, 0, 0);
        }
        slot
    }
}

impl Budget for Sre {
    fn asked(&mut self, now: Nanos) {
        self.second(now).1 += 1;
    }

    fn allows(&mut self, now: Nanos, _failure: Failure) -> bool {
        let oldest = (now / SECOND).saturating_sub(59);
        let (mut calls, mut retries) = (0, 0);
        for (second, asked, retried) in self.seconds {
            if second >= oldest {
                calls += asked;
                retries += retried;
            }
        }
        let enough = (retries + 1) * 10 <= calls;
        if enough {
            self.second(now).2 += 1;
        }
        enough
    }
}
