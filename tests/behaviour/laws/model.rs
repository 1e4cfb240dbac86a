//! What the documentation says of a call, in ticks.

use super::{
    ATTEMPTS, Before, Books, BreakerBooks, BreakerState, EARNED, Ending, Event, FALLEN_BACK,
    HEDGE_AFTER, HEDGES, Kind, LIMIT, MIN_CALLS, OUTER_LIMIT, PERMITS, PROBES, RETRIES, VALUE,
    WORK,
};

/// When a call is cut off, and by whom.
#[derive(Clone, Copy)]
struct Cut {
    at: u32,
    /// The length of the limit, if it is one of ours.
    limit: Option<u32>,
}

/// How far a call came, and when.
enum Model {
    Ended(Result<u32, Kind>, u32),
    Panicked(u32),
    /// Cut off; `waiting` if it was only waiting in a layer of ours.
    Cut {
        waiting: bool,
    },
}

#[derive(Clone)]
struct World {
    event: Event,
    before: Before,
    bodies: u32,
    retries: f64,
    hedges: u32,
    permits: u32,
    breaker: Option<ModelBreaker>,
}

#[derive(Clone)]
struct ModelBreaker {
    state: BreakerState,
    results: u32,
    failures: u32,
    successes: u32,
}

pub(super) fn expected(order: &str, event: Event, before: Before) -> Books {
    let breaker = order.contains('b').then_some(ModelBreaker {
        state: before.breaker,
        results: 0,
        failures: 0,
        successes: 0,
    });
    let mut world = World {
        event,
        before,
        bodies: 0,
        retries: if before.budget_spent {
            0.0
        } else {
            f64::from(RETRIES)
        },
        hedges: HEDGES,
        permits: if before.rate_spent { 0 } else { PERMITS },
        breaker,
    };
    let cut = match event {
        Event::DroppedAtPoll(0) => None,
        Event::DroppedAtPoll(polls) => Some(Cut {
            at: polls - 1,
            limit: None,
        }),
        Event::TimedOut => Some(Cut {
            at: OUTER_LIMIT,
            limit: Some(OUTER_LIMIT),
        }),
        Event::TimedOutByAStranger => Some(Cut {
            at: OUTER_LIMIT,
            limit: None,
        }),
        _ => Some(Cut {
            at: 360_000,
            limit: None,
        }),
    };
    let ending = match cut {
        None => Ending::Dropped,
        Some(cut) => match world.call(order, 0, cut) {
            Model::Ended(outcome, _) => Ending::Returned(outcome),
            Model::Panicked(_) => Ending::Panicked,
            Model::Cut { .. } => Ending::Dropped,
        },
    };
    let breaker = world.breaker.map(|breaker| BreakerBooks {
        state: breaker.state,
        window: (breaker.state == BreakerState::Closed)
            .then_some((breaker.results, breaker.failures)),
        places: (breaker.state == BreakerState::HalfOpen).then(|| PROBES - breaker.successes),
    });
    Books {
        ending,
        bodies: world.bodies,
        breaker,
        retries: order.contains('r').then_some(world.retries),
        hedges: order.contains('h').then_some(world.hedges),
        permits: order.contains('l').then_some(world.permits),
        // What was held before is held still, and nobody waits any more.
        places: order
            .contains('p')
            .then_some((u32::from(before.place_taken), 0)),
        in_flight: order
            .contains('a')
            .then_some(u32::from(before.limit_reached)),
    }
}

impl World {
    /// A call of the layers in `order` that begins at `now`.
    fn call(&mut self, order: &str, now: u32, cut: Cut) -> Model {
        let mut layers = order.chars();
        let layer = layers.next();
        let inner = layers.as_str();
        match layer {
            None => self.body(now, cut),
            Some('f') => match self.call(inner, now, cut) {
                Model::Ended(Err(_), at) => Model::Ended(Ok(FALLEN_BACK), at),
                other => other,
            },
            Some('t') => {
                let limit = Cut {
                    at: now + LIMIT,
                    limit: Some(LIMIT),
                };
                if limit.at > cut.at {
                    return self.call(inner, now, cut);
                }
                match self.call(inner, now, limit) {
                    Model::Cut { .. } => Model::Ended(Err(Kind::TimedOut), limit.at),
                    other => other,
                }
            }
            Some('r') => self.retry(inner, now, cut),
            Some('h') => self.hedge(inner, now, cut),
            Some('l') if self.permits == 0 => Model::Ended(Err(Kind::RateLimited), now),
            Some('l') => {
                self.permits -= 1;
                self.call(inner, now, cut)
            }
            Some('p') if self.before.place_taken => Model::Cut { waiting: true },
            Some('a') if self.before.limit_reached => {
                Model::Ended(Err(Kind::ConcurrencyLimited), now)
            }
            Some('x') if self.before.faults => Model::Ended(Err(Kind::Own), now),
            Some('p' | 'a' | 'x') => self.call(inner, now, cut),
            Some(_) => self.guarded(inner, now, cut),
        }
    }

    fn body(&mut self, now: u32, cut: Cut) -> Model {
        self.bodies += 1;
        let end = now + WORK;
        let hangs = match self.event {
            Event::Hang => true,
            Event::Straggler => self.bodies == 1,
            _ => false,
        };
        if end > cut.at || hangs {
            return Model::Cut { waiting: false };
        }
        match self.event {
            Event::Ok | Event::Straggler => Model::Ended(Ok(VALUE), end),
            Event::Panic => Model::Panicked(end),
            _ => Model::Ended(Err(Kind::Own), end),
        }
    }

