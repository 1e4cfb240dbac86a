//! Every order of every choice of up to three layers (and of retry, timeout, breaker and
//! fallback all four; a hedge beside those without places), through everything that can happen
//! to a call, in every state of what keeps one: after each the books balance.
//!
//! What is expected comes from a model of the layers that knows only what the documentation
//! says, and counts in ticks of 10 ms.

#[path = "laws/model.rs"]
mod model;

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use model::expected;
use resilient_runtime::{
    AdaptiveConcurrency, Aimd, BreakerState, Bulkhead, CallOutcome, CircuitBreaker, Failure,
    Hedger, LayerKind, PolicyError, PolicyErrorKind, RateLimiter, RetryBudget, RetryBudgetSettings,
    Timeout, adaptive_concurrency, bulkhead, circuit_breaker, deadline, fallback, fault, faults,
    hedge, rate_limit, registry, retry, testing, timeout,
};

const TICK: Duration = Duration::from_millis(10);
/// Ticks that the body takes.
const WORK: u32 = 3;
/// Ticks of the timeout in the stacks.
const LIMIT: u32 = 10;
/// Ticks of the timeout around a stack.
const OUTER_LIMIT: u32 = 5;
const ATTEMPTS: u32 = 2;
/// Ticks after which a call is hedged.
const HEDGE_AFTER: u32 = 2;
const PROBES: u32 = 2;
/// Results on which a breaker decides.
const MIN_CALLS: u32 = 4;
/// Permits of the rate limits, of which none comes back while a cell lasts.
const PERMITS: u32 = 3;
/// Retries that a budget holds, and what a success earns; nothing comes in with time.
const RETRIES: u32 = 2;
const EARNED: f64 = 0.5;
const BUDGET: RetryBudgetSettings = RetryBudgetSettings::new()
    .capacity(RETRIES)
    .ratio(EARNED)
    .per_second(0.0);
/// Hedges that a call finds saved up; each call earns one.
const HEDGES: u32 = 5;
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
    /// The first body never ends, and another succeeds.
    Straggler,
    /// The caller drops the call after that many polls.
    DroppedAtPoll(u32),
    /// A timeout of ours around the stack drops it.
    TimedOut,
    /// Somebody else's timeout does.
    TimedOutByAStranger,
}

const EVENTS: [Event; 15] = [
    Event::Ok,
    Event::Error,
    Event::Panic,
    Event::Hang,
    Event::Straggler,
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
        let before = self.begun.fetch_add(1, Ordering::Relaxed);
        let _running = Running(&self.ended);
        for _ in 0..WORK {
            tokio::time::sleep(TICK).await;
        }
        match self.event {
            Event::Straggler if before == 0 => std::future::pending().await,
            Event::Ok | Event::Straggler => Ok(VALUE),
            Event::Panic => panic!("as the cell asks"),
            Event::Hang => std::future::pending().await,
            _ => Err(Down::Own),
        }
    }
}

/// How it stands with what keeps a state, before the call.
#[derive(Clone, Copy, Debug)]
struct Before {
    breaker: BreakerState,
    budget_spent: bool,
    rate_spent: bool,
    place_taken: bool,
    limit_reached: bool,
    faults: bool,
}

impl Before {
    /// Each that makes a difference to the layers in `order`.
    fn all(order: &str) -> Vec<Self> {
        let both = |layer| {
            if order.contains(layer) {
                &[false, true][..]
            } else {
                &[false][..]
            }
        };
        let breaker = if order.contains('b') {
            &STATES[..]
        } else {
            &STATES[..1]
        };
        let mut all = Vec::new();
        for &breaker in breaker {
            for &budget_spent in both('r') {
                for &rate_spent in both('l') {
                    for &place_taken in both('p') {
                        for &limit_reached in both('a') {
                            all.extend(both('x').iter().map(|&faults| Self {
                                breaker,
                                budget_spent,
                                rate_spent,
                                place_taken,
                                limit_reached,
                                faults,
                            }));
                        }
                    }
                }
            }
        }
        all
    }

