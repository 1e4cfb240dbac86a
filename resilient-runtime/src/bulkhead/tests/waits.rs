//! Those for whom there is no place yet.

use tokio::time::{Instant, sleep};

use super::*;
use crate::context;
use crate::keyed::Keyed;
use crate::timeout::Timeout;

#[tokio::test]
async fn those_who_wait_begin_in_order_as_places_come_free() {
    let bulkhead = Bulkhead::with(ALL_WAIT);
    let order = std::sync::Mutex::new(Vec::new());
    let calls = (0..5).map(|number| {
        let order = &order;
        bulkhead.call(async move {
            order.lock().unwrap().push(number);
            tokio::task::yield_now().await;
            Ok::<_, io::Error>(number)
        })
    });
    let answers = futures::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
    assert_eq!((bulkhead.in_use(), bulkhead.waiting()), (0, 0));
}

#[test]
fn a_queued_call_that_is_dropped_never_begins_and_makes_room() {
    let bulkhead = Bulkhead::with(ALL_WAIT.max_queue(1));
    let place = bulkhead.try_acquire().unwrap();
    let mut queued = Box::pin(bulkhead.call(async {
        panic!("it must not begin");
        #[allow(unreachable_code)]
        Ok::<u32, io::Error>(1)
    }));
    assert!(poll(&mut queued).is_pending());
    assert_eq!((bulkhead.in_use(), bulkhead.waiting()), (1, 1));
    let refused = bulkhead.call(answers()).now_or_never();
    assert_eq!(kind(&refused.unwrap()), Some(PolicyErrorKind::BulkheadFull));
    // It has its place already, and has not noticed.
    drop(place);
    assert_eq!((bulkhead.in_use(), bulkhead.waiting()), (1, 0));
    drop(queued);
    assert_eq!(bulkhead.in_use(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_in_a_refusal_when_max_wait_is_over() {
    let limit = Duration::from_millis(300);
    let bulkhead = Bulkhead::with(ALL_WAIT.max_wait(limit));
    let _place = bulkhead.try_acquire().unwrap();
    let began = Instant::now();
    let answer: Answer = bulkhead.call(answers()).await;
    assert_eq!(kind(&answer), Some(PolicyErrorKind::BulkheadFull));
    assert_eq!(began.elapsed(), limit);
    assert_eq!(bulkhead.waiting(), 0);
    assert!(bulkhead.acquire().await.is_err());
    assert_eq!(began.elapsed(), limit * 2);
}

#[tokio::test(start_paused = true)]
async fn a_place_in_time_ends_the_wait() {
    let bulkhead = Bulkhead::with(ALL_WAIT.max_wait(Duration::from_millis(300)));
    let place = bulkhead.try_acquire().unwrap();
    let waits = async { bulkhead.acquire().await.is_ok() };
    let frees = async {
        sleep(Duration::from_millis(299)).await;
        drop(place);
    };
    assert!(tokio::join!(waits, frees).0);
}

#[test]
fn a_max_wait_of_nothing_is_no_wait() {
    let bulkhead = Bulkhead::with(ALL_WAIT.max_wait(Duration::ZERO));
    let _place = bulkhead.try_acquire().unwrap();
    let refused = bulkhead.call(answers()).now_or_never();
    assert_eq!(kind(&refused.unwrap()), Some(PolicyErrorKind::BulkheadFull));
}

#[tokio::test(start_paused = true)]
async fn a_wait_without_a_limit_lasts() {
    let bulkhead = Bulkhead::with(ALL_WAIT.max_wait(Duration::MAX));
    let _place = bulkhead.try_acquire().unwrap();
    let acquired = tokio::time::timeout(Duration::from_secs(1 << 30), bulkhead.acquire());
    assert!(acquired.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_wait_as_a_timeout() {
    let bulkhead = Bulkhead::with(ALL_WAIT);
    let _place = bulkhead.try_acquire().unwrap();
    let after = Duration::from_secs(1);
    let call = Timeout::new(after).call(bulkhead.call(answers()));
    assert_eq!(kind(&call.await), Some(PolicyErrorKind::TimedOut { after }));
    assert_eq!(bulkhead.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn nobody_queues_behind_a_deadline_that_has_passed() {
    let bulkhead = Bulkhead::with(ALL_WAIT);
    let _place = bulkhead.try_acquire().unwrap();
    let _scope = context::enter_deadline(Some(context::Deadline {
        at: Instant::now().into(),
        after: 1_000_000_000,
    }));
    let refused = bulkhead.call(answers()).now_or_never();
    assert_eq!(kind(&refused.unwrap()), Some(PolicyErrorKind::BulkheadFull));
}

#[test]
fn waiting_in_the_queue_is_ours_and_running_is_not() {
    let bulkhead = Bulkhead::with(ALL_WAIT);
    let place = bulkhead.try_acquire().unwrap();
    let mut call = Box::pin(bulkhead.call(pending::<io::Result<u32>>()));
    for waited in [true, true] {
        let before = context::waits();
        assert!(poll(&mut call).is_pending());
        assert_eq!(context::waits() != before, waited);
    }
    drop(place);
    let before = context::waits();
    assert!(poll(&mut call).is_pending());
    assert_eq!(context::waits(), before);
}

#[tokio::test]
async fn more_places_are_given_to_those_who_wait() {
    let bulkhead = Bulkhead::with(ALL_WAIT);
    let _place = bulkhead.try_acquire().unwrap();
    let waits = async { bulkhead.acquire().await.is_ok() };
    let raised = async { bulkhead.set("max_concurrent", 2_u32.into()) };
    assert_eq!(tokio::join!(waits, raised), (true, Ok(())));
    bulkhead.set("max_concurrent", 1_u32.into()).unwrap();
    let waits = async { bulkhead.acquire().await.map(drop) };
    let _second = async { bulkhead.unset("max_concurrent") };
    assert_eq!(tokio::join!(waits, async { drop(_place) }).0, Ok(()));
}

#[tokio::test]
async fn each_key_has_places_of_its_own_and_a_call_may_cost_several() {
    let hosts = Keyed::new(Bulkhead::new(3));
    let one = hosts.get("one").cost(2);
    let place = one.try_acquire().unwrap();
    assert_eq!(one.in_use(), 2);
    assert!(one.try_acquire().is_err());
    assert!(hosts.get("one").try_acquire().is_ok());
    let two = hosts.get("two").cost(3);
    let answer: Answer = two.call(answers()).await;
    assert!(answer.is_ok());
    let dear = hosts.get("two").cost(4);
    let refused: Answer = dear.call(answers()).await;
    assert_eq!(kind(&refused), Some(PolicyErrorKind::BulkheadFull));
    drop(place);
    assert_eq!(hosts.get("one").in_use(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_may_bring_its_own_max_wait() {
    let hosts = Keyed::new(Bulkhead::with(ALL_WAIT));
    let host = hosts.get("one").max_wait(Duration::from_millis(40));
    let _place = host.acquire().await.unwrap();
    let began = Instant::now();
    assert!(host.acquire().await.is_err());
    assert_eq!(began.elapsed(), Duration::from_millis(40));
    assert_eq!(host.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_call_may_cost_more_and_wait_less_than_others() {
    let bulkhead = Bulkhead::with(BulkheadSettings::new().max_concurrent(3).max_queue(1));
    let _place = bulkhead.try_acquire().unwrap();
    let mut two = Box::pin(bulkhead.call(pending::<Result<u32, io::Error>>()).cost(2));
    assert!(two.as_mut().now_or_never().is_none());
    assert_eq!(bulkhead.in_use(), 3);
    let began = tokio::time::Instant::now();
    let wait = Duration::from_millis(20);
    let call = bulkhead.call(async { Ok::<_, io::Error>(1) });
    let refused = call.max_wait(wait).await;
    assert_eq!(kind(&refused), Some(PolicyErrorKind::BulkheadFull));
    assert_eq!(began.elapsed(), wait);
}
