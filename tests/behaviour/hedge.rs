//! `#[hedge]`: when another attempt begins, and whose answer counts.

mod common;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::{Calls, Error, layer, ms};
use resilient_runtime::{
    Event, EventKind, Hedge, HedgeAfter, LayerKind, Value, Withheld, hedge, resilient, retry,
    testing, timeout,
};
use tokio::time::sleep;

type Outcome = Result<u32, Error>;

/// Answers each attempt after its time, and counts those that run.
struct Service {
    answers: Vec<(u64, Outcome)>,
    calls: Calls,
    running: AtomicU32,
}

impl Service {
    fn new(answers: impl IntoIterator<Item = (u64, Outcome)>) -> Self {
        Self {
            answers: answers.into_iter().collect(),
            calls: Calls::new(),
            running: AtomicU32::new(0),
        }
    }

    /// All of whose attempts take that long.
    fn taking(millis: u64) -> Self {
        Self::new([(millis, Ok(1))])
    }

    async fn ask(&self) -> Outcome {
        struct Running<'a>(&'a AtomicU32);
        impl Drop for Running<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }

        self.running.fetch_add(1, Ordering::Relaxed);
        let _running = Running(&self.running);
        let number = self.calls.note();
        let (millis, outcome) = &self.answers[(number - 1).min(self.answers.len() - 1)];
        sleep(ms(*millis)).await;
        outcome.clone()
    }

    fn running(&self) -> u32 {
        self.running.load(Ordering::Relaxed)
    }
}

#[hedge("20ms")]
async fn ask(service: &Service) -> Outcome {
    service.ask().await
}

/// What comes back and after how many milliseconds, and when the attempts began.
async fn asked(answers: impl IntoIterator<Item = (u64, Outcome)>) -> (Outcome, u64, Vec<u64>) {
    let service = Service::new(answers);
    let outcome = testing::isolated(ask(&service)).await;
    assert_eq!(service.running(), 0, "what lost was dropped");
    (outcome, service.calls.elapsed(), service.calls.at())
}

fn kinds(events: &[Event]) -> Vec<EventKind> {
    events.iter().map(|event| event.kind().clone()).collect()
}

const fn started(hedge: u32, after: Duration) -> EventKind {
    EventKind::HedgeStarted { hedge, after }
}

#[tokio::test(start_paused = true)]
async fn the_first_success_wins_and_the_others_are_dropped_at_once() {
    assert_eq!(
        asked([(100, Ok(1)), (5, Ok(2))]).await,
        (Ok(2), 25, vec![0, 20])
    );
    assert_eq!(
        asked([(30, Ok(1)), (50, Ok(2))]).await,
        (Ok(1), 30, vec![0, 20])
    );
    assert_eq!(asked([(19, Ok(1)), (1, Ok(2))]).await, (Ok(1), 19, vec![0]));
}

