//! Every order of every choice of layers, through everything that can happen to a
//! call, in every state of the breaker: after each the books balance.
//!
//! What is expected comes from a model of the four layers that knows only what the
//! documentation says, and counts in ticks of 10 ms.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use resilient_runtime::{
    BreakerState, CallOutcome, CircuitBreaker, Failure, LayerKind, PolicyError, PolicyErrorKind,
    Timeout, circuit_breaker, deadline, fallback, registry, retry, testing, timeout,
};

const TICK: Duration = Duration::from_millis(10);
/// Ticks that the body takes.
const WORK: u32 = 3;
/// Ticks of the timeout in the stacks.
const LIMIT: u32 = 10;
/// Ticks of the timeout around a stack.
const OUTER_LIMIT: u32 = 5;
const ATTEMPTS: u32 = 2;
const PROBES: u32 = 2;
const VALUE: u32 = 7;
const FALLEN_BACK: u32 = 99;

type Stack = for<'a> fn(&'a Body) -> Pin<Box<dyn Future<Output = Result<u32, Down>> + Send + 'a>>;

include!(concat!(env!("OUT_DIR"), "/stacks.rs"));

#[derive(Debug, PartialEq)]
enum Down {
    Own,
    Policy(PolicyErrorKind),
}

impl From<PolicyError> for Down {
    fn from(error: PolicyError) -> Self {
        Self::Policy(error.kind())
    }
}

/// What happens to the call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Ok,
    Error,
    Panic,
    /// The body never ends; the caller gives up after an hour.
    Hang,
    /// The caller drops the call after that many polls.
    DroppedAtPoll(u32),
    /// A timeout of ours around the stack drops it.
    TimedOut,
    /// Somebody else's timeout does.
    TimedOutByAStranger,
}

const EVENTS: [Event; 14] = [
    Event::Ok,
    Event::Error,
    Event::Panic,
    Event::Hang,
    Event::TimedOut,
    Event::TimedOutByAStranger,
    Event::DroppedAtPoll(0),
    Event::DroppedAtPoll(1),
    Event::DroppedAtPoll(2),
    Event::DroppedAtPoll(3),
    Event::DroppedAtPoll(4),
    Event::DroppedAtPoll(5),
    Event::DroppedAtPoll(6),
    Event::DroppedAtPoll(7),
];

const STATES: [BreakerState; 3] = [
    BreakerState::Closed,
    BreakerState::Open,
    BreakerState::HalfOpen,
];

struct Body {
    event: Event,
    begun: AtomicU32,
    ended: AtomicU32,
}

impl Body {
    async fn run(&self) -> Result<u32, Down> {
        struct Running<'a>(&'a AtomicU32);
        impl Drop for Running<'_> {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.begun.fetch_add(1, Ordering::Relaxed);
        let _running = Running(&self.ended);
        for _ in 0..WORK {
            tokio::time::sleep(TICK).await;
        }
        match self.event {
            Event::Ok => Ok(VALUE),
            Event::Panic => panic!("as the cell asks"),
            Event::Hang => std::future::pending().await,
            _ => Err(Down::Own),
        }
    }
}

/// What became of the call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    Returned(Result<u32, Kind>),
    Panicked,
    Dropped,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Own,
    TimedOut,
    CircuitOpen,
}

/// What can be seen behind a call.
#[derive(Debug, PartialEq)]
struct Books {
    ending: Ending,
    bodies: u32,
    breaker: Option<BreakerBooks>,
}

#[derive(Debug, PartialEq)]
struct BreakerBooks {
    state: BreakerState,
    /// Results and failures in the window, while closed.
    window: Option<(u32, u32)>,
    /// Probes that are admitted now, while half-open.
    places: Option<u32>,
}

// ----- the call itself

async fn observed(order: &str, stack: Stack, event: Event, state: BreakerState) -> Books {
    let body = Body {
        event,
        begun: AtomicU32::new(0),
        ended: AtomicU32::new(0),
    };
    let site = registry()
        .site(&format!("laws::stack_{order}"))
        .expect("a site for each stack");
    let breaker = site
        .layer(LayerKind::CircuitBreaker)
        .and_then(|layer| layer.breaker());
    if let Some(breaker) = breaker {
        bring_to(breaker, state).await;
    }

    let ending = drive(stack(&body), event).await;

    assert_eq!(deadline(), None, "a deadline was left behind");
    let (begun, ended) = (body.begun.into_inner(), body.ended.into_inner());
    assert_eq!(begun, ended, "a body is still running");
    Books {
        ending,
        bodies: begun,
        breaker: breaker.map(breaker_books),
    }
}

async fn bring_to(breaker: &CircuitBreaker, state: BreakerState) {
    if state == BreakerState::Closed {
        return;
    }
    for _ in 0..4 {
        breaker
            .try_acquire()
            .expect("closed")
            .record(CallOutcome::Failure);
    }
    assert_eq!(breaker.state(), BreakerState::Open);
    if state == BreakerState::HalfOpen {
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(breaker.try_acquire().expect("its time is up"));
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
    }
}

