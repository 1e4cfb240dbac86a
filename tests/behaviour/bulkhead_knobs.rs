//! `#[bulkhead]` among other layers, and the knobs that are about one call.

mod common;

use std::time::Duration;

use common::{Calls, Error, layer, ms, read};
use futures::FutureExt as _;
use futures::future::join_all;
use resilient_runtime::{
    Bulkhead, BulkheadSettings, LayerKind, PolicyErrorKind, bulkhead, retry, timeout,
};
use tokio::time::{advance, sleep};

fn is_full(outcome: &Result<usize, Error>) -> bool {
    let kind = outcome.as_ref().err().and_then(Error::kind);
    kind == Some(PolicyErrorKind::BulkheadFull)
}

async fn work(calls: &Calls, takes: u64) -> Result<usize, Error> {
    let call = calls.note();
    sleep(ms(takes)).await;
    Ok(call)
}

#[tokio::test(start_paused = true)]
async fn so_many_run_at_a_time() {
    #[bulkhead(max_concurrent = 2)]
    async fn ask(calls: &Calls, takes: u64) -> Result<usize, Error> {
        work(calls, takes).await
    }

    let calls = Calls::new();
    let outcomes = join_all([10, 20, 30].map(|takes| ask(&calls, takes))).await;
    assert_eq!(outcomes[..2], [Ok(1), Ok(2)]);
    assert!(is_full(&outcomes[2]));
    assert_eq!(calls.count(), 2, "a refused call does not begin");
    assert_eq!(ask(&calls, 1).await, Ok(3), "the places are free again");
}

#[tokio::test(start_paused = true)]
async fn a_waiting_call_that_is_dropped_never_begins() {
    #[bulkhead(max_concurrent = 1, max_queue = 1)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        work(calls, 100).await
    }

    let calls = Calls::new();
    let mut first = Box::pin(ask(&calls));
    assert_eq!((&mut first).now_or_never(), None);
    let mut waiting = Box::pin(ask(&calls));
    assert_eq!((&mut waiting).now_or_never(), None);
    assert!(is_full(&ask(&calls).await));
    drop(waiting);
    let next = ask(&calls);
    let (first, next) = tokio::join!(first, next);
    assert_eq!((first, next), (Ok(1), Ok(2)));
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_turn_would_come_when_its_deadline_has_passed_never_begins() {
    static ONE: Bulkhead = Bulkhead::with(BulkheadSettings::new().max_concurrent(1).max_queue(9));

    #[bulkhead(state = ONE, max_wait = wait)]
    async fn ask(calls: &Calls, takes: u64, wait: Duration) -> Result<usize, Error> {
        work(calls, takes).await
    }
    #[timeout(ms = 50)]
    async fn hurried(calls: &Calls, wait: Duration) -> Result<usize, Error> {
        ask(calls, 1, wait).await
    }

    for (taken_for, begins) in [(48, true), (50, false), (90, false)] {
        for wait in [ms(60), Duration::MAX] {
            let calls = Calls::new();
            // In this order: the place is free before the one who waits for it is asked.
            let (first, hurried) =
                futures::join!(ask(&calls, taken_for, wait), hurried(&calls, wait));
            assert_eq!(first, Ok(1));
            assert_eq!(hurried.is_ok(), begins, "{taken_for}");
            assert!(begins || hurried.unwrap_err().is_timed_out());
            assert_eq!((calls.count(), ONE.waiting()), (1 + usize::from(begins), 0));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_deadline_has_passed_does_not_queue() {
    #[bulkhead(max_concurrent = 1, max_queue = 9)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        work(calls, 100).await
    }
    #[timeout(ms = 50)]
    async fn late(calls: &Calls) -> Result<usize, Error> {
        // All of its time passes in one poll.
        advance(ms(50)).now_or_never();
        ask(calls).await
    }

    let calls = Calls::new();
    let mut first = Box::pin(ask(&calls));
    assert_eq!((&mut first).now_or_never(), None);
    assert!(is_full(&late(&calls).now_or_never().unwrap()));
    assert_eq!(calls.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_or_timed_out_call_gives_its_place_back() {
    #[timeout(ms = 50)]
    #[bulkhead(max_concurrent = 1)]
    async fn ask(calls: &Calls, takes: u64) -> Result<usize, Error> {
        work(calls, takes).await
    }

    let calls = Calls::new();
    let mut held = Box::pin(ask(&calls, 40));
    assert_eq!((&mut held).now_or_never(), None);
    assert!(is_full(&ask(&calls, 1).await));
    drop(held);
    assert!(ask(&calls, 100).await.unwrap_err().is_timed_out());
    assert_eq!(ask(&calls, 1).await, Ok(3));
}

#[tokio::test(start_paused = true)]
async fn a_call_may_take_several_places() {
    #[bulkhead(max_concurrent = 4, cost = places)]
    async fn ask(calls: &Calls, places: u32) -> Result<usize, Error> {
        work(calls, 10).await
    }

    let calls = Calls::new();
    let outcomes = join_all([3, 2, 1].map(|places| ask(&calls, places))).await;
    assert_eq!((&outcomes[0], &outcomes[2]), (&Ok(1), &Ok(2)));
    assert!(is_full(&outcomes[1]));
    assert!(is_full(&ask(&calls, 5).await), "there are never as many");
}

#[tokio::test(start_paused = true)]
async fn a_place_is_free_during_the_pause_of_a_retry_outside() {
    #[retry(count = 2, delay_ms = 100, jitter = "none")]
    #[bulkhead(max_concurrent = 1)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        match work(calls, 10).await? {
            1 => Err(Error::Transient),
            call => Ok(call),
        }
    }

    let calls = Calls::new();
    let second = async {
        sleep(ms(50)).await;
        ask(&calls).await
    };
    let (first, second) = tokio::join!(ask(&calls), second);
    assert_eq!((first, second), (Ok(3), Ok(2)));
    assert_eq!(calls.at(), [0, 50, 110]);
}

#[tokio::test(start_paused = true)]
async fn a_state_may_be_shared_and_waited_for() {
    static DUMPS: Bulkhead = Bulkhead::with(BulkheadSettings::new().max_concurrent(1).max_queue(9));

    #[bulkhead(state = DUMPS)]
    async fn dump(calls: &Calls) -> Result<usize, Error> {
        work(calls, 100).await
    }
    #[bulkhead(state = places, max_wait = ms(calls.count() as u64 * 50))]
    async fn impatient(calls: &Calls, places: &Bulkhead) -> Result<usize, Error> {
        work(calls, 1).await
    }

    let calls = Calls::new();
    let other = async { impatient(&calls, &DUMPS).await };
    let (dumped, refused) = tokio::join!(dump(&calls), other);
    assert_eq!(dumped, Ok(1));
    assert!(is_full(&refused));
    assert_eq!(impatient(&calls, &DUMPS).await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn a_policy_gives_what_no_knob_says() {
    const FEW: BulkheadSettings = BulkheadSettings::new().max_concurrent(2).max_queue(3);

    #[bulkhead(policy = FEW, max_queue = 7, max_wait = "1s", name = "few")]
    async fn few() -> Result<usize, Error> {
        Ok(0)
    }

    assert_eq!(few().await, Ok(0));
    assert_eq!(
        read(layer("few", LayerKind::Bulkhead)),
        "max_concurrent 2, max_queue 7, max_wait 1s"
    );
}
