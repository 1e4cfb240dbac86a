//! Against a model in whole numbers of any size, which knows nothing of GCRA: a call is admitted
//! when no span that ends with it holds more than burst + rate × t.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

#[derive(Clone, Debug)]
struct Rate {
    permits: u32,
    per: Nanos,
    burst: u32,
}

/// What was admitted, and when.
#[derive(Clone, Debug, Default)]
struct Log(Vec<(Nanos, u32)>);

impl Log {
    /// When `cost` can be admitted, at `from` or later.
    fn earliest(&self, rate: &Rate, from: Nanos, cost: u32) -> Nanos {
        let mut earliest = from;
        let mut held = u128::from(cost);
        for &(at, cost) in self.0.iter().rev() {
            held += u128::from(cost);
            let over = held.saturating_sub(rate.burst.into());
            // held <= burst + permits × (t - at) / per
            let span = (over * u128::from(rate.per)).div_ceil(rate.permits.into());
            let span = u64::try_from(span).unwrap_or(Nanos::MAX);
            earliest = earliest.max(at.saturating_add(span));
        }
        earliest
    }

    fn keeps_to(&self, rate: &Rate) -> bool {
        (0..self.0.len()).all(|i| {
            let (at, cost) = self.0[i];
            Log(self.0[..i].to_vec()).earliest(rate, at, cost) == at
        })
    }
}

struct Waiter {
    place: Place,
    cost: u32,
    bell: Arc<Bell>,
}

#[derive(Clone, Debug)]
enum Step {
    Pass(Nanos),
    Ask(u32),
    Wait(u32, Nanos),
    Drop(Index),
}

/// Runs the real thing and the model side by side, waking whoever wants to be woken.
struct Pair {
    rate: Rate,
    bench: Bench,
    log: Log,
    waiters: Vec<Waiter>,
    /// Until then the first is not due because of who came before it, and not of the clock.
    moved: Nanos,
}

impl Pair {
    fn new(rate: Rate) -> Self {
        Self {
            bench: Bench::new(rate.permits, rate.per, rate.burst),
            rate,
            log: Log::default(),
            waiters: Vec::new(),
            moved: START,
        }
    }

    /// When it would be the turn of one at the end of the queue.
    fn turn(&self, cost: u32) -> Nanos {
        let mut log = self.log.clone();
        let mut at = self.bench.now;
        for waiter in &self.waiters {
            at = log.earliest(&self.rate, at, waiter.cost);
            log.0.push((at, waiter.cost));
        }
        log.earliest(&self.rate, at, cost)
    }

    fn ask(&mut self, cost: u32, max_wait: Option<Nanos>) {
        let now = self.bench.now;
        let turn = self.turn(cost);
        let bell = Arc::new(Bell::default());
        let answer = match max_wait {
            None => self.bench.take(cost),
            Some(max_wait) => self.bench.wait(cost, max_wait, &bell),
        };
        // Each of those ahead begins at a whole nanosecond, and what comes in the rest of it is lost
        // if it needs a full bucket: no more than that is left out when a call is told its turn.
        let slack = self.waiters.len() as u64;
        let told = |at: Nanos| assert!(turn - slack <= at && at <= turn, "{at} and not {turn}");
        match answer {
            Answer::Refused { retry_after } if cost > self.rate.burst => {
                assert_eq!(retry_after, Duration::MAX);
            }
            Answer::Admitted => {
                assert_eq!(turn, now);
                self.log.0.push((now, cost));
            }
            Answer::Refused { retry_after } => {
                told(now + u64::try_from(retry_after.as_nanos()).unwrap());
                assert!(turn > now + max_wait.unwrap_or(0));
            }
            Answer::Waits(place) => {
                told(place.until);
                assert!(turn - slack <= now + max_wait.unwrap());
                self.waiters.push(Waiter { place, cost, bell });
            }
        }
    }

    /// Lets everybody ask again who wants to, in order.
    fn poll(&mut self) {
        while let Some(i) = self
            .waiters
            .iter()
            .position(|waiter| waiter.bell.0.load(SeqCst) || waiter.place.until <= self.bench.now)
        {
            let now = self.bench.now;
            let waiter = &mut self.waiters[i];
            waiter.bell.take();
            let turn = self.log.earliest(&self.rate, now, waiter.cost);
            let answer = self.bench.ask_again(&mut waiter.place, &waiter.bell);
            if i == 0 && turn == now {
                assert_eq!(answer, Some(Answer::Admitted));
                let due = self.log.earliest(&self.rate, self.moved, waiter.cost);
                assert_eq!(now, due, "neither early nor late");
                self.log.0.push((now, waiter.cost));
                self.moved = now;
                self.waiters.remove(0);
            } else {
                assert_eq!(answer, None);
                assert!(waiter.place.until > now);
            }
        }
    }

