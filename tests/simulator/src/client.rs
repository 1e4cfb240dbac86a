//! What a client does when a call fails.

use crate::limiter::Nanos;
use crate::random::Random;
use crate::world::nanos;

/// A client, with the default policies or with none.
///
/// Retry: three attempts, exponential from 200 ms with full jitter, and the default budget (a bucket of 100 retries,
/// 0.1 for each success and 0.1 a second). Breaker: opens at half of at least twenty
/// failures within ten seconds, for five seconds; refusals by a server that sheds are neutral.
#[derive(Debug)]
pub struct Client {
    policies: Option<Policies>,
    random: Random,
}

#[derive(Debug)]
struct Policies {
    tokens: f64,
    dripped: Nanos,
    slices: [(u64, u32, u32); 10],
    open_until: Nanos,
    open_for: f64,
    half_open: bool,
}

/// After a failure.
#[derive(Clone, Copy, Debug)]
pub enum Next {
    Retry(Nanos),
    GiveUp,
}

const BUDGET: f64 = 100.0;

impl Client {
    pub fn new(seed: u64, index: u32, policies: bool) -> Self {
        Self {
            policies: policies.then_some(Policies {
                tokens: BUDGET,
                dripped: 0,
                slices: [(0, 0, 0); 10],
                open_until: 0,
                open_for: 5.0,
                half_open: false,
            }),
            random: Random::new(seed, 100 + u64::from(index)),
        }
    }

    pub fn may_call(&mut self, now: Nanos, _attempt: u32) -> bool {
        self.policies
            .as_ref()
            .is_none_or(|policies| now >= policies.open_until)
    }

    pub fn succeeded(&mut self, now: Nanos) {
        if let Some(policies) = &mut self.policies {
            policies.tokens = (policies.tokens + 0.1).min(BUDGET);
            policies.count(now, false);
            policies.half_open = false;
            policies.open_for = 5.0;
        }
    }

    pub fn failed(&mut self, now: Nanos, attempt: u32, shed: bool) -> Next {
        let Some(policies) = &mut self.policies else {
            return Next::GiveUp;
        };
        if !shed {
            policies.count(now, true);
        }
        let dripped = (now - policies.dripped) as f64 / 1e9 * 0.1;
        policies.dripped = now;
        policies.tokens = (policies.tokens + dripped).min(BUDGET);
        if attempt >= 3 || policies.tokens < 1.0 {
            return Next::GiveUp;
        }
        policies.tokens -= 1.0;
        let longest = 0.2 * f64::from(1_u32 << (attempt - 1));
        Next::Retry(nanos(longest * self.random.unit()))
    }
}

impl Policies {
    fn count(&mut self, now: Nanos, failed: bool) {
        let second = now / 1_000_000_000;
        let slice = &mut self.slices[(second % 10) as usize];
        if slice.0 != second {
            *slice = (second, 0, 0);
        }
        slice.1 += 1;
        slice.2 += u32::from(failed);
        if !failed {
            return;
        }
        let live = self.slices.iter().filter(|slice| slice.0 + 10 > second);
        let (calls, bad) = live.fold((0, 0), |sum, slice| (sum.0 + slice.1, sum.1 + slice.2));
        if self.half_open || (calls >= 20 && 2 * bad >= calls) {
            self.open_until = now + nanos(self.open_for);
            self.open_for = (self.open_for * 2.0).min(60.0);
            self.half_open = true;
            self.slices = [(0, 0, 0); 10];
        }
    }
}
