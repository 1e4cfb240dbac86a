//! Places that are taken along.

use std::sync::Mutex;

use super::*;
use crate::carry::{Carry, carry};
use crate::keyed::Keyed;
use crate::spawn::spawn_blocking;
use crate::timeout::Timeout;

/// A layer of an annotated function.
macro_rules! layer {
    () => {{
        static SITE: Site = Site::new(|| "carried", "", 0, &[]);
        static LAYER: BulkheadLayer = BulkheadLayer::new(&SITE, BulkheadSettings::new());
        &LAYER
    }};
}

fn in_use(layer: &'static BulkheadLayer) -> u32 {
    use crate::site::Layer;
    let layer: &'static dyn Layer = layer;
    layer.state::<Bulkhead>().unwrap().in_use()
}

async fn takes_along() -> io::Result<Carry> {
    tokio::task::yield_now().await;
    let carry = Carry::new();
    tokio::task::yield_now().await;
    Ok(carry)
}

#[tokio::test]
async fn a_function_hands_on_the_place_of_its_own_state() {
    let layer = layer!();
    let carry = layer.guard(takes_along()).await.unwrap();
    assert_eq!(in_use(layer), 1);
    drop(carry);
    assert_eq!(in_use(layer), 0);
}

#[tokio::test]
async fn a_function_that_takes_nothing_along_gives_its_place_back() {
    let layer = layer!();
    let body = async {
        drop(takes_along().await);
        Ok::<_, io::Error>(1)
    };
    assert!(layer.guard(body).await.is_ok());
    assert_eq!(in_use(layer), 0);
}

#[tokio::test]
async fn nested_functions_hand_on_the_places_of_both() {
    let (outer, inner) = (layer!(), layer!());
    let carry = outer.guard(inner.guard(takes_along())).await.unwrap();
    assert_eq!((in_use(outer), in_use(inner)), (1, 1));
    let both = outer.guard(async { Ok::<_, io::Error>((carry, takes_along().await?)) });
    let (first, second) = both.await.unwrap();
    assert_eq!((in_use(outer), in_use(inner)), (2, 1));
    drop(first);
    assert_eq!((in_use(outer), in_use(inner)), (1, 0));
    drop(second);
    assert_eq!((in_use(outer), in_use(inner)), (0, 0));
}

#[tokio::test]
async fn an_outer_function_that_consumes_it_gives_both_back() {
    let (outer, inner) = (layer!(), layer!());
    let body = async {
        drop(inner.guard(takes_along()).await);
        assert_eq!((in_use(outer), in_use(inner)), (1, 0));
        Ok::<_, io::Error>(1)
    };
    assert!(outer.guard(body).await.is_ok());
    assert_eq!(in_use(outer), 0);
}

#[tokio::test]
async fn the_place_of_a_key_is_taken_along_with_its_cost() {
    static SITE: Site = Site::new(|| "keyed", "", 0, &[]);
    static LAYER: BulkheadLayer = BulkheadLayer::keyed(&SITE, BulkheadSettings::new(), 10);
    use crate::site::Layer;
    let keys: &'static dyn Layer = &LAYER;
    let keys: &Keyed<Bulkhead> = keys.state().unwrap();
    let asked = LAYER.of_key(crate::__key!("one")).cost(3);
    let carry = asked.guard(takes_along()).await.unwrap();
    drop(asked);
    assert_eq!(keys.get("one").in_use(), 3);
    drop(carry);
    assert_eq!(keys.get("one").in_use(), 0);
}

#[tokio::test]
async fn a_place_of_a_state_that_may_go_is_given_back_with_the_call() {
    let bulkhead = Bulkhead::new(1);
    let _carry = bulkhead.call(takes_along()).await.unwrap();
    assert_eq!(bulkhead.in_use(), 0);
    static SITE: Site = Site::new(|| "shared", "", 0, &[]);
    static LAYER: BulkheadLayer = BulkheadLayer::shared(&SITE);
    let asked = LAYER.over(&bulkhead);
    let _carry = asked.guard(takes_along()).await.unwrap();
    assert_eq!(bulkhead.in_use(), 0);
}

#[tokio::test(start_paused = true)]
async fn blocking_work_keeps_the_place_of_a_call_that_was_timed_out() {
    let layer = layer!();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = Mutex::new(held);
    let body = async {
        spawn_blocking(move || held.lock().unwrap().recv().is_err())
            .await
            .unwrap();
        Ok::<_, io::Error>(1)
    };
    let limit = Timeout::new(Duration::from_secs(1));
    let mut call = Box::pin(limit.call(layer.guard(body)));
    assert!(poll(&mut call).is_pending());
    drop(call);
    assert_eq!(in_use(layer), 1);
    drop(release);
    while in_use(layer) > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_a_body_that_panics_gave_away_keeps_the_place() {
    let layer = layer!();
    let given = Arc::new(Mutex::new(None));
    let to = Arc::clone(&given);
    let body = async move {
        *to.lock().unwrap() = Some(carry(()));
        std::panic::resume_unwind(Box::new(()));
        #[allow(unreachable_code)]
        Ok::<u32, io::Error>(1)
    };
    let unwound = AssertUnwindSafe(layer.guard(body)).catch_unwind().await;
    assert!(unwound.is_err());
    assert_eq!(in_use(layer), 1);
    drop(given.lock().unwrap().take());
    assert_eq!(in_use(layer), 0);
}

#[tokio::test]
async fn a_stream_of_a_refused_call_is_never_made() {
    let layer = layer!();
    let places: Vec<_> =
        futures::future::join_all((0..10).map(|_| layer.guard(takes_along()))).await;
    assert!(layer.guard(takes_along()).await.is_err());
    drop(places);
    assert_eq!(in_use(layer), 0);
}

#[tokio::test]
async fn a_carried_place_that_comes_free_goes_to_who_waits_for_it() {
    static SITE: Site = Site::new(|| "waited for", "", 0, &[]);
    const TWO: BulkheadSettings = ALL_WAIT.max_concurrent(2);
    static LAYER: BulkheadLayer = BulkheadLayer::new(&SITE, TWO);
    let carried = futures::future::join(LAYER.guard(takes_along()), LAYER.guard(takes_along()));
    let (first, second) = carried.await;
    let mut waits = Box::pin(LAYER.guard(answers()));
    assert!(poll(&mut waits).is_pending());
    drop(first);
    assert_eq!(in_use(&LAYER), 2);
    assert!(waits.await.is_ok());
    assert_eq!(in_use(&LAYER), 1);
    drop(second);
}

#[tokio::test]
async fn a_place_taken_by_hand_goes_with_a_stream() {
    use futures::StreamExt;
    let bulkhead = Arc::new(Bulkhead::new(1));
    let place = Arc::clone(&bulkhead).acquire_owned().await.unwrap();
    let mut stream = place.carry(futures::stream::iter([1]));
    assert_eq!(stream.next().await, Some(1));
    assert_eq!(bulkhead.in_use(), 1);
    assert_eq!(stream.next().await, None);
    assert_eq!(bulkhead.in_use(), 0);
}