#[tokio::test(start_paused = true)]
async fn an_error_is_returned_once_no_attempt_runs_any_more() {
    let (transient, overload) = (Err(Error::Transient), Err(Error::Overload(None)));
    assert_eq!(
        asked([(30, transient.clone()), (30, Ok(2))]).await,
        (Ok(2), 50, vec![0, 20])
    );
    assert_eq!(
        asked([(90, Ok(1)), (5, transient.clone())]).await,
        (Ok(1), 90, vec![0, 20])
    );
    assert_eq!(
        asked([(30, transient.clone()), (30, overload.clone())]).await,
        (overload, 50, vec![0, 20]),
        "the last to come"
    );
    assert_eq!(
        asked([(5, transient.clone())]).await,
        (transient, 5, vec![0]),
        "before there is a hedge"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_drops_its_attempts() {
    let service = Service::taking(1000);
    let call = tokio::time::timeout(ms(50), testing::isolated(ask(&service)));
    assert!(call.await.is_err());
    assert_eq!((service.calls.at(), service.running()), (vec![0, 20], 0));
}

#[tokio::test(start_paused = true)]
async fn hedges_and_whether_they_won_are_events() {
    let service = Service::new([(100, Ok(1)), (5, Ok(2))]);
    let (outcome, events) = testing::isolated(testing::events(ask(&service))).await;
    assert_eq!(outcome, Ok(2));
    let won = EventKind::HedgeWon { hedge: 1 };
    assert_eq!(kinds(&events), [started(1, ms(20)), won]);
    assert!(events.iter().all(|event| event.site() == "hedge::ask"));
}

/// So many quick calls, and then how long after its beginning a slow one is hedged.
async fn hedged_after<F: Future<Output = Outcome>>(
    quick: u32,
    call: impl Fn(&'static Service) -> F,
) -> Option<u64> {
    let (fast, slow): (&Service, &Service) = (
        Box::leak(Box::new(Service::taking(10))),
        Box::leak(Box::new(Service::taking(1000))),
    );
    for _ in 0..quick {
        assert_eq!(call(fast).await, Ok(1));
    }
    let _ = call(slow).await;
    slow.calls.pauses().first().copied()
}

#[tokio::test(start_paused = true)]
async fn by_default_a_hedge_begins_at_the_95th_percentile_of_a_hundred_calls() {
    #[hedge]
    async fn ask(service: &Service) -> Outcome {
        service.ask().await
    }

    assert_eq!(testing::isolated(hedged_after(99, ask)).await, None);
    let after = testing::isolated(hedged_after(100, ask)).await;
    assert!(matches!(after, Some(10..=12)), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn min_samples_says_of_how_many() {
    #[hedge(min_samples = 5)]
    async fn ask(service: &Service) -> Outcome {
        service.ask().await
    }

    assert_eq!(testing::isolated(hedged_after(4, ask)).await, None);
    assert!(testing::isolated(hedged_after(5, ask)).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_percentile_is_that_of_the_latencies_measured() {
    #[hedge("p50", min_samples = 20)]
    async fn half(service: &Service) -> Outcome {
        service.ask().await
    }
    #[hedge(after = "p99.9", min_samples = 20, budget = 1.0)]
    async fn nearly_all(service: &Service) -> Outcome {
        service.ask().await
    }

    let one_in_ten =
        || Service::new((0..100).map(|call| (if call % 10 == 0 { 80 } else { 10 }, Ok(1))));
    let mut begun = Vec::new();
    let quick = one_in_ten();
    for _ in 0..100 {
        let _ = nearly_all(&quick).await;
    }
    let slow = Service::taking(1000);
    let _ = nearly_all(&slow).await;
    begun.extend(slow.calls.pauses());

    let quick = Service::new([(10, Ok(1))]);
    for _ in 0..100 {
        let _ = half(&quick).await;
    }
    let slow = Service::taking(1000);
    let _ = half(&slow).await;
    begun.extend(slow.calls.pauses());
    assert!(matches!(begun[..], [80..=86, 10..=12]), "{begun:?}");
}

#[tokio::test(start_paused = true)]
async fn max_counts_the_hedges_each_as_long_after_the_one_before() {
    #[hedge("20ms", max = 3)]
    async fn ask(service: &Service) -> Outcome {
        service.ask().await
    }

    let service = Service::taking(1000);
    let _ = ask(&service).await;
    assert_eq!(service.calls.at(), [0, 20, 40, 60]);
    assert_eq!(service.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_budget_is_the_share_of_calls_that_are_hedged() {
    #[hedge("5ms")]
    async fn a_tenth(service: &Service) -> Outcome {
        service.ask().await
    }
    #[hedge("5ms", budget = 0.5)]
    async fn half(service: &Service) -> Outcome {
        service.ask().await
    }

    let service = Service::taking(10);
    let (_, events) = testing::events(async {
        for _ in 0..200 {
            let _ = a_tenth(&service).await;
        }
    })
    .await;
    let hedges = service.calls.count() - 200;
    assert!(
        (23..=25).contains(&hedges),
        "five saved up and a tenth: {hedges}"
    );
    let withheld = EventKind::HedgeWithheld(Withheld::Budget);
    let withheld = events
        .iter()
        .filter(|event| *event.kind() == withheld)
        .count();
    assert_eq!(hedges + withheld, 200);

    let service = Service::taking(10);
    for _ in 0..200 {
        let _ = half(&service).await;
    }
    let hedges = service.calls.count() - 200;
    assert!(
        (103..=105).contains(&hedges),
        "five saved up and a half: {hedges}"
    );
}

const CALM: Hedge = Hedge::new().after(HedgeAfter::Fixed(ms(50))).max(2);

#[tokio::test(start_paused = true)]
async fn a_policy_says_what_no_knob_says() {
    #[hedge(policy = CALM)]
    async fn alone(service: &Service) -> Outcome {
        service.ask().await
    }
    #[hedge(after_ms = 10, policy = CALM)]
    async fn overridden(service: &Service) -> Outcome {
        service.ask().await
    }

    let service = Service::taking(1000);
    let _ = alone(&service).await;
    assert_eq!(service.calls.at(), [0, 50, 100]);
    let service = Service::taking(1000);
    let _ = overridden(&service).await;
    assert_eq!(service.calls.at(), [0, 10, 20]);
}

#[tokio::test(start_paused = true)]
async fn knobs_may_be_worked_out_for_each_call() {
    struct Client {
        patience: Duration,
        share: f64,
    }

    impl Client {
        #[hedge(after = self.patience, max = hedges + 1, budget = self.share)]
        async fn ask(&self, service: &Service, hedges: u32) -> Outcome {
            service.ask().await
        }
    }

    #[hedge(after_ms = millis)]
    async fn in_milliseconds(service: &Service, millis: u64) -> Outcome {
        service.ask().await
    }
    #[hedge(HedgeAfter::Fixed(patience))]
    async fn of_its_type(service: &Service, patience: Duration) -> Outcome {
        service.ask().await
    }

    for (patience, hedges, share, begun) in [
        (7, 0, 1.0, vec![0, 7]),
        (9, 1, 1.0, vec![0, 9, 18]),
        (9, 1, 0.0, vec![0]),
    ] {
        let service = Service::taking(100);
        let client = Client {
            patience: ms(patience),
            share,
        };
        let _ = client.ask(&service, hedges).await;
        assert_eq!(service.calls.at(), begun);
    }
    for millis in [5, 6] {
        let service = Service::taking(100);
        let _ = in_milliseconds(&service, millis).await;
        assert_eq!(service.calls.at(), [0, millis]);
        let service = Service::taking(100);
        let _ = of_its_type(&service, ms(millis)).await;
        assert_eq!(service.calls.at(), [0, millis]);
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_set_and_switched_off_while_it_runs() {
    testing::isolated(async {
        let begun = || async {
            let service = Service::taking(100);
            let _ = ask(&service).await;
            service.calls.at()
        };
        let layer = layer("hedge::ask", LayerKind::Hedge);
        assert_eq!(begun().await, [0, 20]);
        layer.set("after", Value::from(ms(30))).unwrap();
        layer.set("max", Value::from(2)).unwrap();
        assert_eq!(begun().await, [0, 30, 60]);
        layer.unset("max").unwrap();
        layer.unset("after").unwrap();
        layer.set_enabled(false);
        assert_eq!(begun().await, [0]);
        layer.set_enabled(true);
        assert_eq!(begun().await, [0, 20]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn under_a_retry_each_attempt_is_hedged_and_around_it_the_whole() {
    #[retry(count = 2, delay_ms = 10, jitter = "none")]
    #[hedge("20ms")]
    async fn inside(service: &Service) -> Outcome {
        service.ask().await
    }
    #[hedge("20ms")]
    #[retry(count = 2, delay_ms = 10, jitter = "none")]
    async fn around(service: &Service) -> Outcome {
        service.ask().await
    }

    let failing = || Service::new([(30, Err(Error::Transient))]);
    let service = failing();
    assert_eq!(inside(&service).await, Err(Error::Transient));
    assert_eq!(service.calls.at(), [0, 20, 60, 80]);
    let service = failing();
    assert_eq!(around(&service).await, Err(Error::Transient));
    assert_eq!(service.calls.at(), [0, 20, 40, 60]);
}

#[tokio::test(start_paused = true)]
async fn no_hedge_begins_past_the_deadline() {
    #[timeout(after = limit)]
    #[hedge("20ms")]
    async fn ask(service: &Service, limit: Duration) -> Outcome {
        service.ask().await
    }

    for (limit, begun) in [(20, vec![0]), (21, vec![0, 20])] {
        let service = Service::taking(1000);
        let error = ask(&service, ms(limit)).await.unwrap_err();
        assert!(error.is_timed_out());
        assert_eq!(service.calls.at(), begun, "{limit} ms");
        assert_eq!(service.running(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn each_method_of_an_impl_has_a_hedge_of_its_own() {
    struct Client(Service);

    #[resilient(hedge(min_samples = 5))]
    impl Client {
        async fn get(&self) -> Outcome {
            self.0.ask().await
        }

        async fn put(&self) -> Outcome {
            self.0.ask().await
        }
    }

    let client = Client(Service::taking(10));
    for _ in 0..5 {
        let _ = client.get().await;
    }
    let slow = Client(Service::taking(1000));
    let _ = slow.put().await;
    assert_eq!(slow.0.calls.count(), 1, "nothing is known of this one");
    let slow = Client(Service::taking(1000));
    let _ = slow.get().await;
    assert_eq!(slow.0.calls.count(), 2);
}