async fn drive(call: impl Future<Output = Result<u32, Down>>, event: Event) -> Ending {
    let call = AssertUnwindSafe(call);
    let outcome = match event {
        Event::DroppedAtPoll(polls) => {
            DropAtPoll {
                call: Some(Box::pin(call.catch_unwind())),
                polls,
            }
            .await
        }
        Event::TimedOut => {
            let judged = resilient_runtime::judged_by(call, |_| unreachable_class());
            match Timeout::new(TICK * OUTER_LIMIT).call(judged).await {
                Ok(value) => Some(Ok(Ok(value))),
                Err(Failure::Error(judged)) => Some(Ok(Err(judged.into_error()))),
                Err(Failure::Policy(_)) => None,
            }
        }
        Event::TimedOutByAStranger => tokio::time::timeout(TICK * OUTER_LIMIT, call.catch_unwind())
            .await
            .ok(),
        _ => tokio::time::timeout(Duration::from_secs(3600), call.catch_unwind())
            .await
            .ok(),
    };
    match outcome {
        None => Ending::Dropped,
        Some(Err(_)) => Ending::Panicked,
        Some(Ok(outcome)) => Ending::Returned(outcome.map_err(|error| match error {
            Down::Own => Kind::Own,
            Down::Policy(PolicyErrorKind::TimedOut { .. }) => Kind::TimedOut,
            Down::Policy(PolicyErrorKind::CircuitOpen { .. }) => Kind::CircuitOpen,
            Down::Policy(other) => panic!("no layer here says {other:?}"),
        })),
    }
}

/// The limit around the stack hands the error on; nothing asks for its class.
fn unreachable_class() -> resilient_runtime::ErrorClass {
    resilient_runtime::ErrorClass::Transient
}

struct DropAtPoll<F> {
    call: Option<Pin<Box<F>>>,
    polls: u32,
}

impl<F: Future> Future for DropAtPoll<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls > 0 {
            self.polls -= 1;
            let call = self.call.as_mut().expect("polled on after it ended");
            if let Poll::Ready(outcome) = call.as_mut().poll(cx) {
                return Poll::Ready(Some(outcome));
            }
        }
        if self.polls == 0 {
            self.call = None;
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}

fn breaker_books(breaker: &CircuitBreaker) -> BreakerBooks {
    let snapshot = breaker.snapshot();
    let places = (snapshot.state == BreakerState::HalfOpen).then(|| {
        let permits: Vec<_> = std::iter::from_fn(|| breaker.try_acquire().ok()).collect();
        permits.len() as u32
    });
    BreakerBooks {
        state: snapshot.state,
        window: (snapshot.state == BreakerState::Closed)
            .then_some((snapshot.calls, snapshot.failures)),
        places,
    }
}

// ----- the model of it

/// When a call is cut off, and by whom.
#[derive(Clone, Copy)]
struct Cut {
    at: u32,
    /// The length of the limit, if it is one of ours.
    limit: Option<u32>,
}

/// How far a call came.
enum Model {
    Ended(Result<u32, Kind>, u32),
    Panicked,
    /// Cut off; `waiting` if it was only waiting in a layer of ours.
    Cut {
        waiting: bool,
    },
}

struct World {
    event: Event,
    bodies: u32,
    breaker: Option<ModelBreaker>,
}

struct ModelBreaker {
    state: BreakerState,
    results: u32,
    failures: u32,
    successes: u32,
}

fn expected(order: &str, event: Event, state: BreakerState) -> Books {
    let breaker = order.contains('b').then_some(ModelBreaker {
        state,
        results: 0,
        failures: 0,
        successes: 0,
    });
    let mut world = World {
        event,
        bodies: 0,
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
            Model::Panicked => Ending::Panicked,
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
            Some(_) => self.guarded(inner, now, cut),
        }
    }

    fn body(&mut self, now: u32, cut: Cut) -> Model {
        self.bodies += 1;
        let end = now + WORK;
        if end > cut.at || self.event == Event::Hang {
            return Model::Cut { waiting: false };
        }
        match self.event {
            Event::Ok => Model::Ended(Ok(VALUE), end),
            Event::Panic => Model::Panicked,
            _ => Model::Ended(Err(Kind::Own), end),
        }
    }

    fn retry(&mut self, inner: &str, mut now: u32, cut: Cut) -> Model {
        let mut attempt = 1;
        loop {
            let (kind, at) = match self.call(inner, now, cut) {
                Model::Ended(Err(kind), at) => (kind, at),
                other => return other,
            };
            let again = attempt < ATTEMPTS && kind != Kind::CircuitOpen;
            // No pause is begun that a deadline of ours would cut off.
            let in_time = cut.limit.is_none() || at + 1 < cut.at;
            if !again || !in_time {
                return Model::Ended(Err(kind), at);
            }
            if at + 1 > cut.at {
                return Model::Cut { waiting: true };
            }
            attempt += 1;
            now = at + 1;
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
            Model::Ended(Err(_), _) | Model::Panicked => Some(false),
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

impl ModelBreaker {
    fn record(&mut self, success: bool) {
        match (self.state, success) {
            (BreakerState::Closed, _) => {
                self.results += 1;
                self.failures += u32::from(!success);
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

// ----- both, side by side

#[tokio::test(start_paused = true)]
async fn the_books_balance_after_every_call() {
    std::panic::set_hook(Box::new(|panic| {
        let expected = panic.payload().downcast_ref::<&str>() == Some(&"as the cell asks");
        if !expected {
            eprintln!("{panic}");
        }
    }));

    let mut cells = 0;
    let mut empty = Vec::new();
    for (order, stack) in STACKS {
        for event in EVENTS {
            let states = if order.contains('b') {
                &STATES[..]
            } else {
                &STATES[..1]
            };
            let before = cells;
            for &state in states {
                let seen = testing::isolated(observed(order, stack, event, state)).await;
                assert_eq!(
                    seen,
                    expected(order, event, state),
                    "{order}, {event:?}, {state:?}"
                );
                cells += 1;
            }
            if cells - before != states.len() {
                empty.push((order, event));
            }
        }
    }
    println!("{cells} cells, {} stacks", STACKS.len());
    assert!(empty.is_empty(), "no call was made for {empty:?}");
    // 64 orders, 49 of them with a breaker, in 14 events.
    assert_eq!(cells, (15 + 49 * 3) * EVENTS.len());
}