    fn pass(&mut self, nanos: Nanos) {
        let end = self.bench.now + nanos;
        loop {
            self.poll();
            let next = self.waiters.iter().map(|waiter| waiter.place.until).min();
            self.bench.now = next.map_or(end, |next| next.min(end));
            if self.bench.now == end {
                return self.poll();
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Pass(nanos) => self.pass(nanos),
            Step::Ask(cost) => self.ask(cost, None),
            Step::Wait(cost, max_wait) => self.ask(cost, Some(max_wait)),
            Step::Drop(which) => {
                if !self.waiters.is_empty() {
                    let waiter = self.waiters.remove(which.index(self.waiters.len()));
                    self.bench.leave(&waiter.place);
                    self.moved = self.bench.now;
                    self.poll();
                }
            }
        }
        assert_eq!(self.bench.snapshot().waiting, self.waiters.len());
    }
}

fn rate() -> impl Strategy<Value = Rate> {
    let per = prop_oneof![
        Just(SECOND),
        Just(60 * SECOND),
        1_u64..100,
        1..10 * SECOND,
        Just(1_000)
    ];
    let permits = prop_oneof![
        1_u32..40,
        1_u32..100_000,
        Just(2_000_000_000),
        Just(67_108_859)
    ];
    (permits, per, 1_u32..12).prop_map(|(permits, per, burst)| Rate {
        permits,
        per,
        burst,
    })
}

/// Times are in the periods of the rate, mostly.
fn steps(rate: &Rate) -> impl Strategy<Value = Vec<Step>> + use<> {
    let period = rate.per / u64::from(rate.permits) + 1;
    let time = prop_oneof![
        4 => 0..=3 * period,
        2 => 0..=20 * period,
        1 => Just(period),
        1 => Just(10 * SECOND),
        1 => 0_u64..1 << 40,
    ];
    let cost = prop_oneof![3 => Just(1_u32), 1 => 1..=rate.burst + 1];
    let step = prop_oneof![
        3 => time.clone().prop_map(Step::Pass),
        3 => cost.clone().prop_map(Step::Ask),
        4 => (cost, time).prop_map(|(cost, max_wait)| Step::Wait(cost, max_wait)),
        2 => any::<Index>().prop_map(Step::Drop),
    ];
    vec(step, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_course_of_events_is_that_of_the_model(
        (rate, steps) in rate().prop_flat_map(|rate| { let steps = steps(&rate); (Just(rate), steps) })
    ) {
        let mut pair = Pair::new(rate);
        for step in steps {
            pair.step(step);
        }
        pair.pass(1 << 40);
        prop_assert!(pair.waiters.is_empty() || pair.bench.snapshot().waiting > 0);
        prop_assert!(pair.log.keeps_to(&pair.rate));
    }

    #[test]
    fn a_rate_that_is_rounded_is_never_exceeded_and_hardly_missed(
        permits in 1_u32..,
        per in prop_oneof![Just(SECOND), 1..u64::MAX],
        burst in 1_u32..,
        passes in vec((any::<u64>(), 1..=64_u32), 1..40),
    ) {
        let mut bench = Bench::new(permits, per, burst);
        let rate = Rate { permits, per, burst };
        let mut log = Log::default();
        for (pass, part) in passes {
            bench.now = bench.now.saturating_add(pass >> part.min(63));
            let cost = (burst / part).max(1);
            if bench.take(cost) == Answer::Admitted {
                prop_assert_eq!(log.earliest(&rate, bench.now, cost), bench.now);
                log.0.push((bench.now, cost));
            } else if bench.scale.charge(cost).is_some() {
                // All of the span that it would have to be late by is rounding.
                let full = u128::from(burst) * u128::from(per) / u128::from(permits);
                let allowed = u64::try_from(full / 1_000_000).unwrap_or(u64::MAX).saturating_add(3 << 31);
                let late = bench.now.saturating_sub(allowed);
                prop_assert!(log.earliest(&rate, late, cost) > late);
            }
        }
    }
}