    /// Whoever waits is not polled until something happens, so there is no second poll to drop it at.
    fn suits(self, event: Event) -> bool {
        !self.place_taken || !matches!(event, Event::DroppedAtPoll(2..))
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
    RateLimited,
    ConcurrencyLimited,
}

/// What can be seen behind a call.
#[derive(Debug, PartialEq)]
struct Books {
    ending: Ending,
    bodies: u32,
    breaker: Option<BreakerBooks>,
    /// Retries and hedges that are left in their budgets.
    retries: Option<f64>,
    hedges: Option<u32>,
    /// Permits that are left.
    permits: Option<u32>,
    /// Places in use, and calls that wait.
    places: Option<(u32, u32)>,
    /// Calls in flight under the adaptive limit.
    in_flight: Option<u32>,
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

async fn observed(order: &str, stack: Stack, event: Event, before: Before) -> Books {
    let body = Body {
        event,
        begun: AtomicU32::new(0),
        ended: AtomicU32::new(0),
    };
    let (breaker, budget, hedger, rate, places, limit) = (
        state::<CircuitBreaker>(order, LayerKind::CircuitBreaker),
        state::<RetryBudget>(order, LayerKind::Retry),
        state::<Hedger>(order, LayerKind::Hedge),
        state::<RateLimiter>(order, LayerKind::RateLimit),
        state::<Bulkhead>(order, LayerKind::Bulkhead),
        state::<AdaptiveConcurrency<Aimd>>(order, LayerKind::AdaptiveConcurrency),
    );
    if let Some(breaker) = breaker {
        bring_to(breaker, before.breaker).await;
    }
    if let (Some(budget), true) = (budget, before.budget_spent) {
        while budget.try_withdraw() {}
    }
    if let (Some(rate), true) = (rate, before.rate_spent) {
        rate.try_acquire_many(PERMITS).expect("all of them");
    }
    let _place = places
        .filter(|_| before.place_taken)
        .map(|places| places.try_acquire().expect("the only one"));
    let _in_flight = limit
        .filter(|_| before.limit_reached)
        .map(|limit| limit.try_acquire().expect("the only one"));
    if before.faults {
        faults::allow_in_release();
        faults::enable();
    } else {
        faults::disable();
    }

    let ending = drive(stack(&body), event).await;

    assert_eq!(deadline(), None, "a deadline was left behind");
    let (begun, ended) = (body.begun.into_inner(), body.ended.into_inner());
    assert_eq!(begun, ended, "a body is still running");
    Books {
        ending,
        bodies: begun,
        breaker: breaker.map(breaker_books),
        retries: budget.map(RetryBudget::tokens),
        hedges: hedger.map(|hedger| {
            let taken = (0..=HEDGES).take_while(|_| hedger.try_hedge());
            taken.count() as u32
        }),
        permits: rate.map(RateLimiter::available),
        places: places.map(|places| (places.in_use(), places.waiting())),
        in_flight: limit.map(AdaptiveConcurrency::in_flight),
    }
}

/// What the layer of that kind keeps, if there is one in the stack.
fn state<S: 'static>(order: &str, kind: LayerKind) -> Option<&'static S> {
    let site = registry()
        .site(&format!("laws::stack_{order}"))
        .expect("a site for each stack");
    site.layer(kind)?.state::<S>()
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
            Down::Policy(PolicyErrorKind::RateLimited { .. }) => Kind::RateLimited,
            Down::Policy(PolicyErrorKind::ConcurrencyLimited) => Kind::ConcurrencyLimited,
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
    for (order, stack) in STACKS {
        for event in EVENTS {
            for before in Before::all(order) {
                if !before.suits(event) {
                    continue;
                }
                let seen = testing::isolated(observed(order, stack, event, before)).await;
                assert_eq!(
                    seen,
                    expected(order, event, before),
                    "{order}, {event:?}, {before:?}"
                );
                cells += 1;
            }
        }
    }
    println!("{cells} cells, {} stacks", STACKS.len());
    // Of eight layers: 8 alone, 56 pairs, 336 threes; and the 24 orders of the first four.
    // With a hedge: it alone, 14 pairs, and 90 threes.
    assert_eq!(STACKS.len(), 8 + 56 + 336 + 24 + 1 + 14 + 90);
    assert_eq!(cells, 39_156, "of stacks, events and states before them");
}