    fn retry(&mut self, inner: &str, mut now: u32, cut: Cut) -> Model {
        let mut attempt = 1;
        loop {
            let (kind, at) = match self.call(inner, now, cut) {
                Model::Ended(Err(kind), at) => (kind, at),
                Model::Ended(Ok(value), at) => {
                    self.retries = (self.retries + EARNED).min(f64::from(RETRIES));
                    return Model::Ended(Ok(value), at);
                }
                other => return other,
            };
            // A rate limit says to come back later than a retry would wait.
            let again =
                attempt < ATTEMPTS && !matches!(kind, Kind::CircuitOpen | Kind::RateLimited);
            // No pause is begun that a deadline of ours would cut off.
            let in_time = cut.limit.is_none() || at + 1 < cut.at;
            if !again || !in_time || self.retries < 1.0 {
                return Model::Ended(Err(kind), at);
            }
            // A retry that has not begun is not paid for.
            if at + 1 > cut.at {
                return Model::Cut { waiting: true };
            }
            self.retries -= 1.0;
            attempt += 1;
            now = at + 1;
        }
    }

    /// Another attempt some ticks after the first, unless that has ended or a breaker holds calls back. One after the
    /// other in the model: neither knows of the other until one of them wins.
    fn hedge(&mut self, inner: &str, now: u32, cut: Cut) -> Model {
        self.hedges = (self.hedges + 1).min(HEDGES);
        let begins = now + HEDGE_AFTER;
        let holds = |breaker: &ModelBreaker| breaker.state != BreakerState::Closed;
        let first = self.clone().call(inner, now, cut);
        let ended = first.at().is_some_and(|at| at < begins);
        if ended || begins > cut.at || self.breaker.as_ref().is_some_and(holds) {
            return self.call(inner, now, cut);
        }
        self.hedges -= 1;
        let mut world = self.clone();
        world.bodies += 1;
        let hedge = world.call(inner, begins, cut);
        let ends = [&first, &hedge]
            .into_iter()
            .filter_map(Model::decides)
            .min();
        // Whoever loses is dropped, and not by a limit.
        let until = |own: &Model| match ends {
            Some(at) if own.decides() != ends => Cut { at, limit: None },
            _ => cut,
        };
        let (first_cut, hedge_cut) = (until(&first), until(&hedge));
        let (first, hedge) = (
            self.call(inner, now, first_cut),
            self.call(inner, begins, hedge_cut),
        );
        match (first, hedge) {
            (first, _) if ends.is_some() && first.decides() == ends => first,
            (_, hedge) if ends.is_some() => hedge,
            (Model::Cut { waiting: one }, Model::Cut { waiting: other }) => Model::Cut {
                waiting: one && other,
            },
            (Model::Cut { waiting }, _) | (_, Model::Cut { waiting }) => Model::Cut { waiting },
            // The last to come.
            (first, hedge) if first.at() > hedge.at() => first,
            (_, hedge) => hedge,
        }
    }

    fn guarded(&mut self, inner: &str, now: u32, cut: Cut) -> Model {
        let admitted = self.breaker.as_ref().is_some_and(|breaker| {
            breaker.state == BreakerState::Closed
                || (breaker.state == BreakerState::HalfOpen && breaker.successes < PROBES)
        });
        if !admitted {
            return Model::Ended(Err(Kind::CircuitOpen), now);
        }
        let ending = self.call(inner, now, cut);
        let counts_as = match &ending {
            Model::Ended(Ok(_), _) => Some(true),
            Model::Ended(Err(Kind::RateLimited | Kind::ConcurrencyLimited), _) => None,
            Model::Ended(Err(_), _) | Model::Panicked(_) => Some(false),
            Model::Cut { waiting: true } => None,
            Model::Cut { waiting: false } => {
                let ran = cut.at - now;
                cut.limit.filter(|limit| 2 * ran >= *limit).map(|_| false)
            }
        };
        if let (Some(breaker), Some(success)) = (&mut self.breaker, counts_as) {
            breaker.record(success);
        }
        ending
    }
}

impl Model {
    fn at(&self) -> Option<u32> {
        match self {
            Self::Ended(_, at) | Self::Panicked(at) => Some(*at),
            Self::Cut { .. } => None,
        }
    }

    /// When it decides a hedged call, if it does.
    fn decides(&self) -> Option<u32> {
        match self {
            Self::Ended(Ok(_), at) | Self::Panicked(at) => Some(*at),
            Self::Ended(Err(_), _) | Self::Cut { .. } => None,
        }
    }
}

impl ModelBreaker {
    fn record(&mut self, success: bool) {
        match (self.state, success) {
            (BreakerState::Closed, _) => {
                self.results += 1;
                self.failures += u32::from(!success);
                if self.results >= MIN_CALLS && 2 * self.failures >= self.results {
                    self.state = BreakerState::Open;
                }
            }
            (BreakerState::HalfOpen, true) => {
                self.successes += 1;
                if self.successes == PROBES {
                    self.state = BreakerState::Closed;
                    (self.results, self.failures) = (0, 0);
                }
            }
            (BreakerState::HalfOpen, false) => self.state = BreakerState::Open,
            (BreakerState::Open, _) => panic!("an open breaker admitted a call"),
        }
    }
}
